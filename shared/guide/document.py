"""The guide as JSON: every table, column, choice, relationship and key, how to make it, why, and whether it is there.

What is still missing comes first, as a list of its own; the rest is complete whether or not it is there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shared.dataverse.creation import polymorphic_body, relationship_name
from shared.guide import order
from shared.guide.parts import counted, missing
from shared.schema.fit import matching_key, securable
from shared.schema.gaps import PROFILE, Gaps, number, secured_columns
from shared.schema.model import Field, Key, Kind, Table
from shared.schema.portal import CUSTOMER, data_type, in_a_few_words, settings

FORMAT = "bridgework-setup-guide/1"
DELETE_BEHAVIOUR = "Referential, Remove link"
"""What the maker portal calls the cascade of every relationship we make: a row outlives what it points to."""
KEY_WHY = "Finds a row by its source id and keeps two rows from having the same one."


@dataclass(frozen=True, slots=True)
class Names:
    """What the schema belongs to. ``app_user`` is the id of the app's own user in the environment."""

    prefix: str
    option_prefix: int
    publisher: str
    solution: str
    app_user: str = ""


def guide(
    wanted: Sequence[Table],
    live: Mapping[str, Table],
    found: Gaps,
    licence: Mapping[str, Any],
    names: Names,
    *,
    by_hand: bool,
) -> dict[str, Any]:
    """The guide. ``licence`` is a `budget_document`; ``by_hand`` says that an admin makes all this and not the app."""
    parts = missing(found, {table.name: table for table in wanted})
    secured = secured_columns(wanted)
    return {
        "format": FORMAT,
        "by_hand": by_hand,
        "steps": len(parts),
        "missing": {"count": len(parts), "words": counted(parts), "parts": [asdict(part) for part in parts]},
        "blockers": [asdict(blocker) for blocker in found.blockers],
        "notices": [asdict(notice) for notice in found.notices],
        "licence": dict(licence),
        "names": asdict(names),
        "order": [{"title": title, "text": text} for title, text in order.steps(names, secured=bool(secured))],
        "tables": [_table(table, live, found, names) for table in wanted],
        "security_profile": _profile(secured, found, names) if secured else None,
        "checks": list(order.CHECKS if secured else order.CHECKS_WITHOUT_SECURITY),
        "unchecked": order.UNCHECKED,
    }


def _table(table: Table, live: Mapping[str, Table], found: Gaps, names: Names) -> dict[str, Any]:
    present = live.get(table.name)
    problems = {blocker.field: blocker.text for blocker in found.blockers if blocker.table == table.name}
    columns = [_column(table, field, present, problems, names) for field in _fields(table)]
    return {
        "name": table.name,
        "schema_name": table.schema_name or table.name,
        "label": table.label or (present.label if present else "") or table.name,
        "label_plural": table.label_plural or (present.label_plural if present else "") or table.name,
        "custom": table.custom,
        "ownership": "User or team",
        "primary_column": next((one["schema_name"] for one in columns if one["primary"]), table.primary_name),
        "exists": present is not None,
        "problem": problems.get("", ""),
        "why": table.why or ("" if table.custom else "A standard table: only the columns marked as ours are added."),
        "columns": [column for column in columns if column["kind"] != Kind.LOOKUP],
        "relationships": [column for column in columns if column["kind"] == Kind.LOOKUP],
        "keys": [_key(table, key, present, problems) for key in table.keys],
    }


def _fields(table: Table) -> tuple[Field, ...]:
    """The wanted fields, and the name column that every table of ours has even where no field fills it."""
    if not table.custom or table.field(table.primary_name):
        return table.fields
    why = "Every table has a name column; it shows in lists and lookups."
    name = Field(table.primary_name, Kind.TEXT, table.primary_name, "Name", max_length=200, why=why, custom=True)
    return (name, *table.fields)


def _column(
    table: Table, field: Field, present: Table | None, problems: Mapping[str, str], names: Names
) -> dict[str, Any]:
    there = present.field(field.name) if present else None
    is_name = field.name == table.primary_name
    exists = there is not None or (present is not None and is_name)
    options = _options(field, there, names)
    security = _security(table, field, there)
    locked = security == "on" or not (field.secured and securable(table, field))
    return {
        "name": field.name,
        "schema_name": field.schema_name or field.name,
        "label": field.label or (there.label if there else "") or field.name,
        "kind": field.kind.value,
        "type": in_a_few_words(field),
        "data_type": data_type(field),
        "settings": [list(setting) for setting in settings(field)] if field.custom else [],
        "max_length": field.max_length,
        "precision": field.precision,
        "required": "Optional",
        "primary": is_name,
        "secured": field.secured and securable(table, field),
        "security": security,
        "options": options,
        "targets": list(field.targets),
        "links": _links(table, field),
        "request": _request(table, field),
        "custom": field.custom,
        "exists": exists,
        "complete": exists and locked and all(option["exists"] for option in options),
        "by_itself": there is None and not field.custom and field.name not in problems,
        "problem": problems.get(field.name, ""),
        "why": field.why,
    }


def _security(table: Table, field: Field, there: Field | None) -> str:
    if not field.secured:
        return ""
    if not securable(table, field):
        what = "a lookup" if field.kind is Kind.LOOKUP else "a name, a key or a standard column"
        return f"Should be locked, but column security cannot be put on {what}: restrict the table by security roles."
    return "on" if there and there.secured else "to be enabled"


def _options(field: Field, there: Field | None, names: Names) -> list[dict[str, Any]]:
    """Every wanted label with its value: the live one, or the one it would get."""
    live = {" ".join(option.label.casefold().split()): option.value for option in there.options} if there else {}
    values = [live.get(" ".join(option.label.casefold().split())) for option in field.options]
    fresh = [option for option, value in zip(field.options, values, strict=True) if value is None]
    numbered = iter(number(fresh, there.options if there else (), option_prefix=names.option_prefix))
    return [
        {
            "label": option.label,
            "value": next(numbered).value if value is None else value,
            "exists": value is not None,
        }
        for option, value in zip(field.options, values, strict=True)
    ]


def _links(table: Table, field: Field) -> list[dict[str, str]]:
    if field.kind is not Kind.LOOKUP or not field.custom:
        return []
    return [
        {"target": target, "name": relationship_name(table.name, field, target), "delete": DELETE_BEHAVIOUR}
        for target in field.targets
    ]


def _request(table: Table, field: Field) -> dict[str, Any] | None:
    """The request that makes what the portal has no form for: a lookup to several tables."""
    if not field.custom or field.kind is not Kind.LOOKUP or len(field.targets) < 2 or set(field.targets) == CUSTOMER:
        return None
    path = "/api/data/v9.2/CreatePolymorphicLookupAttribute"
    return {"method": "POST", "path": path, "body": polymorphic_body(table.name, field)}


def _key(table: Table, key: Key, present: Table | None, problems: Mapping[str, str]) -> dict[str, Any]:
    there = matching_key(present, key)
    schema_names = [(found.schema_name if (found := table.field(name)) else "") or name for name in key.fields]
    return {
        "name": key.name,
        "label": key.name,
        "columns": list(key.fields),
        "schema_names": schema_names,
        "exists": there is not None,
        "status": there.status if there else "",
        "problem": problems.get(there.name, "") if there else "",
        "why": KEY_WHY,
    }


def _profile(secured: Sequence[tuple[str, str]], found: Gaps, names: Names) -> dict[str, Any]:
    return {
        "name": PROFILE,
        "columns": [{"table": table, "column": column} for table, column in secured],
        "permissions": ["Read", "Create", "Update"],
        "members": [names.app_user],
        "exists": not any(part.kind == "column security profile" for part in missing(found, {})),
        "why": (
            "Secured columns are closed to everybody but system administrators until a profile opens them. The app's "
            "own user has to write them, and read them back to prove what arrived."
        ),
        "who": (
            "Nobody else is added. Give the profile to the people who treat patients or answer for their records, "
            "best through a team of the clinical staff; not to sales, marketing or reception by default. Review its "
            "members whenever somebody joins or leaves. The app's user stays in it as long as a rollback may be wanted."
        ),
    }
