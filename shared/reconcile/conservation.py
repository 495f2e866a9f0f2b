"""The conservation equation (N2): every record of the source ends in exactly one bucket, and the buckets add up.

Counted by provider and month as well, so that a record lost in one place cannot hide behind one that came twice in
another. A provider's id is an address and a month a coarse fact: both may stand in a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PROVIDERS = ("provider_id", "staff_id", "author_id")
DATES = (
    "treated_on", "starts_at", "issued_on", "paid_on", "allocated_on", "presented_on", "noted_at", "captured_at",
    "occurred_at", "valid_from", "started_on", "created_at",
)  # fmt: skip
"""The field that says when something happened, the most telling first; the moment of entry where there is no other."""
NOBODY, UNDATED = "-", "-"

ENDS = ("created", "updated", "matched", "excluded", "set-aside")
"""Where a record may end. ``missing`` is none of them: it is what breaks the equation."""
MISSING, REPLACED, ELSEWHERE = "missing", "replaced", "elsewhere"
"""``replaced``: a delta brought a later word of it, which counts instead. ``elsewhere``: a sibling rule takes it."""
MOST_LISTED = 200

Cells = dict[str, dict[str, int]]
"""Counts by cell (``provider|2024-05``) and bucket."""


def cell(record: Mapping[str, Any]) -> str:
    """Where a record counts: its provider, and the month in the source's own words."""
    provider = next((record[name] for name in PROVIDERS if record.get(name)), NOBODY)
    said = str(next((record[name] for name in DATES if record.get(name)), UNDATED))
    return f"{provider}|{said[:7] if said[4:5] == '-' else UNDATED}"


def add(cells: Cells, at: str, bucket: str, count: int = 1) -> None:
    """Count in a cell."""
    buckets = cells.setdefault(at, {})
    buckets[bucket] = buckets.get(bucket, 0) + count


def pour(total: Cells, part: Mapping[str, Mapping[str, int]]) -> None:
    """Add the counts of a part to those that are there."""
    for at, buckets in part.items():
        for bucket, count in buckets.items():
            add(total, at, bucket, count)


def merged(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> Cells:
    """The counts of several lanes as one."""
    total: Cells = {}
    for part in parts:
        pour(total, part)
    return total


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of one object's records. ``source``: how many the source listed when it was discovered, None where
    it did not say; ``listed``: how many were staged from its lists; ``extracted``: per cell, counted as they were
    staged, those that no list gives among them; ``base`` and ``later``: what the proof saw, of the first extraction and
    of the deltas; ``brought``: how many different records the deltas brought.
    """

    source: int | None
    listed: int
    extracted: Mapping[str, int]
    base: Cells
    later: Cells = field(default_factory=dict)
    brought: int = 0


@dataclass(slots=True)
class Equation:
    """Whether it all adds up, and where it does not, by stage, object, provider and month. Put together object by
    object: of a large practice each has tens of thousands of cells, which are let go with its account.

    Stages: ``extract`` (the source listed more than was staged), ``staging`` (what was staged is not what the proof
    read), ``map`` (a record that no rule takes, or two do), ``load`` (one that should be at the target and is not).
    """

    broken: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, account: Account) -> None:
        """One more object."""
        self.broken += _breaks(name, account)
        self.objects[name] = _told(account)

    def document(self) -> dict[str, Any]:
        """What was found, as it is published."""
        return {
            "holds": not self.broken,
            "broken_count": len(self.broken),
            "broken": self.broken[:MOST_LISTED],
            "objects": self.objects,
        }


def _breaks(name: str, account: Account) -> Iterable[dict[str, Any]]:
    if account.source is not None and account.listed < account.source:
        yield _break(name, "extract", "*|*", account.source, account.listed)
    for at in sorted({*account.extracted, *account.base}):
        expected, buckets = account.extracted.get(at, 0), account.base.get(at, {})
        read = sum(buckets.values())
        if read != expected:
            elsewhere = buckets.get(ELSEWHERE, 0)
            yield _break(name, "map" if elsewhere else "staging", at, expected, read)
        elif buckets.get(ELSEWHERE):
            yield _break(name, "map", at, expected, expected - buckets[ELSEWHERE])
    seen = sum(sum(buckets.values()) for buckets in account.later.values())
    if seen != account.brought:
        yield _break(name, "staging", "*|*", account.brought, seen)
    for at, buckets in _all(account):
        if buckets.get(MISSING):
            everything = sum(buckets.values()) - buckets.get(REPLACED, 0)
            yield _break(name, "load", at, everything, everything - buckets[MISSING])


def _break(name: str, stage: str, at: str, expected: int, found: int) -> dict[str, Any]:
    provider, _, month = at.rpartition("|")
    return {
        "object": name, "stage": stage, "provider": provider, "month": month,
        "expected": expected, "found": found, "missing": expected - found,
    }  # fmt: skip


def _told(account: Account) -> dict[str, Any]:
    total: dict[str, int] = {}
    providers: Cells = {}
    months: Cells = {}
    for at, buckets in _all(account):
        provider, _, month = at.rpartition("|")
        for bucket, count in buckets.items():
            total[bucket] = total.get(bucket, 0) + count
            if bucket not in (REPLACED, ELSEWHERE):
                add(providers, provider, bucket, count)
                add(months, month, bucket, count)
    return {
        "source": account.source,
        "staged": sum(account.extracted.values()),
        "brought_by_deltas": account.brought,
        **{bucket: total.get(bucket, 0) for bucket in (*ENDS, MISSING, REPLACED)},
        "providers": providers,
        "months": months,
    }


def _all(account: Account) -> Iterator[tuple[str, dict[str, int]]]:
    """The cells of both readings, in order. Nothing is copied where deltas brought nothing."""
    for at in sorted({*account.base, *account.later}):
        base, later = account.base.get(at, {}), account.later.get(at)
        yield at, merged([{at: base}, {at: later}])[at] if later else base


def siblings(taken: Iterable[Cells], read: Cells) -> Cells:
    """What several rules that share a source's records made of them, as one: each record where the rule that takes it
    put it. ``read`` is one rule's cells, for how many records there are; what no rule takes stays ``elsewhere``."""
    total = merged(taken)
    for at, buckets in total.items():
        records = sum(read.get(at, {}).values())
        buckets.pop(ELSEWHERE, None)
        replaced = read.get(at, {}).get(REPLACED, 0)
        if REPLACED in buckets:
            buckets[REPLACED] = replaced
        left = records - sum(buckets.values())
        if left > 0:
            buckets[ELSEWHERE] = left
    return total
