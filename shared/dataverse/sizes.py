"""How many rows go into one bulk message, table by table: as many as pay, found out by what they take. Pure.

A message costs something of its own, so larger ones are cheaper by the row, until they are so large that one takes too
long (a refused one is taken apart, a lost one is read back) or Dataverse refuses it for its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

FIRST, MOST = 100, 1_000
"""Dataverse documents no limit, but recommends 100 to 1,000 (bulk-operations.md)."""
BYTES = 4_000_000
LONGEST = 5.0
"""Seconds of one message. Dataverse gives up after two minutes; whoever waits for a pause should not wait that long."""
_PAYS = 0.985
"""A larger message has to be at least so much cheaper by the row."""
_LOOKS = 4
"""Messages of a size before it is judged, by the fastest of them: what disturbs one only ever makes it slower."""
_REST = 32
"""Messages after which a doubling that did not pay is tried once more: the environment may have been busy."""


@dataclass(slots=True)
class Size:
    """The message size of one table. ``most`` only ever shrinks: it is what Dataverse refused or took too long for."""

    now: int = FIRST
    most: int = MOST
    _fastest: dict[int, float] = field(default_factory=dict)
    _looks: int = 0
    _trying: int = 0
    """The size to go back to, if the present one does not pay; 0 when none is being tried."""

    def part_of(self, left: int) -> int:
        """Of so many rows, how many go into the next message: about ``now``, as a small rest would cost a whole one."""
        messages = max(round(left / self.now), ceil(left / self.most))
        return ceil(left / messages)

    def took(self, rows: int, seconds: float) -> None:
        """A message of so many rows took so long."""
        if seconds > LONGEST and rows > 1:
            self.shrink(rows, to=int(rows * LONGEST / seconds * 0.8))
        elif 0.5 < rows / self.now <= 2:
            each = seconds / rows
            self._fastest[self.now] = min(each, self._fastest.get(self.now, each))
            self._looks += 1
            if self._looks >= (_LOOKS if self._trying or len(self._fastest) == 1 else _REST):
                self._judge()

    def _judge(self) -> None:
        """Keep what was tried if it paid, and then try twice as many; else go back."""
        self._looks = 0
        if self._trying and self._fastest[self.now] > self._fastest[self._trying] * _PAYS:
            self.now, self._trying = self._trying, 0
            return
        larger = min(2 * self.now, self.most)
        self._trying = self.now if larger > self.now else 0
        self.now = larger

    def shrink(self, rows: int, *, to: int) -> None:
        """A message of so many rows was too large."""
        if rows <= self.most:
            self.most = max(1, min(to, rows - 1))
            self.now = min(self.now, self.most)
            self._looks = self._trying = 0


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
