"""Jumps of the clock, kept in the state file: one moves the clocks of all hosts, and outlives them."""

from __future__ import annotations

from .clock import Clock
from .store.database import Database

OFFSET = "clock.offset"


def jumped(database: Database) -> float:
    """Seconds by which the hosts' clock is ahead of the wall's."""
    return float(database.setting(OFFSET) or 0)


def jump(database: Database, clock: Clock, seconds: float) -> None:
    """Move forward, here at once and elsewhere at the next look."""
    with database.transaction():
        offset = max(jumped(database), clock.offset) + seconds
        database.keep_setting(OFFSET, repr(offset))
    clock.advance(offset - clock.offset)


def follow(database: Database, clock: Clock) -> None:
    """Catch up with a jump that was made at another host."""
    ahead = jumped(database) - clock.offset
    if ahead > 0:
        clock.advance(ahead)
