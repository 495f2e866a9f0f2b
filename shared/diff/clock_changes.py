"""When the clocks of a zone change, and how near to such a change a moment is."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

DAY = 86_400
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
FORWARD, BACK = "the clocks go forward", "the clocks go back"


@cache
def changes(zone: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Every change of a zone, in seconds since 1970, and which way each of them goes."""
    where = ZoneInfo(zone)
    moments, ways = [], []
    last = int(LAST.timestamp())
    before = _offset(where, int(FIRST.timestamp()))
    for midnight in range(int(FIRST.timestamp()), last, DAY):
        after = _offset(where, midnight)
        if after != before:
            moments.append(_moment(where, midnight - DAY, midnight))
            ways.append(FORWARD if after > before else BACK)
            before = after
    return tuple(moments), tuple(ways)


def _offset(zone: ZoneInfo, at: int) -> float:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _moment(zone: ZoneInfo, low: int, high: int) -> int:
    """The first second of the new offset between two moments with different ones."""
    old = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == old else (low, middle)
    return high


@cache
def days_near(zone: str) -> frozenset[str]:
    """The days around every change, as a moment may begin whatever offset it is written in."""
    moments, _ = changes(zone)
    days = (datetime.fromtimestamp(at + days * DAY, UTC) for at in moments for days in (-2, -1, 0, 1, 2))
    return frozenset(day.date().isoformat() for day in days)


def near(zone: str, said: str, at: float) -> list[tuple[str, float]]:
    """The sides of changes that a moment is on, within a day of them, each with its distance in seconds. ``said`` is
    the moment as it is written: most are on no such day, which is quicker to see than how far each is."""
    if said[:10] not in days_near(zone):
        return []
    moments, ways = changes(zone)
    place = bisect_right(moments, at)
    found = []
    if place and at - moments[place - 1] < DAY:
        found.append((f"after {ways[place - 1]}", at - moments[place - 1]))
    if place < len(moments) and moments[place] - at <= DAY:
        found.append((f"before {ways[place]}", moments[place] - at))
    return found
