"""Decides who runs next: instances and entities with something to take, each by one turn at a time.

An instance is marked when a message for it is committed, here or by another host, when a timer falls due, or when its
own last turn left something behind. Marks of instances that another host keeps are let go.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable

from ..clock import Clock

log = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.2, 30.0


class Dispatcher:
    """Runs `turn(instance_id)` for marked instances, at most `limit` together.

    `turn` answers how many seconds to rest before the instance is looked at again: 0 for at once, None for not until
    it is marked. While it rests or runs, marks are kept.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limit: int,
        turn: Callable[[str], Awaitable[float | None]],
        keeps: Callable[[str], bool],
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._turn = turn
        self._keeps = keeps
        self._ready: dict[str, None] = {}
        self._occupied: dict[str, bool] = {}  # running or resting -> marked meanwhile
        self._faults: dict[str, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._alarms: list[tuple[float, str]] = []
        self._waker = asyncio.Event()
        self._alarm_task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._alarm_task = asyncio.create_task(self._ring())

    async def stop(self) -> None:
        """No new turns; those under way may end (their work is committed or not, never half)."""
        self._stopping = True
        if self._alarm_task:
            self._alarm_task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=5)
        for task in self._running:
            task.cancel()

    def mark(self, instance_id: str) -> None:
        """Something arrived for this instance."""
        if not self._keeps(instance_id):
            return
        if instance_id in self._occupied:
            self._occupied[instance_id] = True
        else:
            self._ready[instance_id] = None
            self._fill()

    def mark_at(self, instance_id: str, due: float) -> None:
        """Something for this instance falls due at this moment of the clock."""
        if due <= self._clock.now():
            self.mark(instance_id)
            return
        if not self._keeps(instance_id):
            return
        heapq.heappush(self._alarms, (due, instance_id))
        if self._alarms[0][0] == due:
            self._waker.set()

    async def _ring(self) -> None:
        while True:
            self._waker.clear()
            now = self._clock.now()
            while self._alarms and self._alarms[0][0] <= now:
                self.mark(heapq.heappop(self._alarms)[1])
            await self._clock.wait(self._alarms[0][0] if self._alarms else None, self._waker)

    def _fill(self) -> None:
        while self._ready and len(self._running) < self._limit and not self._stopping:
            instance_id = next(iter(self._ready))
            del self._ready[instance_id]
            self._occupied[instance_id] = False
            task = asyncio.create_task(self._run(instance_id))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._fill()

    async def _run(self, instance_id: str) -> None:
        rest: float | None
        try:
            rest = await self._turn(instance_id)
            self._faults.pop(instance_id, None)
        except Exception:
            # A fault of the host, not of the app: nothing was committed, so the turn is taken again later.
            count = self._faults[instance_id] = self._faults.get(instance_id, 0) + 1
            rest = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** (count - 1))
            log.exception("A turn of %s was abandoned; it is tried again in %.1f s", instance_id, rest)
            self._occupied[instance_id] = True
        marked = self._occupied[instance_id]
        if rest:
            self._occupied[instance_id] = marked
            asyncio.get_running_loop().call_later(rest, self._rested, instance_id)
            return
        del self._occupied[instance_id]
        if marked or rest == 0:
            self.mark(instance_id)

    def _rested(self, instance_id: str) -> None:
        # A rest is only ever asked for when something is, or will be, there to take.
        self._occupied.pop(instance_id, None)
        if not self._stopping:
            self.mark(instance_id)
