"""When things happened: tracks that lay any number of records along a span of time, in closed form.

Paging by `updated_at` through a clinic of two million patients without an index needs a function from a position
in time to a record and back. A track is that function: position p of `count` owns the p-th slot of the span, and
a multiplier coprime to `count` decides which record sits there.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.corepractice.records import Slip


def _seconds(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


OPENED = _seconds(2009, 2, 2)  # the practice's first day
DIARY_OPENED = _seconds(2019, 7, 1)  # appointments were kept elsewhere before
MOVED = _seconds(2023, 7, 1)  # into Core Practice: no record was touched later than ENDED or earlier than this
ENDED = _seconds(2025, 6, 30)  # the last day of the seeded story, always in the past
DAY = 86_400

BLOCK = 10  # positions; every eighth block was written by one bulk edit and shares one instant
SHORTEST_SLOT = 4  # seconds, so that two slots never fall into the same second


@dataclass(frozen=True)
class Track:
    """Records `first` to `first + count - 1`, one per slot between `opens` and `closes` (seconds since 1970)."""

    first: int
    count: int
    opens: int
    closes: int
    shuffled: bool = False
    multiplier: int = field(init=False, default=1)
    inverse: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        if self.count and (self.closes - self.opens) / self.count < SHORTEST_SLOT:
            raise ValueError(f"{self.count:,} records do not fit between the first and the last day of the story")
        if self.shuffled:
            multiplier = int(self.count * 0.6180339887) | 1
            while math.gcd(multiplier, self.count) > 1:
                multiplier += 2
            object.__setattr__(self, "multiplier", multiplier)
            object.__setattr__(self, "inverse", pow(multiplier, -1, self.count) if self.count else 1)

    def index(self, position: int) -> int:
        return self.first + position * self.multiplier % self.count

    def position(self, index: int) -> int:
        return (index - self.first) * self.inverse % self.count

    def instant(self, index: int) -> int:
        """When the record was last touched, in seconds since 1970."""
        return self._at(self.position(index))

    def _at(self, position: int) -> int:
        slot = (self.closes - self.opens) / self.count
        if position // BLOCK % 8 == 3:
            return self.opens + int((position - position % BLOCK) * slot)
        return self.opens + int((position + position * 2_654_435_761 % 700 / 1000) * slot)

    def slips(self, since: int, slip: Callable[[int, int], Slip | None]) -> Iterator[Slip]:
        """Slips by (updated, id) from `since` (microseconds) on; `slip(index, seconds)` is None for hidden ones."""
        if not self.count:
            return
        slot = (self.closes - self.opens) / self.count
        start = max(0, int((since / 1_000_000 - self.opens) / slot) - BLOCK) // BLOCK * BLOCK
        for begin in range(start, self.count, BLOCK):
            block = []
            for position in range(begin, min(begin + BLOCK, self.count)):
                found = slip(self.index(position), self._at(position))
                if found is not None and found.updated >= since:
                    block.append(found)
            block.sort()
            yield from block


@dataclass(frozen=True)
class Following:
    """Records touched in the wake of others: `instant_of` never falls as numbers rise, so it can be searched."""

    first: int
    count: int
    instant_of: Callable[[int], int]

    def instant(self, index: int) -> int:
        return self.instant_of(index)

    def first_at(self, seconds: float) -> int:
        """The first record touched then or later; beyond the last one where there is none."""
        numbers = range(self.first, self.first + self.count)
        return self.first + bisect.bisect_left(numbers, seconds, key=self.instant_of)

    def slips(self, since: int, slip: Callable[[int, int], Slip | None]) -> Iterator[Slip]:
        for index in range(self.first_at(since / 1_000_000), self.first + self.count):
            found = slip(index, self.instant_of(index))
            if found is not None:
                yield found
