"""A JSON body into column changes: per table and operation one compiled table of functions.

Column by column checks are `values`; here are names: what may be set, which navigation property binds which table, and
which unknown name is refused with which words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import errors
from .columns import LOOKUP_KINDS, Column, Kind, Relationship, TableSchema
from .metadata import PRINCIPALS, Catalogue
from .values import converter, guid, literal_error

CREATE, UPDATE = "create", "update"
REFERENCE = re.compile(r"(?:https?://[^?]*/|.*/)?([A-Za-z_][A-Za-z0-9_]*)\(([0-9a-fA-F-]{36})\)\Z")


class Resolver(Protocol):
    """Finds the row that a reference means; raises when there is none."""

    def referenced(self, reference: str) -> tuple[str, str]:
        """(table, row id) of an entity reference by alternate key."""

    def row_exists(self, table: str, row_id: str) -> bool: ...


@dataclass(slots=True)
class Written:
    """What a body asks for: column values (None clears), and nested rows by navigation property."""

    changes: dict[str, Any]
    nested: list[tuple[str, Any]] = field(default_factory=list)
    row_id: str | None = None
    state: int | None = None
    status: int | None = None


Set = Callable[[Written, Any], None]


def _ignore(written: Written, value: Any) -> None:
    """Columns not valid for the operation are ignored without an error."""


class Writer:
    """Reads bodies for one table and one operation."""

    def __init__(self, catalogue: Catalogue, resolver: Resolver, table: TableSchema, operation: str) -> None:
        self._catalogue = catalogue
        self._resolver = resolver
        self._table = table
        self._setters: dict[str, Set] = {}
        self._texts: dict[str, int] = {}
        self._setters["@odata.type"] = _ignore
        for column in table.columns.values():
            self._add_column(column, operation)
        for link in catalogue.links.by_navigation[table.logical_name].values():
            self._add_navigation(link, operation)
        for name in catalogue.links.by_collection[table.logical_name]:
            self._setters[name] = _nest(name)

    def read(self, body: dict[str, Any]) -> Written:
        changes: dict[str, Any] = {}
        written = Written(changes)
        setters, texts = self._setters, self._texts
        for name, value in body.items():
            # Most of a load is short ASCII text: it is checked right here, without a call.
            if value.__class__ is str and 0 < len(value) <= texts.get(name, 0) and value.isascii():
                changes[name] = value
                continue
            setter = setters.get(name)
            if setter is not None:
                setter(written, value)
            elif "@" not in name:
                raise self._unknown(name)
            elif not name.startswith("@") and name.endswith("@odata.bind"):
                raise self._undeclared(name[: -len("@odata.bind")])
        return written

    def _add_column(self, column: Column, operation: str) -> None:
        table, name = self._table.logical_name, column.logical_name
        allowed = column.creatable if operation == CREATE else column.updatable
        if name == self._table.primary_id:
            self._setters[name] = self._identify
        elif column.kind is Kind.STATE:
            convert = converter(table, column)
            self._setters[name] = _ignore if operation == CREATE else _set_state(convert)
        elif column.kind is Kind.STATUS:
            # An unknown status reason is refused as an invalid pair, not as an option out of range.
            self._setters[name] = _set_status
        elif column.kind in LOOKUP_KINDS:
            self._setters[column.property_name] = _lookup_value(self._table.set_name)
        elif column.kind in (Kind.FILE, Kind.PARTIES) or not allowed:
            self._setters[name] = _ignore
        else:
            self._setters[name] = _set_value(name, converter(table, column))
            if column.kind in (Kind.STRING, Kind.MEMO) and column.max_length:
                self._texts[name] = column.max_length

    def _add_navigation(self, link: Relationship, operation: str) -> None:
        column = self._table.columns[link.column]
        allowed = column.creatable if operation == CREATE else column.updatable
        self._setters[f"{link.navigation}@odata.bind"] = self._bind(link, column) if allowed else _ignore
        self._setters[link.navigation] = _nest(link.navigation) if allowed else _ignore

    def _identify(self, written: Written, value: Any) -> None:
        found = guid(value)
        if found is None:
            raise errors.bad_payload(
                self._table.set_name, f"Cannot convert the literal '{value}' to the expected type 'Edm.Guid'."
            )
        written.row_id = found

    def _bind(self, link: Relationship, column: Column) -> Set:
        name, typed = column.logical_name, f"{column.logical_name}@type"
        targets = PRINCIPALS if link.referenced == "owner" else (link.referenced,)
        sets = {self._catalogue.tables[t].set_name: t for t in targets if t in self._catalogue.tables}
        exists, polymorphic = self._resolver.row_exists, column.polymorphic

        def bind(written: Written, value: Any) -> None:
            if value is None:
                written.changes[name] = None
                if polymorphic:
                    written.changes[typed] = None
                return
            found = REFERENCE.match(value) if value.__class__ is str else None
            if found is None:
                target, row_id = self._resolver.referenced(value)
            else:
                target, row_id = sets.get(found[1]) or found[1], found[2].lower()
            if target not in targets:
                raise self._wrong_target(link.navigation, value)
            if not exists(target, row_id):
                raise errors.missing_target(target, row_id)
            written.changes[name] = row_id
            if polymorphic:
                written.changes[typed] = target

        return bind

    def _wrong_target(self, navigation: str, value: Any) -> errors.DataverseError:
        reason = (
            "Microsoft.OData.ODataException: The reference given for the navigation property "
            f"'{navigation}' does not match its type: '{str(value)[:120]}'."
        )
        return errors.bad_payload(self._table.set_name, reason)

    def _unknown(self, name: str) -> errors.DataverseError:
        table = self._table.logical_name
        reason = (
            f"Microsoft.Crm.CrmException: Invalid property '{name}' was found in entity"
            f" 'Microsoft.Dynamics.CRM.{table}'. ---> Microsoft.OData.ODataException: The property '{name}' does not"
            f" exist on type 'Microsoft.Dynamics.CRM.{table}'. Make sure to only use property names that are defined"
            " by the type."
        )
        return errors.bad_payload(self._table.set_name, reason)

    def _undeclared(self, name: str) -> errors.DataverseError:
        reason = (
            f"Microsoft.OData.ODataException: An undeclared property '{name}' which only has property annotations in"
            " the payload but no property value was found in the payload. In OData, only declared navigation"
            " properties and declared named streams can be represented as properties without values."
        )
        return errors.bad_payload(self._table.set_name, reason)


def _set_value(name: str, convert: Callable[[Any], Any]) -> Set:
    def set_value(written: Written, value: Any) -> None:
        written.changes[name] = None if value is None else convert(value)

    return set_value


def _set_state(convert: Callable[[Any], Any]) -> Set:
    def set_state(written: Written, value: Any) -> None:
        written.state = None if value is None else convert(value)

    return set_state


def _set_status(written: Written, value: Any) -> None:
    if value is not None and value.__class__ is not int:
        raise literal_error("", "Edm.Int32", value)
    written.status = value


def _lookup_value(set_name: str) -> Set:
    def refuse(written: Written, value: Any) -> None:
        raise errors.bad_payload(
            set_name,
            "Microsoft.Crm.CrmException: CRM do not support direct update of Entity Reference properties, Use"
            " Navigation properties instead.",
        )

    return refuse


def _nest(name: str) -> Set:
    def nest(written: Written, value: Any) -> None:
        if value is not None:
            written.nested.append((name, value))

    return nest
