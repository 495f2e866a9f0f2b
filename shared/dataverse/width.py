"""How many requests of one user one web server takes at once without getting slower. Pure.

The rule is TCP Vegas's (Brakmo and Peterson 1995): the answers' own slowness says how many of them queue. Execution
time is what Dataverse limits, so a width that only makes every request take longer would spend the budget for nothing.
Single answers say little, as no two messages take the same time: what is compared are averages of many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

FEW, MANY = 0.20, 0.375
"""Shares of the width that may queue: below the first it grows, above the second it shrinks."""
_SCARCE = 0.25
"""So much of that, where execution time is what binds: what queues then costs what others could have used."""
_FADES = 1.0005
"""The fastest average ever seen is forgotten slowly: the environment's own load changes over the day."""
_MANY_ANSWERS, _ENOUGH = 16, 8
"""Answers in an average, and from how many on it says something."""
_GROWS = 0.1
"""Of the width in a round of answers, at least one request."""


class Width:
    """Begins at what Dataverse hints at (or ``start``), doubles with each round until answers get slower, then moves
    by little. ``most`` is never passed; slow answers never take it below ``least``."""

    def __init__(self, *, start: float, most: int, least: float = 1.0) -> None:
        self.most = most
        self.now = min(start, float(most))
        self._least = min(least, float(most))
        self._average: dict[str, tuple[int, float]] = {}
        self._fastest: dict[str, float] = {}
        self._hinted = False
        self._doubling = True

    def hinted(self, hint: int) -> None:
        """The first ``x-ms-dop-hint`` is where to begin; what answers take says more from then on."""
        if not self._hinted:
            self._hinted = True
            self.now = min(float(max(1, hint)), float(self.most))

    def answered(self, like: str, seconds: float, *, filled: float, scarce: bool = False) -> None:
        """An answer came. ``like`` names requests of the same kind and size; ``filled``: the share of the width that
        was in use with it, as a size that was not used was not tried; ``scarce``: execution time is what binds."""
        if (queued := self._queued(like, seconds)) is None:
            return
        strict = _SCARCE if scarce else 1.0
        self._doubling = self._doubling and queued < FEW
        if queued > MANY * strict:
            narrower = self.now - (queued - MANY * strict)  # in a round of answers: by the share that queues
            self.now = max(min(self.now, self._least), narrower)
        elif queued < FEW * strict and filled >= (0.5 if self._doubling else 1.0):
            self.now = min(float(self.most), self.now + (1.0 if self._doubling else max(1.0 / self.now, _GROWS)))

    def _queued(self, like: str, seconds: float) -> float | None:
        """The share of the time that answers of that kind wait for one another; None as long as nobody can say."""
        count, average = self._average.get(like, (0, 0.0))
        average += (seconds - average) / min(count + 1, _MANY_ANSWERS)
        self._average[like] = count + 1, average
        known = self._fastest.get(like) or guess(self._fastest, like)
        if count + 1 < _ENOUGH:
            return None
        fastest = self._fastest[like] = average if known is None else min(average, known * _FADES)
        return 1.0 - fastest / average if average > 0 else 0.0

    def halve(self) -> None:
        """Too many at once, Dataverse says."""
        self._doubling = False
        self.now = max(1.0, self.now / 2)

    def allowed(self) -> int:
        """How many may be under way."""
        return max(1, int(self.now))


def guess(known: Mapping[str, float], like: str) -> float | None:
    """What a request of a size that was never sent may take, by that of the nearest size: as much more as it has more
    rows. ``like`` ends in twice the binary logarithm of them. None where none of its kind is known."""
    kind, _, size = like.rpartition("/")
    larger = {one: int(size) - int(one.rpartition("/")[2]) for one in known if kind and one.startswith(f"{kind}/")}
    if not larger:
        return None
    nearest = min(larger, key=lambda one: abs(larger[one]))
    return known[nearest] * math.sqrt(2.0) ** larger[nearest]
