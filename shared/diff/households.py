"""Who belongs to one household: by the mark of its id, eight bytes a patient."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from heapq import merge

LARGEST = 20
"""What has more members is a mistake in the list or a nursing home; the sample could hold little beside it."""
PART = 10_000
"""Marks that are Python's numbers at a time: all of them would take five times what they do in an array."""
SIZES = {1: "one patient", 2: "two patients"}


class Households:
    """By the place of each patient in the crosswalk's index."""

    def __init__(self, patients: int) -> None:
        self._marks = array("Q", bytes(8 * patients))
        self._sorted = array("Q")

    def join(self, place: int, mark: int) -> None:
        """Put a patient into the household of that mark."""
        self._marks[place] = mark or 1

    def settle(self) -> None:
        """Every patient has joined: households can be told by their size."""
        parts = (self._marks[start : start + PART] for start in range(0, len(self._marks), PART))
        self._sorted = array("Q", merge(*[array("Q", sorted(mark for mark in part if mark)) for part in parts]))

    def of(self, place: int) -> int:
        """The mark of a patient's household, if it is kept whole; else 0."""
        mark = self._marks[place] if place >= 0 else 0
        return mark if mark and self.members(mark) <= LARGEST else 0

    def members(self, mark: int) -> int:
        """How many patients a household has."""
        return bisect_right(self._sorted, mark) - bisect_left(self._sorted, mark)

    def size(self, place: int) -> str:
        """What kind of household a patient lives in; empty where in none."""
        mark = self._marks[place] if place >= 0 else 0
        return _size(self.members(mark)) if mark else ""

    def first(self, most: int) -> dict[str, list[int]]:
        """The first few households of each size, in an order that is the same every time."""
        found: dict[str, list[int]] = {}
        for mark, members in self._each():
            marks = found.setdefault(_size(members), [])
            if len(marks) < most:
                marks.append(mark)
        return found

    def too_large(self) -> int:
        """How many households are too large to be kept whole."""
        return sum(members > LARGEST for _, members in self._each())

    def _each(self) -> Iterator[tuple[int, int]]:
        place = 0
        while place < len(self._sorted):
            mark = self._sorted[place]
            after = bisect_right(self._sorted, mark, place)
            yield mark, after - place
            place = after


def _size(members: int) -> str:
    return SIZES.get(members, f"more than {LARGEST} patients" if members > LARGEST else "several patients")
