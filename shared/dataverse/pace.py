"""How many requests may be on their way at once: up slowly while all goes well, down at once when told to.

The controller is pure (the clock is an argument); the gate lets coroutines wait for it. Dataverse charges its limits to
the calling user, so every caller in the process has to share one gate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

CEILING = 52
"""Dataverse refuses more concurrent requests of one user than this (api-limits.md)."""


class Pace:
    """Additive increase, multiplicative decrease, and one closed door for everybody after a throttle."""

    def __init__(self, *, start: float = 8.0, ceiling: float = CEILING) -> None:
        self.limit = min(start, ceiling)
        self.ceiling = ceiling
        self.closed_until = 0.0

    def succeeded(self, *, hint: int | None = None) -> None:
        """One request went well. ``hint`` is the answer's x-ms-dop-hint: more than that lowers throughput."""
        if hint is not None and hint >= 1:
            self.ceiling = min(float(hint), CEILING)
        self.limit = min(self.limit + 1.0 / max(self.limit, 1.0), self.ceiling)

    def throttled(self, now: float, wait: float) -> None:
        """A request was refused for going too fast. A burst of refusals counts as one: they share a cause."""
        if now >= self.closed_until:
            self.limit = max(1.0, self.limit / 2)
        self.closed_until = max(self.closed_until, now + wait)

    def allowed(self) -> int:
        """How many requests may be under way now."""
        return max(1, int(self.limit))

    def wait(self, now: float) -> float:
        """Seconds until the door opens again; 0 when it is open."""
        return max(0.0, self.closed_until - now)


class Gate:
    """Lets callers through in order as the pace allows. ``clock`` is in seconds."""

    def __init__(
        self,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.pace = pace or Pace()
        self.clock = clock
        self.sleep = sleep
        self.under_way = 0
        self._room = asyncio.Condition()

    async def enter(self, *, patience: float) -> float:
        """Wait for a place. 0 when it was given; else the seconds still closed, when that is beyond ``patience``."""
        while True:
            wait = self.pace.wait(self.clock())
            if wait > patience:
                return wait
            if wait > 0:
                patience -= wait
                await self.sleep(wait)
                continue
            async with self._room:
                if self.under_way < self.pace.allowed():
                    self.under_way += 1
                    return 0.0
                await self._room.wait()

    async def leave(self) -> None:
        """Give the place back."""
        async with self._room:
            self.under_way -= 1
            self._room.notify_all()
