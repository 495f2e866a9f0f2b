"""How much one table can hold: columns, and what fits into a single record.

Dataverse states no limit of its own. Under it are tables of SQL Server with at most 1,024 columns, of which a lookup
takes up to three and a choice or a currency two; and a record has 8,060 bytes, of which every text takes up to 24
wherever it is put. Microsoft's own advice is fewer than a few hundred columns (Learn: restrictions that apply to
columns in a table). It shows only as an SQL error when it is too late, so we count beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.schema.model import Field, Kind, Table

MOST_CUSTOM_COLUMNS = 800
MANY_CUSTOM_COLUMNS = 300
RECORD_BYTES = 8_060

_POINTER = 24
_BYTES = {
    Kind.INTEGER: 4, Kind.DECIMAL: 13, Kind.MONEY: 16, Kind.BOOLEAN: 1, Kind.DATE: 8, Kind.INSTANT: 8,
    Kind.CHOICE: 4, Kind.LOOKUP: 16, Kind.OWNER: 20, Kind.IDENTIFIER: 16, Kind.STATE: 4, Kind.STATUS: 4,
    Kind.FILE: 16,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about a table, which stops nothing."""

    table: str
    text: str


def custom_columns(wanted: Table, present: Table | None) -> int:
    """How many custom columns the table has once everything wanted is there."""
    names = {field.name for field in wanted.fields if field.custom}
    return len(names | {field.name for field in present.fields if field.custom} if present else names)


def too_many(wanted: Table, present: Table | None) -> str:
    """Why the table cannot take all that is wanted; empty when it can."""
    count = custom_columns(wanted, present)
    if count <= MOST_CUSTOM_COLUMNS:
        return ""
    return (
        f"The table would have {count:,} custom columns, of at most {MOST_CUSTOM_COLUMNS}: beyond that its 1,024 "
        "database columns run out, and Dataverse refuses in the middle of the work. Exclude custom fields by name at "
        "the mapping, or remove unused columns of the table."
    )


def notices(wanted: Table, present: Table | None) -> tuple[Notice, ...]:
    """What is allowed but not wise."""
    found = []
    count = custom_columns(wanted, present)
    if count > MANY_CUSTOM_COLUMNS:
        text = (
            f"The table will have {count:,} custom columns. Microsoft advises fewer than a few hundred: forms and "
            "queries get slow. Fields that nobody uses can be excluded at the mapping."
        )
        found.append(Notice(wanted.name, text))
    size = _record_bytes(wanted, present)
    if size > RECORD_BYTES:
        text = (
            f"A record with a value in every column needs about {size:,} bytes, of {RECORD_BYTES:,} that a record "
            "has. Records that fill most of the columns may be refused; those are set aside with their reason."
        )
        found.append(Notice(wanted.name, text))
    return tuple(found)


def _record_bytes(wanted: Table, present: Table | None) -> int:
    fields = {field.name: field for field in (*wanted.fields, *(present.fields if present else ()))}
    return sum(_bytes(field) for field in fields.values())


def _bytes(field: Field) -> int:
    if field.kind in (Kind.TEXT, Kind.MEMO):
        return min(2 * (field.max_length or _POINTER), _POINTER)
    return _BYTES.get(field.kind, 0)
