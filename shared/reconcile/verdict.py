"""The verdict: what a person signs off on, put together from what the proof found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEFT_AS_IT_IS = "left-as-it-is"
"""Why a record counts as set aside whose row differs: a person decided so about an earlier verdict."""


@dataclass(frozen=True, slots=True)
class Strays:
    """What one table holds besides the rows that were expected.

    ``there`` rows bear the run's number and ``expected`` of them are known to the proof; ``ids`` names the others, as
    many as could be told. ``others`` counts rows that somebody else made since the run began: no matter of ours.
    """

    there: int
    expected: int
    ids: Sequence[str] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Everything the proof found. ``extracted``: records staged per object. ``conservation`` and ``money``: whether
    each holds and what is broken; empty where they were not looked at."""

    objects: Mapping[str, Mapping[str, Any]]
    extracted: Mapping[str, int]
    strays: Mapping[str, Strays] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    conservation: Mapping[str, Any] = field(default_factory=dict)
    money: Mapping[str, Any] = field(default_factory=dict)


def verdict(found: Found) -> dict[str, Any]:
    """The document. Counts, names and addresses; never a value."""
    objects = found.objects
    unexpected = {table: s.there - s.expected for table, s in found.strays.items() if s.there != s.expected}
    unaccounted = {
        name: found.extracted[name] - _accounted(one)
        for name, one in objects.items()
        if name in found.extracted and found.extracted[name] != _accounted(one)
    }
    differences = _sum(objects, "differs") + _sum(objects, "missing")
    problems = {
        "fields that differ": differences,
        "rows nobody expected": sum(map(abs, unexpected.values())),
        "records unaccounted for": sum(map(abs, unaccounted.values())),
        "files that differ": found.files.get("differs", 0) + found.files.get("missing", 0),
        "buckets that do not add up": 0 if found.conservation.get("holds", True) else 1,
        "money that does not add up": 0 if found.money.get("holds", True) else 1,
    }
    fields, rows = _sum(objects, "fields"), _sum(objects, "rows")
    return {
        "headline": f"{fields:,} fields of {rows:,} rows compared; {differences:,} differ",
        "proved": not any(problems.values()),
        "because": {what: count for what, count in problems.items() if count},
        "fields_verified": fields,
        "rows_verified": rows,
        "differences": differences,
        "outcomes": {
            "equal": _sum(objects, "equal"),
            "equal-after": _sum(objects, "after"),
            "differs": _sum(objects, "differs"),
            "missing": _sum(objects, "missing"),
            "unexpected": sum(max(count, 0) for count in unexpected.values()),
        },
        "normalisations": _added(objects, "rules"),
        "note_authors": _added(objects, "authors"),
        "notes_recombined": _sum(objects, "recombined"),
        "fields_kept": _sum(objects, "kept"),
        "rows_edited_since": _sum(objects, "edited"),
        "rows_unexpected": unexpected,
        "unexpected": [[table, row] for table, one in found.strays.items() for row in one.ids],
        "rows_made_by_others": {table: one.others for table, one in found.strays.items() if one.others},
        "records_unaccounted_for": unaccounted,
        "files": dict(found.files),
        "conservation": dict(found.conservation),
        "money": dict(found.money),
        "objects": {name: dict(one) for name, one in objects.items()},
    }


def _sum(objects: Mapping[str, Mapping[str, Any]], name: str) -> int:
    return sum(int(found[name]) for found in objects.values())


def _added(objects: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for found in objects.values():
        for what, count in found[name].items():
            counts[what] = counts.get(what, 0) + count
    return dict(sorted(counts.items()))


def _accounted(found: Mapping[str, Any]) -> int:
    """The records of an object whose end is known; a record in several rows counts once."""
    return int(found["rows"] - found["further"] + found["excluded"] + found["set_aside"])
