"""NCRONTAB, the schedules of timer triggers: `{second} {minute} {hour} {day} {month} {day-of-week}`, in UTC.

Rules from the Functions documentation and the NCrontab library: five fields mean second 0; names of months and days
are allowed; day and day-of-week must *both* match (classic cron takes either); Sunday is 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_TIMESPAN = re.compile(r"^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$")
_YEARS_TO_SEARCH = 9  # 29 February on a given weekday recurs within 28 years, on any day within 8


@dataclass(frozen=True)
class Cron:
    """Six sets of allowed numbers."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, moment: float) -> float:
        """The first occurrence later than `moment`, seconds since 1970; ValueError if there is none."""
        start = datetime.fromtimestamp(moment, UTC).replace(microsecond=0) + timedelta(seconds=1)
        for day in self._days_from(start):
            floor = start if day.date() == start.date() else day
            for hour in self.hours:
                for minute in self.minutes:
                    for second in self.seconds:
                        found = day.replace(hour=hour, minute=minute, second=second)
                        if found >= floor:
                            return found.timestamp()
        raise ValueError("the schedule never occurs")

    def _days_from(self, start: datetime) -> Iterator[datetime]:
        day = start.replace(hour=0, minute=0, second=0)
        end = day + timedelta(days=366 * _YEARS_TO_SEARCH)
        while day < end:
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if day.day in self.days and day.isoweekday() % 7 in self.weekdays:
                yield day
            day += timedelta(days=1)


@dataclass(frozen=True)
class Every:
    """A TimeSpan schedule (`00:05:00`): a fixed distance from one run to the next."""

    seconds: float

    def after(self, moment: float) -> float:
        return moment + self.seconds


def parse(text: str) -> Cron | Every:
    """The schedule that `text` describes; ValueError says which field is wrong."""
    span = _TIMESPAN.match(text.strip())
    if span:
        days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
        total = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        if total <= 0:
            raise ValueError(f"schedule {text!r}: the interval must be positive")
        return Every(total)
    parts = text.split()
    if len(parts) == 5:
        parts = ["0", *parts]
    if len(parts) != 6:
        raise ValueError(f"schedule {text!r}: six fields are needed (five when seconds are left out)")
    sets = [_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)]
    return Cron(
        seconds=tuple(sorted(sets[0])),
        minutes=tuple(sorted(sets[1])),
        hours=tuple(sorted(sets[2])),
        days=frozenset(sets[3]),
        months=frozenset(sets[4]),
        weekdays=frozenset(sets[5]),
    )


def _field(text: str, name: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if step and (not step.isdigit() or int(step) == 0):
            raise ValueError(f"{name}: {part!r} has no usable step")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            left, _, right = span.partition("-")
            first, last = _number(left, name, names), _number(right, name, names)
        else:
            first = _number(span, name, names)
            last = high if step else first
        if not low <= first <= last <= high:
            raise ValueError(f"{name}: {part!r} is not within {low}-{high}")
        allowed.update(range(first, last + 1, int(step or 1)))
    return allowed


def _number(text: str, name: str, names: dict[str, int]) -> int:
    if text.isdigit():
        return int(text)
    # NCrontab takes any unambiguous beginning of a name; the first three letters always are one.
    found = names.get(text[:3].lower()) if len(text) >= 3 else None
    if found is None:
        raise ValueError(f"{name}: {text!r} is not a number")
    return found
