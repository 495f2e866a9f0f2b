"""Appointments: visits on working days, and the dirt every diary has, both clock changes among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from sandbox.corepractice.chance import Dice
from sandbox.corepractice.local_clock import SUNDAY
from sandbox.corepractice.names import CANCELLED_REASONS, REASONS
from sandbox.corepractice.shapes import APPOINTMENT_STATUSES, APPOINTMENT_TYPES, Record
from sandbox.corepractice.timeline import DAY

CLOCK_CHANGES = ("clock_ends_first", "clock_ends_second", "clock_starts_before", "clock_starts_after")

# card -> (copies in a thousand, of these among the first fifty appointments)
ODDITIES: Mapping[str, tuple[int, int]] = {
    "hidden_patient": (8, 2),
    "gone_patient": (3, 1),
    "unknown_patient": (3, 1),
    "no_patient": (2, 1),
    "no_provider": (10, 1),
    "departed_provider": (15, 1),
    "no_location": (3, 1),
    "zero_duration": (5, 1),
    "long_reason": (3, 1),
    "never_closed": (20, 1),
    **dict.fromkeys(CLOCK_CHANGES, (2, 1)),
}


@dataclass(frozen=True)
class ClockChanges:
    """In seconds since 1970: the last change back (an hour happens twice) and forward (an hour is left out)."""

    back: int
    forward: int


@cache
def clock_changes(zone_name: str) -> ClockChanges | None:
    """Both changes of 2024 in this zone; None where clocks never change."""
    zone = ZoneInfo(zone_name)
    begin = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    found: dict[bool, int] = {}
    for hour in range(begin, begin + 366 * DAY, 3600):
        before, after = (datetime.fromtimestamp(at, zone).utcoffset() for at in (hour - 1, hour))
        if before is not None and after is not None and before != after:
            found[after > before] = hour
    return ClockChanges(back=found[False], forward=found[True]) if len(found) == 2 else None


def odd_hour(card: str, changes: ClockChanges) -> int:
    """When a clock-change appointment starts: the repeated half past two twice, or around the missing hour."""
    return {
        "clock_ends_first": changes.back - 1800,
        "clock_ends_second": changes.back + 1800,
        "clock_starts_before": changes.forward - 900,
        "clock_starts_after": changes.forward + 900,
    }[card]


def working_time(dice: Dice, day: int) -> tuple[int, int]:
    """Days since 1970 and seconds of the day, a quarter of an hour from eight to a quarter to six; never a Sunday."""
    return day - (day % 7 == SUNDAY), 8 * 3600 + dice.below(40) * 900


def appointment(dice: Dice, number: int, card: str, *, past: bool) -> Record:
    """What happens at the visit, without ids and times; the first sixty go through every type and status."""
    kind = APPOINTMENT_TYPES[number % 10] if number < 60 else dice.of(APPOINTMENT_TYPES)
    status = _status(dice, past) if number >= 60 else APPOINTMENT_STATUSES[number % 6]
    if card == "never_closed":
        status = "booked"
    reason = dice.of(REASONS) if dice.maybe(0.6) else None
    return {
        "duration_minutes": 0 if card == "zero_duration" else dice.of((15, 30, 30, 45, 60, 90)),
        "type": kind,
        "status": status,
        "chair": f"Surgery {1 + dice.below(4)}" if dice.maybe(0.95) else None,
        "reason": "Asked for a quotation; see e-mail. ✉ " * 100 if card == "long_reason" else reason,
        "cancelled_reason": dice.of(CANCELLED_REASONS) if status == "cancelled" else None,
    }


def _status(dice: Dice, past: bool) -> str:
    draw = dice.below(100)
    if past:
        return "completed" if draw < 82 else "cancelled" if draw < 92 else "failed_to_attend"
    return "booked" if draw < 60 else "confirmed" if draw < 92 else "cancelled"
