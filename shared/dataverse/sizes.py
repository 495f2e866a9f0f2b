"""How many rows go into one bulk message, table by table: as many as pay, found out by what they take. Pure.

A message costs something of its own, so larger ones are cheaper by the row, until they are so large that one takes too
long (a refused one is taken apart, a lost one is read back) or Dataverse refuses it for its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, inf, log2

FIRST, MOST = 100, 1_000
"""Dataverse documents no limit, but recommends 100 to 1,000 (bulk-operations.md)."""
BYTES = 4_000_000
LONGEST = 5.0
"""Seconds of one message. Dataverse gives up after two minutes; whoever waits for a pause should not wait that long."""
_OVERHEAD, _HASTE = 0.01, 0.05
"""So much of a message's time may be its own and not its rows'; and of one that finds a free place, where a larger one
would leave places empty."""
_LOOKS = 4
"""Messages of a size before it is judged."""
_MANY = 16
"""Messages in an average: no two take the same time."""


@dataclass(slots=True)
class _Mean:
    """Of the latest messages of about one size."""

    count: int = 0
    rows: float = 0.0
    seconds: float = 0.0

    def add(self, rows: int, seconds: float) -> None:
        """One more."""
        self.count = min(self.count + 1, _MANY)
        self.rows += (rows - self.rows) / self.count
        self.seconds += (seconds - self.seconds) / self.count


@dataclass(slots=True)
class Size:
    """The message size of one table. ``most`` only ever shrinks: it is what Dataverse refused or took too long for.

    What messages take is a line over their rows: where it begins is what a message costs of its own, its slope is what
    a row costs.
    """

    now: int = FIRST
    most: int = MOST
    _seen: dict[int, _Mean] = field(default_factory=dict)
    """By the binary logarithm of the rows."""
    _looks: int = 0
    _least: float = inf
    """Rows of the smallest message that a free place is worth; unknown at first."""

    def part_of(self, left: int, *, places: int = 1) -> int:
        """Of so many rows, how many go into the next message: about ``now``, as a small rest would cost a whole one;
        fewer where as many messages would find free ``places``, since the rows are there sooner side by side."""
        side_by_side = min(places, int(left / max(FIRST, self._least)))
        return ceil(left / max(round(left / self.now), ceil(left / self.most), side_by_side))

    def took(self, rows: int, seconds: float) -> None:
        """A message of so many rows took so long."""
        if seconds > LONGEST and rows > 1:
            self.shrink(rows, to=int(rows * LONGEST / seconds * 0.8))
        elif 2 * rows >= FIRST and seconds > 0:
            size = round(log2(rows))
            self._seen.setdefault(size, _Mean()).add(rows, seconds)
            self._looks += size == round(log2(self.now))
            if self._looks >= _LOOKS:
                self._looks = 0
                own = self._own()
                self._least = own * (1 / _HASTE - 1)
                self.now = int(max(min(FIRST, self.most), min(own * (1 / _OVERHEAD - 1), 2 * self.now, self.most)))

    def _own(self) -> float:
        """What a message costs of its own, in rows, by a line through what was seen: the one with the least relative
        errors. Infinite where nobody can say."""
        if len(self._seen) == 1:
            return inf
        weighed = [(mean.count / mean.seconds**2, mean.rows, mean.seconds) for mean in self._seen.values()]
        total = sum(weight for weight, _, _ in weighed)
        mean_rows = sum(weight * rows for weight, rows, _ in weighed) / total
        mean_seconds = sum(weight * seconds for weight, _, seconds in weighed) / total
        spread = sum(weight * (rows - mean_rows) ** 2 for weight, rows, _ in weighed)
        row = sum(weight * (rows - mean_rows) * (seconds - mean_seconds) for weight, rows, seconds in weighed) / spread
        request = mean_seconds - row * mean_rows
        return inf if row <= 0 else max(0.0, request / row)

    def shrink(self, rows: int, *, to: int) -> None:
        """A message of so many rows was too large."""
        if rows <= self.most:
            self.most = max(1, min(to, rows - 1))
            self.now = min(self.now, self.most)
            self._looks = 0


class Sizes:
    """The sizes of all tables of one environment."""

    def __init__(self) -> None:
        self._by_table: dict[str, Size] = {}

    def of(self, table: str) -> Size:
        """The size for that table's messages."""
        return self._by_table.setdefault(table, Size())


def fitting(lengths: Iterable[int], *, rows: int) -> int:
    """How many of the next rows, of those ``lengths`` in bytes, go into one message: at most so many rows and ``BYTES``
    bytes, but at least one row."""
    count = size = 0
    for length in lengths:
        size += length
        if count and (count == rows or size > BYTES):
            break
        count += 1
    return count
