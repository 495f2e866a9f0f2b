"""Whether a load is as fast at its end as at its beginning: rows a second in the last tenth against the first, by
object.

By object, because a note costs more than an appointment, and they are not loaded at the same time: an object's time
begins when its first row is about to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENOUGH = 10_000
"""Rows of an object, below which a tenth is too few to be timed."""


class Steadiness:
    """Looks at a status again and again while a load goes on."""

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[float, int]]] = {}

    def see(self, now: float, objects: Mapping[str, Mapping[str, Any]]) -> None:
        """How many rows of each object there are now."""
        for name, counts in objects.items():
            so_far = self._seen.setdefault(name, [])
            if so_far and counts["created"] == so_far[-1][1]:
                if len(so_far) == 1:
                    so_far[0] = (now, counts["created"])
                continue
            so_far.append((now, counts["created"]))

    def last_against_first(self) -> dict[str, float]:
        """By object: 1 means that nothing slowed down."""
        found = {}
        for name, seen in self._seen.items():
            least, most = seen[0][1], seen[-1][1]
            tenth = (most - least) / 10
            if most - least < ENOUGH or len(seen) < 20:
                continue
            first = next(at for at, rows in seen if rows >= least + tenth) - seen[0][0]
            last = seen[-1][0] - next(at for at, rows in seen if rows >= most - tenth)
            if first > 0 and last > 0:
                found[name] = first / last
        return found
