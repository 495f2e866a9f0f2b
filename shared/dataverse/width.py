"""How many requests of one user one web server takes at once without getting slower. Pure.

The rule is TCP Vegas's (Brakmo and Peterson 1995): the answers' own slowness says how many of them queue. Execution
time is what Dataverse limits, so a width that only makes every request take longer would spend the budget for nothing.
"""

from __future__ import annotations

FEW, MANY = 0.10, 0.20
"""Shares of the width that may queue: below the first it grows, above the second it shrinks."""
_FADES = 1.002
"""The fastest answer ever seen is forgotten slowly: the environment's own load changes over the day."""


class Width:
    """Begins at what Dataverse hints at (or ``start``), doubles with each round until answers get slower, then moves
    by one a round. ``most`` is never passed."""

    def __init__(self, *, start: float, most: int) -> None:
        self.most = most
        self.now = min(start, float(most))
        self._fastest: dict[str, float] = {}
        self._hinted = False
        self._doubling = True

    def hinted(self, hint: int) -> None:
        """The first ``x-ms-dop-hint`` is where to begin; what answers take says more from then on."""
        if not self._hinted:
            self._hinted = True
            self.now = min(float(max(1, hint)), float(self.most))

    def answered(self, like: str, seconds: float, *, busy: bool) -> None:
        """An answer came. ``like`` names requests of the same kind and size; ``busy``: the whole width was in use, so
        that its size is what was tried."""
        known = self._fastest.get(like)
        fastest = self._fastest[like] = seconds if known is None else min(seconds, known * _FADES)
        queued = 1.0 - fastest / seconds if seconds > 0 else 0.0
        self._doubling = self._doubling and queued < FEW
        if queued > MANY:
            self.now = max(1.0, self.now - (queued - MANY))  # in a round of answers: by the share that queues
        elif busy and queued < FEW:
            self.now = min(float(self.most), self.now + (1.0 if self._doubling else 1.0 / self.now))

    def halve(self) -> None:
        """Too many at once, Dataverse says."""
        self._doubling = False
        self.now = max(1.0, self.now / 2)

    def allowed(self) -> int:
        """How many may be under way."""
        return max(1, int(self.now))
