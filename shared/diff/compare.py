"""One row that should be against one row that is, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row, same, state_there
from shared.mapping.transforms import Value

STATE = "statecode"


class Outcome(StrEnum):
    """What became of one field."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"


class FieldOutcome(NamedTuple):
    """One field of one row, with both values. Stays inside the vault: documents mask it, tallies drop the values.

    A tuple, because the proof makes forty of them a row and a frozen dataclass costs five times as much to make.
    """

    column: str
    label: str
    source: str
    rule: str
    outcome: Outcome
    expected: Value
    actual: Any


def compare(object_map: ObjectMap, row: Row, there: Mapping[str, Any] | None) -> list[FieldOutcome]:
    """Every mapped field of a row, its owner and its state. A row that is not there misses all of them."""
    fields = []
    for column in object_map.columns:
        expected = row.values[column.name]
        actual = None if there is None else there.get(column.read)
        outcome = _outcome(there is None, same(expected, actual))
        fields.append(FieldOutcome(column.name, column.label, column.source, column.rule, outcome, expected, actual))
    if object_map.has_state:
        outcome = _outcome(there is None, there is not None and object_map.in_state(row, there))
        state = None if there is None else "/".join(map(str, state_there(there)))
        expected = "/".join(map(str, row.state))
        fields.append(FieldOutcome(STATE, "State", "", "state", outcome, expected, state))
    return fields


def differs(outcomes: Iterable[FieldOutcome]) -> bool:
    """Whether any field is not as it should be."""
    return any(field.outcome is not Outcome.EQUAL for field in outcomes)


def _outcome(missing: bool, equal: bool) -> Outcome:
    if missing:
        return Outcome.MISSING
    return Outcome.EQUAL if equal else Outcome.DIFFERS


def masked(value: Any) -> str | None:
    """The shape of a value: letters as ``a``, digits as ``9``, its punctuation kept, at most 40 characters."""
    if value is None:
        return None
    shape = "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in str(value)[:40])
    return shape + "…" if len(str(value)) > 40 else shape
