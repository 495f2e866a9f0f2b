"""The one clock that every durable timer and every cron schedule reads, so that a test can move it.

It only ever moves forward: the wall clock plus an offset. Seconds since 1970, UTC, throughout the host.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Now, plus a way to sleep that a jump cuts short."""

    def __init__(self, *, offset: float = 0.0, wall: Callable[[], float] = time.time) -> None:
        self.offset = offset
        self._wall = wall
        self._wakers: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()

    def now(self) -> float:
        return self._wall() + self.offset

    def advance(self, seconds: float) -> None:
        """Move forward and wake every sleeper; ValueError for a step back, which no timer could honour."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.offset += seconds
        for waker in list(self._wakers):
            waker.set()

    async def wait(self, until: float | None, waker: asyncio.Event) -> None:
        """Return when the clock reaches `until` (None: never), when `waker` is set, or when the clock jumps.

        The caller clears the waker before looking at its own state, and looks again after every return.
        """
        self._wakers.add(waker)
        seconds = None if until is None else max(0.0, until - self.now())
        try:
            async with asyncio.timeout(seconds):
                await waker.wait()
        except TimeoutError:
            return

    async def sleep(self, seconds: float) -> None:
        """Sleep by this clock: a jump past the end ends the sleep."""
        end, waker = self.now() + seconds, asyncio.Event()
        while self.now() < end:
            waker.clear()
            await self.wait(end, waker)


def iso(moment: float) -> str:
    """`2026-01-31T10:00:00.000000Z`: the form in histories and in the worker's protocol."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_seconds(moment: float) -> str:
    """`2026-01-31T10:00:00Z`: the form in status answers."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> float:
    """Seconds since 1970 of an ISO date and time; one without a zone is taken as UTC. ValueError if it is none."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
