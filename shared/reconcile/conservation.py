"""The conservation equation (N2): every record of the source ends in exactly one bucket, and the buckets add up.

Counted by provider and month as well, so that a record lost in one place cannot hide behind one that came twice in
another. A provider's id is an address and a month a coarse fact: both may stand in a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
"""Counts by bucket and cell (``provider|2024-05``), that way round: of a large practice there are tens of thousands of
cells, and most have one bucket."""


def cell(record: Mapping[str, Any]) -> str:
    """Where a record counts: its provider, and the month in the source's own words."""
    provider = next((record[name] for name in PROVIDERS if record.get(name)), NOBODY)
    said = str(next((record[name] for name in DATES if record.get(name)), UNDATED))
    return f"{provider}|{said[:7] if said[4:5] == '-' else UNDATED}"


def add(cells: Cells, at: str, bucket: str) -> None:
    """Count one more record in a cell."""
    _count(cells, bucket, at, 1)


def _count(groups: dict[str, dict[str, int]], group: str, name: str, count: int) -> None:
    counts = groups.setdefault(group, {})
    counts[name] = counts.get(name, 0) + count


def pour(total: Cells, part: Mapping[str, Mapping[str, int]]) -> None:
    """Add the counts of a part to those that are there."""
    for bucket, counts in part.items():
        for at, count in counts.items():
            _count(total, bucket, at, count)


def totals(cells: Cells) -> dict[str, int]:
    """By cell, how many records there are."""
    found: dict[str, int] = {}
    for counts in cells.values():
        for at, count in counts.items():
            found[at] = found.get(at, 0) + count
    return found


def merged(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> Cells:
    """The counts of several lanes as one."""
    total: Cells = {}
    for part in parts:
        pour(total, part)
    return total


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of one object's records. ``source``: how many the source listed when it was discovered, None where
    it did not say; ``listed``: how many were staged from its lists; ``extracted``: by cell, counted as they were
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
    seen, lost = totals(account.base), account.base.get(ELSEWHERE, {})
    for at in sorted({*account.extracted, *seen}):
        expected, read, elsewhere = account.extracted.get(at, 0), seen.get(at, 0), lost.get(at, 0)
        if read != expected:
            yield _break(name, "map" if elsewhere else "staging", at, expected, read)
        elif elsewhere:
            yield _break(name, "map", at, expected, expected - elsewhere)
    brought = sum(sum(counts.values()) for counts in account.later.values())
    if brought != account.brought:
        yield _break(name, "staging", "*|*", account.brought, brought)
    readings = (account.base, account.later)
    for at in sorted({at for cells in readings for at in cells.get(MISSING, ())}):
        by_bucket = {
            bucket: sum(cells.get(bucket, {}).get(at, 0) for cells in readings) for bucket in _buckets(account)
        }
        everything = sum(by_bucket.values()) - by_bucket.get(REPLACED, 0)
        yield _break(name, "load", at, everything, everything - by_bucket[MISSING])


def _break(name: str, stage: str, at: str, expected: int, found: int) -> dict[str, Any]:
    provider, _, month = at.rpartition("|")
    return {
        "object": name, "stage": stage, "provider": provider, "month": month,
        "expected": expected, "found": found, "missing": expected - found,
    }  # fmt: skip


def _told(account: Account) -> dict[str, Any]:
    total: dict[str, int] = {}
    providers: dict[str, dict[str, int]] = {}
    months: dict[str, dict[str, int]] = {}
    for bucket in _buckets(account):
        for at, count in (pair for cells in (account.base, account.later) for pair in cells.get(bucket, {}).items()):
            total[bucket] = total.get(bucket, 0) + count
            if bucket not in (REPLACED, ELSEWHERE):
                provider, _, month = at.rpartition("|")
                _count(providers, provider, bucket, count)
                _count(months, month, bucket, count)
    return {
        "source": account.source,
        "staged": sum(account.extracted.values()),
        "brought_by_deltas": account.brought,
        **{bucket: total.get(bucket, 0) for bucket in (*ENDS, MISSING, REPLACED)},
        "providers": dict(sorted(providers.items())),
        "months": dict(sorted(months.items())),
    }


def _buckets(account: Account) -> list[str]:
    return sorted({*account.base, *account.later})


def siblings(taken: Cells, read: Cells) -> Cells:
    """What several rules that share a source's records made of them: each record where the rule that takes it put it.
    ``taken`` is what all of them said; ``read`` what one said, for how many records there are, and how many a delta
    brought again. What no rule takes stays ``elsewhere``."""
    there = totals(read)
    total = {bucket: counts for bucket, counts in taken.items() if bucket not in (ELSEWHERE, REPLACED)}
    if REPLACED in read:
        total[REPLACED] = read[REPLACED]
    put = totals(total)
    left = {at: records - put.get(at, 0) for at, records in there.items() if records > put.get(at, 0)}
    return {**total, ELSEWHERE: left} if left else total
