"""The tables and columns a mapping needs at the target: what the schema step compares with the live metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shared.mapping.columns import column
from shared.mapping.model import FieldMap, FieldRule
from shared.mapping.placements.lines import CURRENCY
from shared.mapping.placements.talk import PARTIES
from shared.mapping.places import CUSTOM_TABLES, NAME_COLUMN
from shared.schema.model import Field, Key, Option, Table

STANDARD = {
    "account": ("accounts", "accountid", "name"),
    "contact": ("contacts", "contactid", "fullname"),
    "opportunity": ("opportunities", "opportunityid", "name"),
    "annotation": ("annotations", "annotationid", "subject"),
    "phonecall": ("phonecalls", "activityid", "subject"),
    "email": ("emails", "activityid", "subject"),
    "appointment": ("appointments", "activityid", "subject"),
    "letter": ("letters", "activityid", "subject"),
}
SET_BY_US = ("importsequencenumber", "overriddencreatedon")
"""Columns every table has and that the load sets itself."""
BESIDE_THE_COLUMNS = frozenset({PARTIES, CURRENCY})
"""No columns to make: parties are rows of their own, and a currency comes with a table's first amount."""


def table_of(refers_to: tuple[str, ...], mapping: FieldMap) -> str:
    """The table a reference points to."""
    if "users" in refers_to:
        return "systemuser"
    rule = mapping.rule(refers_to[0])
    return rule.table if rule else ""


def tables(mapping: FieldMap) -> tuple[Table, ...]:
    """One wanted table per target table of the mapping, in wave order, with each column once."""
    found: dict[str, Table] = {}
    for rule in sorted(mapping.objects, key=lambda rule: rule.wave):
        table = found.get(rule.table) or _table(rule.table, mapping.prefix)
        fields = {field.name: field for field in table.fields}
        for wanted in rule.fields:
            if wanted.target not in BESIDE_THE_COLUMNS:
                fields[wanted.target] = _merged(fields.get(wanted.target), _field(wanted, mapping))
        found[rule.table] = replace(table, fields=tuple(fields.values()))
    return tuple(_keyed(table, mapping.prefix) for table in found.values())


def _keyed(table: Table, prefix: str) -> Table:
    """With the key over our source id, where the table can have one."""
    source_id = f"{prefix}_sourceid"
    if table.field(source_id) is None:
        return table
    return replace(table, keys=(Key(f"{prefix}_SourceIdKey", (source_id,)),))


def _table(name: str, prefix: str) -> Table:
    if name in STANDARD:
        set_name, primary_id, primary_name = STANDARD[name]
        return Table(name, set_name, primary_id, primary_name)
    place = next(place for place in CUSTOM_TABLES if column(place, prefix)[0] == name)
    schema, label, plural = CUSTOM_TABLES[place]
    return Table(
        name, f"{name}s", f"{name}id", column(NAME_COLUMN, prefix)[0],
        schema_name=f"{prefix}_{schema}", label=label, label_plural=plural, custom=True,
        why="Holds what has no standard table that fits.",
    )  # fmt: skip


def _field(rule: FieldRule, mapping: FieldMap) -> Field:
    return Field(
        rule.target,
        rule.kind,
        schema_name=rule.schema_name,
        label=rule.label,
        max_length=rule.length,
        options=tuple(Option(0, label) for label in dict.fromkeys(label for _, label in rule.choices)),
        targets=tuple(filter(None, (table_of(rule.refers_to, mapping),))) if rule.refers_to else (),
        why=rule.why,
        custom=rule.custom,
        secured=rule.secured,
    )


def _merged(first: Field | None, second: Field) -> Field:
    """Two objects may share a column: it needs the room, the labels and the targets of both."""
    if first is None:
        return second
    return replace(
        first,
        max_length=max(filter(None, (first.max_length, second.max_length)), default=None),
        options=tuple(Option(0, label) for label in _labels((*first.options, *second.options))),
        targets=tuple(dict.fromkeys((*first.targets, *second.targets))),
        secured=first.secured or second.secured,
    )


def _labels(options: Iterable[Option]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.label for option in options))
