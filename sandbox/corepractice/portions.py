"""Families of records in closed form: a row of sizes that repeats says how many children each parent has.

Child to parent, parent to children and the count of all are each one division away, for two million parents as for
two; so an invoice finds its lines, and a line its invoice, without anybody keeping a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


class Portions:
    """Parent n has `sizes[n % len(sizes)]` children; children are numbered through in the order of parents."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self._starts = (0, *accumulate(self.sizes))
        self.total = self._starts[-1]
        self._owners = tuple((parent, place) for parent, size in enumerate(self.sizes) for place in range(size))

    def before(self, parent: int) -> int:
        """How many children the first `parent` parents have, which is the number of the next one's first child."""
        rounds, place = divmod(parent, len(self.sizes))
        return rounds * self.total + self._starts[place]

    def children(self, parent: int) -> range:
        first = self.before(parent)
        return range(first, first + self.sizes[parent % len(self.sizes)])

    def parent(self, child: int) -> tuple[int, int]:
        """The parent's number, and the child's place among its siblings, from 0."""
        rounds, place = divmod(child, self.total)
        parent, sibling = self._owners[place]
        return rounds * len(self.sizes) + parent, sibling
