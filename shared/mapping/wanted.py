"""The tables and columns a mapping needs at the target: what the schema step compares with the live metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shared.mapping.model import FieldMap, FieldRule
from shared.mapping.places import CUSTOM_TABLES
from shared.mapping.propose import column
from shared.schema.model import Field, Key, Option, Table

STANDARD = {"account": ("accounts", "accountid", "name"), "contact": ("contacts", "contactid", "fullname")}
SET_BY_US = ("importsequencenumber", "overriddencreatedon")
"""Columns every table has and that the load sets itself."""

TARGETS_OF = {"locations": "account", "referrers": "account", "defaults": "account", "users": "systemuser"}


def tables(mapping: FieldMap) -> tuple[Table, ...]:
    """One wanted table per target table of the mapping, in wave order, with each column once."""
    found: dict[str, Table] = {}
    for rule in sorted(mapping.objects, key=lambda rule: rule.wave):
        table = found.get(rule.table) or _table(rule.table, mapping.prefix)
        fields = {field.name: field for field in table.fields}
        for wanted in rule.fields:
            fields[wanted.target] = _merged(fields.get(wanted.target), _field(wanted, mapping))
        found[rule.table] = replace(table, fields=tuple(fields.values()))
    return tuple(found.values())


def _table(name: str, prefix: str) -> Table:
    key = Key(f"{prefix}_SourceIdKey", (f"{prefix}_sourceid",))
    if name in STANDARD:
        set_name, primary_id, primary_name = STANDARD[name]
        return Table(name, set_name, primary_id, primary_name, keys=(key,))
    place = next(place for place in CUSTOM_TABLES if column(place, prefix)[0] == name)
    schema, label, plural, name_column = CUSTOM_TABLES[place]
    return Table(
        name, f"{name}s", f"{name}id", column(name_column, prefix)[0],
        schema_name=f"{prefix}_{schema}", label=label, label_plural=plural, keys=(key,), custom=True,
        why="Holds what has no standard table that fits.",
    )  # fmt: skip


def _field(rule: FieldRule, mapping: FieldMap) -> Field:
    return Field(
        rule.target,
        rule.kind,
        schema_name=rule.schema_name,
        label=rule.label,
        max_length=rule.length,
        options=tuple(Option(0, label) for _, label in rule.choices),
        targets=_targets(rule, mapping),
        why=rule.why,
        custom=rule.custom,
    )


def _targets(rule: FieldRule, mapping: FieldMap) -> tuple[str, ...]:
    if "users" in rule.refers_to:
        return ("systemuser",)
    found = (TARGETS_OF.get(name) or _table_of(name, mapping) for name in rule.refers_to)
    return tuple(dict.fromkeys(name for name in found if name))


def _table_of(name: str, mapping: FieldMap) -> str:
    rule = mapping.rule(name)
    return rule.table if rule else ""


def _merged(first: Field | None, second: Field) -> Field:
    """Two objects may share a column: it needs the room, the labels and the targets of both."""
    if first is None:
        return second
    return replace(
        first,
        max_length=max(filter(None, (first.max_length, second.max_length)), default=None),
        options=tuple(Option(0, label) for label in _labels((*first.options, *second.options))),
        targets=tuple(dict.fromkeys((*first.targets, *second.targets))),
    )


def _labels(options: Iterable[Option]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.label for option in options))
