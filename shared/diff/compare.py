"""One row that should be against one row that is, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row, same, state_there
from shared.mapping.transforms import Value

STATE = "statecode"


class Outcome(StrEnum):
    """What became of one field: the source's value to the letter, that value after the rule the map declares for it
    (a date, a lookup, a phone number in E.164), another value, or no row at all."""

    EQUAL = "equal"
    EQUAL_AFTER = "equal-after"
    DIFFERS = "differs"
    MISSING = "missing"

    @property
    def wrong(self) -> bool:
        """Whether the field is not as it should be."""
        return self in _WRONG


_WRONG = frozenset({Outcome.DIFFERS, Outcome.MISSING})


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


def compare(
    object_map: ObjectMap,
    row: Row,
    there: Mapping[str, Any] | None,
    record: Mapping[str, Any] | None = None,
    *,
    kept: bool = False,
) -> list[FieldOutcome]:
    """Every mapped field of a row, its owner and its state. A row that is not there misses all of them.

    With the source's ``record``, a value that its rule made another of is told apart from one taken over as it was.
    ``kept``: the row was there before the run, so what only a create can set is left out.
    """
    fields = []
    for column in object_map.columns:
        if kept and column.create_only:
            continue
        expected = row.values[column.name]
        actual = None if there is None else there.get(column.read)
        as_it_was = record is None or _as_it_was(record.get(column.source), actual)
        outcome = _outcome(there is None, same(expected, actual), as_it_was)
        fields.append(FieldOutcome(column.name, column.label, column.source, column.rule, outcome, expected, actual))
    if object_map.has_state:
        right = there is not None and object_map.in_state(row, there)
        outcome = _outcome(there is None, right, record is None)
        state = None if there is None else "/".join(map(str, state_there(there)))
        expected = "/".join(map(str, row.state))
        fields.append(FieldOutcome(STATE, "State", "", "state", outcome, expected, state))
    return fields


def _outcome(missing: bool, equal: bool, as_it_was: bool) -> Outcome:
    if missing:
        return Outcome.MISSING
    if not equal:
        return Outcome.DIFFERS
    return Outcome.EQUAL if as_it_was else Outcome.EQUAL_AFTER


def _as_it_was(said: Any, actual: Any) -> bool:
    """Whether the target says what the source said. Nothing is nothing, also where the source writes it as ``""``."""
    return said == actual or (actual is None and said == "")


class Scales:
    """Weighs an object's rows by the million: the same comparison as ``compare``, kept as counts per column.

    ``equal`` and ``after`` count in the order of ``columns``. Only a wrong field costs an object of its own.
    """

    def __init__(self, object_map: ObjectMap) -> None:
        self._map = object_map
        self._read = [(column.name, column.read, column.source, column.create_only) for column in object_map.columns]
        self.columns = [column.name for column in object_map.columns]
        self.rules = [column.rule for column in object_map.columns]
        if object_map.has_state:
            self.columns.append(STATE)
            self.rules.append("state")
        self.equal = [0] * len(self.columns)
        self.after = [0] * len(self.columns)
        self.kept = 0
        """Fields of rows that were there before the run which only a create could have set."""
        self.digest = 0
        """The sum of the digests of what the rows hold, in whatever order they came: another sum, another content."""

    def weigh(
        self,
        row: Row,
        there: Mapping[str, Any] | None,
        record: Mapping[str, Any],
        *,
        kept: bool = False,
        times: int = 1,
    ) -> list[tuple[str, Outcome]]:
        """Compare one row; answers with the columns that are wrong. ``kept`` as in ``compare``. ``times=-1`` takes the
        row off the scales again."""
        if there is None:
            return [(name, Outcome.MISSING) for name in self.columns]
        wrong: list[tuple[str, Outcome]] = []
        values, held = row.values, []
        for at, (name, read, source, create_only) in enumerate(self._read):
            actual = there.get(read)
            held.append(actual)
            if kept and create_only:
                self.kept += times
            elif not same(values[name], actual):
                wrong.append((name, Outcome.DIFFERS))
            elif _as_it_was(record.get(source), actual):
                self.equal[at] += times
            else:
                self.after[at] += times
        if self._map.has_state:
            held.append(state_there(there))
            if self._map.in_state(row, there):
                self.after[-1] += times
            else:
                wrong.append((STATE, Outcome.DIFFERS))
        content = blake2b(orjson.dumps([row.id, held]), digest_size=16)
        self.digest += times * int.from_bytes(content.digest(), "big")
        return wrong


def differs(outcomes: Iterable[FieldOutcome]) -> bool:
    """Whether any field is not as it should be."""
    return any(field.outcome.wrong for field in outcomes)


def masked(value: Any) -> str | None:
    """The shape of a value: letters as ``a``, digits as ``9``, its punctuation kept, at most 40 characters."""
    if value is None:
        return None
    shape = "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in str(value)[:40])
    return shape + "…" if len(str(value)) > 40 else shape
