"""Gaps in a numbering: numbers that the source must have given to somebody whom no list shows (N6)."""

from __future__ import annotations

import re
from array import array
from itertools import pairwise
from typing import Any

MOST_RANGES = 100
_DIGITS = re.compile(r"(\d{1,18})\D*$")


class Numbers:
    """The numbers seen in one field, eight bytes each."""

    def __init__(self) -> None:
        self._seen = array("Q")

    def add(self, value: Any) -> None:
        """See one more value: a number, or a text that ends in one such as ``INV-000123``."""
        found = _DIGITS.search(str(value)) if value is not None else None
        if found:
            self._seen.append(int(found[1]))

    def report(self) -> dict[str, Any]:
        """First and last number, how many in between nobody has, and where (the first hundred places)."""
        seen = sorted(set(self._seen))
        if not seen:
            return {"first": None, "last": None, "missing": 0, "ranges": []}
        ranges = [[low + 1, high - 1] for low, high in pairwise(seen) if high > low + 1]
        missing = sum(high - low + 1 for low, high in ranges)
        return {"first": seen[0], "last": seen[-1], "missing": missing, "ranges": ranges[:MOST_RANGES]}
