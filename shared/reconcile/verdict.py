"""What the proof found: counts per object and per column, and the address of everything that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.diff.compare import FieldOutcome, Outcome

MOST_LISTED = 200
"""How many differing fields are listed one by one, per lane; all of them are counted."""


@dataclass(slots=True)
class Findings:
    """What one lane of the reconciler has found so far. Grows with the kinds of difference, not with the rows."""

    records: int = 0
    rows: int = 0
    further: int = 0
    created: int = 0
    fields: int = 0
    differs: int = 0
    missing_rows: int = 0
    excluded: int = 0
    set_aside: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    listed: list[list[str]] = field(default_factory=list)

    def add_row(
        self,
        table: str,
        row_id: str,
        outcomes: Iterable[FieldOutcome],
        *,
        there: bool,
        ours: bool,
        further: bool = False,
    ) -> None:
        """Count one compared row. ``further``: a second or later row of its record."""
        self.rows += 1
        self.further += further
        self.created += ours
        self.missing_rows += not there
        for outcome in outcomes:
            self.fields += 1
            if outcome.outcome is not Outcome.EQUAL:
                self.differs += 1
                self.columns[outcome.column] = self.columns.get(outcome.column, 0) + 1
                if len(self.listed) < MOST_LISTED:
                    self.listed.append([table, row_id, outcome.column, outcome.outcome.value])

    def add_excluded(self, rule: str) -> None:
        """Count a record that gets no row by a named rule."""
        self.excluded += 1
        self.reasons[rule] = self.reasons.get(rule, 0) + 1

    def add_set_aside(self, reason: str, *, ours: bool = False, further: bool = False) -> None:
        """Count a record that could not go. ``ours``: its row is there, made by this run and edited by a person."""
        self.set_aside += not further
        self.created += ours
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


COUNTS = ("records", "rows", "further", "created", "fields", "differs", "missing_rows", "excluded", "set_aside")


def merged(findings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The findings of several lanes as one."""
    total: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    total |= {"columns": {}, "reasons": {}, "listed": []}
    for part in findings:
        for name, value in part.items():
            if isinstance(value, int):
                total[name] += value
            elif isinstance(value, Mapping):
                for key, count in value.items():
                    total[name][key] = total[name].get(key, 0) + count
            else:
                total[name] = [*total[name], *value][:MOST_LISTED]
    return total


def verdict(
    objects: Mapping[str, Mapping[str, Any]],
    *,
    extracted: Mapping[str, int],
    rows_of_run: Mapping[str, tuple[int, int]],
    files: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document a person signs off on.

    ``extracted``: records staged per object. ``rows_of_run``: per table, the rows in the target that carry this run's
    number, and how many of them the proof expected. ``files``: how many were read back byte by byte, and with what.
    """
    unexpected = {table: there - expected for table, (there, expected) in rows_of_run.items() if there != expected}
    unaccounted = {
        name: extracted[name] - _accounted(found)
        for name, found in objects.items()
        if name in extracted and extracted[name] != _accounted(found)
    }
    fields = sum(found["fields"] for found in objects.values())
    rows = sum(found["rows"] for found in objects.values())
    differences = sum(found["differs"] for found in objects.values())
    bytes_wrong = (files["differs"] + files["missing"]) if files else 0
    problems = differences + bytes_wrong + sum(map(abs, unexpected.values())) + sum(map(abs, unaccounted.values()))
    return {
        "headline": f"{fields:,} fields of {rows:,} rows compared; {differences:,} differ",
        "proved": problems == 0,
        "fields_verified": fields,
        "rows_verified": rows,
        "differences": differences,
        "rows_unexpected": unexpected,
        "records_unaccounted_for": unaccounted,
        "files": dict(files or {}),
        "objects": {name: dict(found) for name, found in objects.items()},
    }


def _accounted(found: Mapping[str, Any]) -> int:
    """The records of an object whose end is known; a record in several rows counts once."""
    return int(found["rows"] - found["further"] + found["excluded"] + found["set_aside"])
