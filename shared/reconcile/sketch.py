"""Which ids are in one set and not in another, told from two small summaries of the sets, however large they are.

An invertible Bloom lookup table (Eppstein, Goodrich, Uyeda, Varghese: "What's the Difference?", SIGCOMM 2011). Each id
goes into three cells, which keep a count and exclusive-or sums. Where the summary of one set is taken from that of the
other, what both hold cancels out, and a cell that is left with one id gives it away, which clears two more cells.

The proof needs it so that a row nobody expected can be named without keeping every expected id in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

PARTS = 3
CELLS = PARTS * 256
"""Enough to name about 550 ids of a difference; more of them are still counted."""


@dataclass(slots=True)
class Sketch:
    """A summary of a set of GUIDs. Adding an id a second time undoes the first: add each once."""

    counts: list[int] = field(default_factory=lambda: [0] * CELLS)
    ids: list[int] = field(default_factory=lambda: [0] * CELLS)
    marks: list[int] = field(default_factory=lambda: [0] * CELLS)

    def add(self, guid: str) -> None:
        """Put one id into the set."""
        number = UUID(guid).int
        mark, cells = _places(number)
        for cell in cells:
            self.counts[cell] += 1
            self.ids[cell] ^= number
            self.marks[cell] ^= mark

    def add_all(self, guids: Iterable[str]) -> None:
        """Put ids into the set."""
        for guid in guids:
            self.add(guid)

    def state(self) -> dict[str, Any]:
        """The summary as JSON: the cells that hold anything, as ``cell: [count, ids, marks]`` in hexadecimal."""
        cells = range(CELLS)
        return {
            str(cell): [self.counts[cell], f"{self.ids[cell]:x}", f"{self.marks[cell]:x}"]
            for cell in cells
            if self.counts[cell] or self.ids[cell] or self.marks[cell]
        }

    @classmethod
    def of(cls, state: Mapping[str, Sequence[Any]]) -> Sketch:
        """The summary that ``state`` gave."""
        sketch = cls()
        for cell, (count, ids, marks) in state.items():
            at = int(cell)
            sketch.counts[at], sketch.ids[at], sketch.marks[at] = int(count), int(ids, 16), int(marks, 16)
        return sketch

    def __add__(self, other: Sketch) -> Sketch:
        """The summary of both sets together, which must have no id in common."""
        return self._with(other, 1)

    def __sub__(self, other: Sketch) -> Sketch:
        """The summary of the difference."""
        return self._with(other, -1)

    def _with(self, other: Sketch, sign: int) -> Sketch:
        return Sketch(
            [mine + sign * theirs for mine, theirs in zip(self.counts, other.counts, strict=True)],
            [mine ^ theirs for mine, theirs in zip(self.ids, other.ids, strict=True)],
            [mine ^ theirs for mine, theirs in zip(self.marks, other.marks, strict=True)],
        )

    def __len__(self) -> int:
        return sum(self.counts) // PARTS

    def told(self) -> tuple[list[str], list[str], bool]:
        """Of a difference: the ids only in the first set, those only in the second, and whether these are all."""
        counts, ids, marks = list(self.counts), list(self.ids), list(self.marks)
        first: list[str] = []
        second: list[str] = []
        pure = list(range(CELLS))
        while pure:
            cell = pure.pop()
            number = ids[cell]
            if counts[cell] not in (1, -1) or number >> 128:
                continue
            mark, cells = _places(number)
            if mark != marks[cell]:
                continue
            sign = counts[cell]
            (first if sign == 1 else second).append(str(UUID(int=number)))
            for place in cells:
                counts[place] -= sign
                ids[place] ^= number
                marks[place] ^= mark
            pure += cells
        return sorted(first), sorted(second), not any(counts) and not any(ids)


def _places(number: int) -> tuple[int, list[int]]:
    """An id's check mark, and its cell in each of the three parts."""
    digest = blake2b(number.to_bytes(16, "big"), digest_size=14).digest()
    width = CELLS // PARTS
    spots = (int.from_bytes(digest[start : start + 2], "big") % width for start in (8, 10, 12))
    return int.from_bytes(digest[:8], "big"), [part * width + spot for part, spot in enumerate(spots)]
