"""Which portion of Dataverse's limits one of several processes keeps to, as they ask as the same users. Pure.

Processes hold nothing in common, so each tells the others what it claims of the limits and what it wants of them. Each
may have what it wants, or as much as anybody. A claim is never less than what was used, as that stays on Dataverse's
account for as long as its window. More is taken only of what nobody claims, and only after it was claimed: of two that
want the same, at least one reads the other's claim before it takes anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_NEXT_TO_NOTHING = 0.001
"""What a process has while the others' use fills their account. Not nothing, which nothing could be measured by."""
_LEAST = 0.02
"""What it wants in any case."""
_MORE = 1.5
"""Times what it has: what a process wants that somebody waits in. It may need little more, and what others make free
for it in vain is lost."""
_SPARE = 1.1
"""Times what it used: what a process wants that nobody waits in."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process claims of the limits (its ``share``) and what it ``wants`` of them, as shares of all; what it has
    ``spent``, by its age in parts of the window, the newest first; and for how many seconds it has been ``silent``, if
    it asks nothing any more."""

    share: float
    wants: float
    spent: tuple[float, ...] = ()
    silent: float = 0.0

    def left(self, window: float) -> float:
        """What of it still counts: of what one that has fallen silent has ``spent``, what is not a window old."""
        if not self.silent:
            return self.share
        parts = len(self.spent)
        return sum(part for age, part in enumerate(self.spent) if age + parts * self.silent / window < parts)


@dataclass(frozen=True, slots=True)
class Peers:
    """The claims of the ``others`` that ask one environment, and whether this process has only just ``joined`` them."""

    others: tuple[Claim, ...]
    joined: bool


class Portion:
    """This process's portion, between 0 and 1: what it keeps to ``now``, and what it has ``claimed``, to go over to if
    nobody else has. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self.peers = 1
        self.now = 1.0
        self.claimed = 1.0
        self._changed_at = -math.inf

    def among(self, now: float, peers: Peers, *, used: float, hungry: bool, window: float) -> None:
        """Those are there. ``used``: what this process has on Dataverse's account, as a share of all; ``hungry``: it
        would use more. ``window``: seconds, that Dataverse counts in."""
        here = [other for other in peers.others if not other.silent]
        if len(here) + 1 != self.peers:
            self.peers, self._changed_at = len(here) + 1, now
        hungry = hungry or peers.joined or not here
        there_is = 1.0 - sum(other.left(window) for other in peers.others if other.silent)
        free = there_is - sum(other.share for other in here)
        mine = used if peers.joined else max(self.now, min(self.claimed, free))
        wants = 1.0 if hungry else self.wants(used, hungry=False)
        most = _level(there_is, [wants, *(other.wants for other in here)])
        self.now = self.claimed = max(_NEXT_TO_NOTHING, min(mine, wants, most))
        if hungry:
            takers = 1 + sum(other.share < min(other.wants, most) for other in here)
            self.claimed = max(self.now, min(most, self.now + (free - self.now) / takers))

    def leave(self) -> None:
        """This process claims nothing any more; what little it asks nobody feels."""
        self.peers, self.now, self.claimed = 1, 1.0, 1.0

    def wants(self, used: float, *, hungry: bool) -> float:
        """What the others should leave to this process."""
        return min(1.0, _LEAST + _MORE * self.now) if hungry else max(_LEAST, min(self.now, _SPARE * used))

    def settled(self, now: float, *, window: float) -> bool:
        """Whether as many have been there for so long that no refusal is to blame on a change any more: one may have
        waited for a window."""
        return now - self._changed_at > 2 * window


def _level(there_is: float, wants: Sequence[float]) -> float:
    """The most that anybody gets, where each gets what he wants or as much as anybody (max-min fairness)."""
    for number, want in enumerate(sorted(wants)):
        equal = there_is / (len(wants) - number)
        if want >= equal:
            return equal
        there_is -= want
    return 1.0
