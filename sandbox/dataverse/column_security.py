"""Column security: secured columns, and the profiles whose members may read, create and update them.

Documented for reads: a value that the caller may not read counts as null everywhere: in the row, and in filters, sorts
and aggregates as well. So whoever reads rows asks `readable` for them instead of the store. Under impersonation both
users need the permission. Writing without it is a 403. Masking and sharing of single values are not simulated.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, ValuesView
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .columns import Column, Kind, TableSchema
from .errors import DataverseError
from .people import ADMIN_ROLE, Caller
from .tables import Row, Table

if TYPE_CHECKING:
    from .organisation import Organisation

READING: ContextVar[Caller | None] = ContextVar("reading", default=None)
"""Whose request is being answered. Rows are read in many places, which need not all know of callers."""
VERBS = {"canread": "read", "cancreate": "create", "canupdate": "update"}
ALLOWED = 4
MOST_REMEMBERED = 10_000
MEMBERS, TEAM_MEMBERS, PERMISSIONS = "systemuserprofiles", "teamprofiles", "fieldpermission"
VERSIONS = (MEMBERS, TEAM_MEMBERS, PERMISSIONS, "teammembership", "systemuserroles")
UNSECURABLE_KINDS = frozenset({Kind.OWNER, Kind.STATE, Kind.STATUS, Kind.GUID, Kind.ENTITY_NAME, Kind.PARTIES})
PLATFORM_COLUMNS = frozenset(
    {
        "importsequencenumber",
        "overriddencreatedon",
        "timezoneruleversionnumber",
        "utcconversiontimezonecode",
        "transactioncurrencyid",
    }
)
CODES = {"cancreate": "0x8004f502", "canupdate": "0x8004f507", "canread": "0x8004f504"}
"""AttributePrivilegeCreateIsMissing, AttributePermissionUpdateIsMissingDuringUpdate and ...ReadIsMissing: 403 all."""


def securable(table: TableSchema, column: Column) -> bool:
    """Whether column security may lock it: what people fill in, save names, keys, states, owners and notes."""
    named = column.primary_name or column.logical_name in (table.primary_id, table.primary_name)
    written = column.custom or ((column.creatable or column.updatable) and column.required != "SystemRequired")
    return (
        written
        and not named
        and not table.fixed
        and not table.private
        and column.attribute_of is None
        and column.kind not in UNSECURABLE_KINDS
        and column.logical_name not in PLATFORM_COLUMNS
    )


def secured_for_read(column: Column) -> bool:
    """Older documentation: a two-option column is never secured for reading, nor is a choice with a default."""
    return column.kind is not Kind.BOOLEAN and not (column.kind is Kind.PICKLIST and column.default is not None)


def denied(org: Organisation, table: TableSchema, caller: Caller, verb: str) -> frozenset[str]:
    """The secured columns of a table on which the caller may not do what `verb` (`canread`) says."""
    if not table.secured_columns:
        return frozenset()
    found = _denied_to(org, table, caller.user_id, verb)
    return found | _denied_to(org, table, caller.real_id, verb) if caller.on_behalf else found


def _denied_to(org: Organisation, table: TableSchema, user_id: str, verb: str) -> frozenset[str]:
    secured = table.secured_columns
    key = (table.logical_name, secured, user_id, verb, *(org.store(name).version for name in VERSIONS))
    if key not in org.denials:
        if len(org.denials) > MOST_REMEMBERED:
            org.denials.clear()
        org.denials[key] = secured - _allowed(org, table, user_id, verb)
    return org.denials[key]


def _allowed(org: Organisation, table: TableSchema, user_id: str, verb: str) -> frozenset[str]:
    if org.people.role_named(ADMIN_ROLE) in org.people.roles_of(user_id):
        return table.secured_columns
    profiles = {row["fieldsecurityprofileid"] for row in org.store(MEMBERS).having("systemuserid", user_id)}
    for team in org.store("teammembership").having("systemuserid", user_id):
        found = org.store(TEAM_MEMBERS).having("teamid", team["teamid"])
        profiles |= {row["fieldsecurityprofileid"] for row in found}
    return frozenset(
        str(permission.get("attributelogicalname"))
        for profile in profiles
        for permission in org.store(PERMISSIONS).having("fieldsecurityprofileid", profile)
        if permission.get("entityname") == table.logical_name and permission.get(verb) == ALLOWED
    )


def hidden(org: Organisation, table: TableSchema) -> frozenset[str]:
    """The columns that whoever is being answered may not read."""
    caller = READING.get()
    if not table.secured_columns or caller is None:
        return frozenset()
    found = denied(org, table, caller, "canread")
    if org.behaviour.secured_booleans_hidden:
        return found
    return frozenset(name for name in found if secured_for_read(table.columns[name]))


def readable(org: Organisation, name: str) -> Table:
    """The rows of a table as the caller may read them."""
    store, table = org.store(name), org.catalogue.table(name)
    out_of_sight = hidden(org, table) if table is not None else frozenset()
    return VeiledTable(store, table, out_of_sight) if table is not None and out_of_sight else store


def check_write(org: Organisation, table: TableSchema, caller: Caller, written: Iterable[str], verb: str) -> None:
    """Raises the 403 when a secured column is written by somebody who may not."""
    if not table.secured_columns:
        return
    wrong = denied(org, table, caller, verb) & set(written)
    if wrong:
        raise _refusal(wrong, verb)


def check_read(org: Organisation, table: TableSchema, column: str) -> None:
    """Raises the 403 when the bytes of a secured file are asked for by somebody who may not read them."""
    if column in hidden(org, table):
        raise _refusal({column}, "canread")


def _refusal(columns: set[str] | frozenset[str], verb: str) -> DataverseError:
    text = f"The user does not have {VERBS[verb]} permissions to a secured field ({', '.join(sorted(columns))})."
    return DataverseError(403, CODES[verb], text + " The requested operation could not be completed.")


class VeiledTable(Table):
    """A table in which some columns are null. Made for one request; it shares everything with the table behind it."""

    def __init__(self, table: Table, schema: TableSchema, out_of_sight: frozenset[str]) -> None:
        self.__dict__.update(table.__dict__)
        self._hidden = out_of_sight | _companions(schema, out_of_sight)
        self.rows = _VeiledRows(table.rows, self._hidden)

    def having(self, column: str, value: Any) -> list[Row]:
        return [] if column in self._hidden else super().having(column, value)


def _companions(table: TableSchema, columns: frozenset[str]) -> frozenset[str]:
    """What would tell the value by another name: a lookup's table, a base amount, the name of a file."""
    found = {f"{name}@type" for name in columns}
    found |= {f"{name}_base" for name in columns if table.columns[name].kind is Kind.MONEY}
    found |= {f"{name}_name" for name in columns if table.columns[name].kind is Kind.FILE}
    return frozenset(found)


class _VeiledRows(dict[str, Row]):
    def __init__(self, rows: dict[str, Row], out_of_sight: frozenset[str]) -> None:
        super().__init__()
        self._rows, self._hidden = rows, out_of_sight

    def _veiled(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self._hidden}

    def __getitem__(self, row_id: str) -> Row:
        return self._veiled(self._rows[row_id])

    def get(self, row_id: str, default: Any = None) -> Any:
        row = self._rows.get(row_id)
        return default if row is None else self._veiled(row)

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def items(self) -> ItemsView[str, Row]:  # type: ignore[override]
        return ItemsView(self)

    def values(self) -> ValuesView[Row]:  # type: ignore[override]
        return ValuesView(self)
