"""What is missing, part by part, in words a person can act on and tick off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.schema.gaps import (
    AddField,
    AddKey,
    AddLookup,
    AddOptions,
    AllowColumns,
    CreateTable,
    Gaps,
    SecureColumn,
    Step,
)
from shared.schema.model import Table
from shared.schema.portal import in_a_few_words, listed


@dataclass(frozen=True, slots=True)
class Part:
    """One missing part. ``kind`` is a word to count by; ``table`` is a logical name, empty for the profile."""

    kind: str
    table: str
    name: str
    text: str


def missing(found: Gaps, tables: Mapping[str, Table]) -> tuple[Part, ...]:
    """The missing parts in the order they have to be made."""
    return tuple(_part(step, tables) for step in found.steps)


def counted(parts: Iterable[Part]) -> str:
    """``1 table, 24 columns and 2 keys``."""
    counts = Counter(part.kind for part in parts)
    return listed([f"{count} {_NAMES[kind][count != 1]}" for kind, count in counts.items()])


_NAMES = {
    "table": ("table", "tables"),
    "column": ("column", "columns"),
    "choice": ("choice without all its labels", "choices without all their labels"),
    "column security": ("column without column security", "columns without column security"),
    "lookup": ("lookup", "lookups"),
    "key": ("key", "keys"),
    "column security profile": ("column security profile", "column security profiles"),
}
"""One and several."""


def _part(step: Step, tables: Mapping[str, Table]) -> Part:
    match step:
        case CreateTable(table):
            return Part("table", table.name, table.schema_name or table.name, f"Table {table.label or table.name}")
        case AddField(table, field):
            return Part("column", table, field.schema_name or field.name, f"{field.label}: {in_a_few_words(field)}")
        case AddLookup(table, field):
            return Part("lookup", table, field.schema_name or field.name, f"{field.label}: {in_a_few_words(field)}")
        case AddOptions(table, field, options):
            labels = listed([f"“{option.label}”" for option in options])
            return Part("choice", table, _schema_name(tables, table, field), f"Labels to add: {labels}")
        case SecureColumn(table, field):
            return Part("column security", table, _schema_name(tables, table, field), "Enable column security")
        case AddKey(table, key):
            return Part("key", table, key.name, f"Key over {listed(key.fields)}")
        case AllowColumns(profile, columns):
            text = f"Column security profile with {len(columns)} columns and the app's user as a member"
            return Part("column security profile", "", profile, text)


def _schema_name(tables: Mapping[str, Table], table: str, field: str) -> str:
    found = tables[table].field(field) if table in tables else None
    return (found.schema_name if found else "") or field
