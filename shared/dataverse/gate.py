"""Where coroutines wait for their turn at Dataverse: writes before reads that can wait, otherwise first come first
served.

One gate per environment and process, because every lane shares what Dataverse allows its users.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from shared.dataverse.pace import Pace, Place
from shared.dataverse.portion import Claim, Peers
from shared.errors import Failure

MET_EVERY, GONE, SOON = 1 / 100, 1 / 10, 1 / 1000
"""Of the window that Dataverse counts in: how often the processes that ask tell one another what they claim, after how
long one that was silent is gone, and after how long one that has just come may take what it claims."""
_LITTLE = 0.01
"""Of what a user may use of a server. A process that uses no more (a customer's question about one row) is not counted:
it takes no part of the limits away from those that load."""
_LESS = 0.005
"""One that was counted is so until it uses no more than this: who came and went would disturb the others each time."""


class Meets(Protocol):
    """Where the processes that ask meet."""

    async def meet(self, among: Callable[[Peers], Claim], *, within: float) -> None:
        """What ``among`` says to the others' claims is told to them. Who told nothing ``within`` so many seconds is
        gone."""

    async def leave(self) -> None:
        """This process claims nothing any more."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """Somebody who waits, and how many seconds he would wait behind a closed gate."""

    like: str
    user: int | None
    patience: float
    place: asyncio.Future[Place | float]


class Gate:
    """Lets requests through as the pace allows. ``clock`` is in seconds. ``peers``: where the processes meet
    that share the limits."""

    def __init__(
        self,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        peers: Meets | None = None,
    ) -> None:
        self.pace = pace or Pace()
        self.clock = clock
        self.sleep = sleep
        self.under_way = 0
        self._queues: tuple[deque[_Turn], deque[_Turn]] = (deque(), deque())
        self._behind: deque[asyncio.Future[bool]] = deque()
        self._alarm: asyncio.Task[None] | None = None
        self._rings_at = math.inf
        self._peers = peers
        self._met = peers is None
        self._meeting: asyncio.Task[None] | None = None

    @property
    def free(self) -> int:
        """How many places would be left over if all who wait had theirs."""
        return max(0, self.pace.free(self.clock()) - sum(map(len, self._queues)) - len(self._behind))

    def _takes_part(self, least: float) -> bool:
        """Whether this process has used more than that lately, or somebody waits because of the others."""
        waits = self.pace.portion.now < 1.0 and any(self._queues)
        return waits or self.pace.used(self.clock()) > least

    async def clear(self) -> None:
        """Until it is time to join the writes that wait: none does, or one of them went. Whoever makes his message only
        then makes it by the latest that is known."""
        while self._queues[False]:
            called = asyncio.get_running_loop().create_future()
            self._behind.append(called)
            try:
                if await called:
                    return
            finally:
                self._call_next()

    async def enter(
        self, like: str, *, patience: float, yields: bool = False, user: int | None = None
    ) -> Place | float:
        """A place; or the seconds still to wait, when a refusal has closed the gate for longer than ``patience``.

        ``yields``: it lets everybody pass who does not. ``user``: only as that one. What our own book says has to be
        waited for is waited for, however long: at most the window that Dataverse counts in.
        """
        place: asyncio.Future[Place | float] = asyncio.get_running_loop().create_future()
        turn = _Turn(like, user, patience, place)
        self._queues[yields].append(turn)
        self._admit()
        try:
            return await place
        except asyncio.CancelledError:
            self._forget(turn)
            raise

    def leave(self) -> None:
        """A place was given back; how the request went has been told to the pace."""
        self.under_way -= 1
        self._admit()

    def close(self) -> None:
        """Nobody asks any more."""
        for task in (self._alarm, self._meeting):
            if task is not None:
                task.cancel()

    def _admit(self) -> None:
        """Give away what places there are, and see to it that somebody looks again when there will be more."""
        if self._peers is not None and self._meeting is None and self._takes_part(_LITTLE):
            self._meeting = asyncio.ensure_future(self._meet(self._peers))
        if self._meeting is not None and not self._met:
            return
        soonest = math.inf
        for queue in self._queues:
            waiting: deque[_Turn] = deque()
            while queue:
                turn = queue.popleft()
                if (wait := self._given(turn)) > 0:
                    soonest = min(soonest, wait)
                    waiting.append(turn)
                    if turn.user is None:
                        break
                elif queue is self._queues[False]:
                    self._call(come=True)  # for each who leaves the queue one may come, or they might wait for ever
            queue.extendleft(reversed(waiting))
            if queue:
                break  # who yields waits until nobody else does
        if soonest < math.inf:
            self._look_again(soonest)
        self._call_next()

    def _call_next(self) -> None:
        """When nobody waits, whoever stands behind looks again: one at a time, each calling the next."""
        if not self._queues[False]:
            self._call(come=False)

    def _call(self, *, come: bool) -> None:
        while self._behind:
            if not (called := self._behind.popleft()).done():
                called.set_result(come)
                break

    def _given(self, turn: _Turn) -> float:
        """Give somebody a place, or word that the gate stays closed for too long. Else the seconds to wait."""
        if turn.place.done():
            return 0.0
        now = self.clock()
        found = self.pace.place(now, turn.like, user=turn.user)
        if isinstance(found, Place):
            self.under_way += 1
            turn.place.set_result(found)
            return 0.0
        closed = self.pace.closed(now, user=turn.user)
        if closed > turn.patience:
            turn.place.set_result(closed)
            return 0.0
        return found

    async def _meet(self, peers: Meets) -> None:
        """Meet the other processes for as long as this one takes part, and once more where it has just come: what it
        claims then is not yet its own. Where that cannot be, what was agreed before holds. Then it leaves, and is as
        one that has not come yet."""
        come, left = True, False

        def among(others: Peers) -> Claim:
            nonlocal come
            come = others.joined
            return self.pace.among(others, self.clock())

        try:
            while come or self._takes_part(_LESS):
                window, come = self.pace.allowance.window, False
                try:
                    await peers.meet(among, within=window * GONE)
                except Failure:
                    self.pace.portion.claimed = self.pace.portion.now  # maybe nobody could read what it claims
                self._met = True
                self._admit()
                await self.sleep(window * (SOON if come else MET_EVERY))
            with suppress(Failure):  # then the others see by and by that it is gone
                await peers.leave()
            self.pace.portion.leave()
            left = True
        finally:
            self._met = True  # whatever went wrong here, nobody waits for it
            self._admit()
            self._met, self._meeting = not left, None

    def _look_again(self, seconds: float) -> None:
        at = self.clock() + seconds
        if at >= self._rings_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings_at = at
        self._alarm = asyncio.ensure_future(self._ring(seconds))

    async def _ring(self, seconds: float) -> None:
        await self.sleep(max(seconds, 0.001))
        self._alarm, self._rings_at = None, math.inf
        self._admit()

    def _forget(self, turn: _Turn) -> None:
        """Somebody does not wait any more; a place that came just then goes back."""
        if turn.place.cancelled():
            return
        given = turn.place.result() if turn.place.done() else None
        if isinstance(given, Place):
            self.pace.withdrawn(given, self.clock())
            self.leave()
