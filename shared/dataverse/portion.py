"""Which portion of Dataverse's limits one of several processes keeps to, as they ask as the same users. Pure.

Processes hold nothing in common, so each keeps to an equal part. When their number changes, the others' past use stays
on Dataverse's account for as long as its window, and so a larger portion is gone over to slowly, a smaller one at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Peers:
    """How many processes ask one environment, this one among them; whether this one has only just ``joined`` them, and
    how many seconds the one that has been there longest came before it (``ahead``)."""

    count: int
    joined: bool
    ahead: float


class Portion:
    """This process's portion, between 0 and 1. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self.peers = 1
        self._first, self._last = 1.0, 1.0
        self._told_at = -math.inf

    def among(self, now: float, peers: Peers, *, window: float) -> None:
        """There are so many of them. ``window``: seconds, that Dataverse counts in."""
        last = 1.0 / peers.count
        if peers.count == self.peers == 1:
            return
        if peers.joined:
            spent = min(1.0, peers.ahead / window)  # by those who were here: what they did not use we may, at once
            self._first = last * (1.0 - spent)
        elif peers.count != self.peers:
            self._first = min(last, self.at(now, window=window))
        else:
            return
        self.peers, self._last, self._told_at = peers.count, last, now

    def settled(self, now: float, *, window: float) -> bool:
        """Whether it has been the same for so long that no refusal is to blame on the change any more: one may have
        waited for a window."""
        return now - self._told_at > 2 * window

    def at(self, now: float, *, window: float) -> float:
        """The portion at that moment."""
        gone = min(1.0, (now - self._told_at) / window)
        return max(_LEAST, self._first + gone * (self._last - self._first))
