"""Whether a column or a key that is there already will do for what is wanted, and in which words it will not."""

from __future__ import annotations

from dataclasses import replace

from shared.schema.model import Field, Key, Kind, Table
from shared.schema.portal import data_type, in_a_few_words, listed

FITS: dict[Kind, frozenset[Kind]] = {
    Kind.TEXT: frozenset({Kind.TEXT, Kind.MEMO}),
    Kind.MEMO: frozenset({Kind.MEMO, Kind.TEXT}),
    Kind.LOOKUP: frozenset({Kind.LOOKUP, Kind.OWNER}),
}
"""Which live kinds can hold a wanted kind besides the kind itself: what travels on the wire is the same.

Currency and Decimal do not stand in for each other: a currency column wants a currency on the row, and shows it.
"""

_DAYS_AND_INSTANTS = frozenset({Kind.DATE, Kind.INSTANT})
_NUMBERS = frozenset({Kind.DECIMAL, Kind.MONEY})


def mismatch(wanted: Field, there: Field) -> str:
    """Why the live column cannot hold what is wanted, in a sentence for a person; empty when it can."""
    if there.kind is not wanted.kind and there.kind not in FITS.get(wanted.kind, frozenset()):
        return _other_kind(wanted, there)
    if wanted.max_length and there.max_length and there.max_length < wanted.max_length:
        if wanted.kind is Kind.FILE:
            return f"The file column is too small: {there.max_length:,} KB where {wanted.max_length:,} are needed."
        return f"The column is too short: {there.max_length} characters where {wanted.max_length} are needed."
    if wanted.kind in _NUMBERS and None not in (wanted.precision, there.precision):
        kept, needed = there.precision or 0, wanted.precision or 0
        if kept < needed:
            return f"The column keeps {kept} decimal places where {needed} are needed."
    if wanted.kind is Kind.LOOKUP:
        missing = [target for target in wanted.targets if target not in there.targets]
        if missing:
            return f"The lookup is there but cannot point to {listed(missing)}."
    return ""


def _other_kind(wanted: Field, there: Field) -> str:
    if {wanted.kind, there.kind} == _DAYS_AND_INSTANTS:
        return (
            f"The column is there as another kind of date: {in_a_few_words(replace(there, targets=()))} where "
            f"{in_a_few_words(wanted)} is needed. The portal's type Date only keeps a time unless its behaviour is "
            "Date only too."
        )
    return f"The column is there with another kind: {data_type(there)} where {data_type(wanted)} is needed."


def securable(table: Table, field: Field) -> bool:
    """Whether column security can be put on it.

    Lookups, names and system columns cannot have it (power-platform/admin/field-level-security), and a column of an
    alternate key must not (define-alternate-keys-entity).
    """
    in_a_key = any(field.name in key.fields for key in table.keys)
    return field.custom and field.kind is not Kind.LOOKUP and field.name != table.primary_name and not in_a_key


def secured(table: Table) -> tuple[str, ...]:
    """The columns of a wanted table that are to be locked, and can be."""
    return tuple(field.name for field in table.fields if field.secured and securable(table, field))


def matching_key(table: Table | None, key: Key) -> Key | None:
    """The live key over the same columns, whatever it is called; else one that has the name and other columns."""
    keys = table.keys if table else ()
    same = [there for there in keys if set(there.fields) == set(key.fields)]
    named = [there for there in keys if there.name.lower() == key.name.lower()]
    sound = [there for there in same if there.status != "Failed"]
    return next(iter((*sound, *same, *named)), None)
