"""Gaps in a numbering: numbers that the source must have given to somebody whom no list shows (N6)."""

from __future__ import annotations

import re
from array import array
from heapq import merge
from typing import Any

MOST_RANGES, AT_ONCE = 100, 4_096
_DIGITS = re.compile(r"(\d{1,18})\D*$")


class Numbers:
    """The numbers seen in one field, eight bytes each."""

    def __init__(self) -> None:
        self._sorted: list[array[int]] = []
        self._latest: list[int] = []

    def add(self, value: Any) -> None:
        """See one more value: a number, or a text that ends in one such as ``INV-000123``."""
        found = _DIGITS.search(str(value)) if value is not None else None
        if found:
            self._latest.append(int(found[1]))
            if len(self._latest) == AT_ONCE:
                self._put_away()

    def _put_away(self) -> None:
        self._sorted.append(array("Q", sorted(self._latest)))
        self._latest.clear()

    def report(self) -> dict[str, Any]:
        """First and last number, how many in between nobody has, and where (the first hundred places)."""
        self._put_away()
        first = last = None
        missing, ranges = 0, list[list[int]]()
        for number in merge(*self._sorted):
            if last is not None and number > last + 1:
                missing += number - last - 1
                if len(ranges) < MOST_RANGES:
                    ranges.append([last + 1, number - 1])
            first, last = number if first is None else first, number
        return {"first": first, "last": last, "missing": missing, "ranges": ranges}
