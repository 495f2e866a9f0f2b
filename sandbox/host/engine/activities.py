"""Runs queued activities, a bounded number together, and stores their results in groups.

A row leaves the queue only in the transaction that puts its result into the inbox: at least once, never lost. Results
that arrive in one moment share a commit, and the same commit claims the next rows.

Several hosts draw from one queue. Each takes its share of what is there at once, and what nobody took for a moment
after that. A result is stored only by the host that still owns the row.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable

from ..clock import Clock
from ..limits import capped, warn_about_payload
from ..store.activities import Work
from ..store.hub import Hub
from ..store.messages import Message
from .events import Event, Kind, event, text_of
from .membership import Membership

log = logging.getLogger(__name__)

_CLAIMED_AHEAD = 4  # rows claimed per free place, so that short activities do not wait for a commit each
_LEFT_LYING_SECONDS = 0.2  # after which a row is anybody's, whatever the shares
_AGAIN_SECONDS = 1.0


class ActivityFailed(Exception):
    """An activity that ended badly: what its orchestrator will be told."""

    def __init__(self, reason: str, details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class ActivityQueue:
    """`run(work)` returns the result as JSON text (None for nothing) or raises ActivityFailed."""

    def __init__(
        self,
        hub: Hub,
        clock: Clock,
        membership: Membership,
        *,
        limit: int,
        run: Callable[[Work], Awaitable[str | None]],
        mark: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._membership = membership
        self._limit = limit
        self._run = run
        self._mark = mark
        self._claimed: deque[Work] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._finished: list[tuple[Work, Event]] = []
        self._more = False
        self._scheduled = False
        self._stopping = False

    async def stop(self) -> None:
        """Running activities are cancelled; their rows stay and run again, with another host or the next."""
        self._stopping = True
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=5)
        self._store_finished()

    def look(self, *, unowned: bool) -> None:
        """Rows may lie there for anybody: certainly, if any is said to be unowned."""
        self._more = self._more or unowned
        if self._more and self._free > 0:
            self._schedule()

    def give_up(self) -> None:
        """Another host has what was claimed here: end it, as its results would not be taken."""
        self._claimed.clear()
        for task in self._running:
            task.cancel()

    def outstanding(self, instance_id: str) -> int:
        """How many activities the instance waits for."""
        return self._hub.activities.count(instance_id)

    @property
    def _free(self) -> int:
        return self._limit - len(self._running) - len(self._claimed)

    def _schedule(self) -> None:
        if not self._scheduled and not self._stopping:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        self._scheduled = False
        self._store_finished()
        if self._stopping:
            return
        while self._claimed and len(self._running) < self._limit:
            task = asyncio.create_task(self._work(self._claimed.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._schedule()

    def _store_finished(self) -> None:
        """One commit for everything that ended since the last, and for the rows claimed next."""
        finished, self._finished = self._finished, []
        wanted = self._more and self._free > 0 and not self._stopping
        if not finished and not wanted:
            return
        claimed: list[Work] = []
        try:
            with self._hub.transaction():
                owner = self._membership.id
                stored = [(work, item) for work, item in finished if self._hub.activities.finish(work, owner)]
                self._hub.messages.send(
                    Message(work.instance_id, work.execution_id, text_of(item)) for work, item in stored
                )
                if wanted and self._membership.holds():
                    claimed = self._claim(owner)
        except sqlite3.OperationalError:
            log.exception("%d results could not be stored; it is tried again", len(finished))
            self._finished = finished + self._finished
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._schedule)
            return
        self._claimed.extend(claimed)
        for instance_id in {work.instance_id: None for work, _ in stored}:
            self._mark(instance_id)

    def _claim(self, owner: str) -> list[Work]:
        """Alone: whatever there is. Among others: the share of this host, then what was left lying."""
        rows, free = self._hub.activities, self._free
        if self._membership.alone:
            claimed = rows.claim(owner, limit=free * _CLAIMED_AHEAD, added_before=math.inf)
            self._more = len(claimed) == free * _CLAIMED_AHEAD
            return claimed
        share = -(-rows.count() // self._membership.hosts) - len(self._running) - len(self._claimed)
        claimed = rows.claim(owner, limit=min(free, share), added_before=math.inf) if share > 0 else []
        if len(claimed) < free:
            lying = time.time() - _LEFT_LYING_SECONDS
            claimed += rows.claim(owner, limit=free - len(claimed), added_before=lying)
        self._more = rows.any_unowned()
        return claimed

    async def _work(self, work: Work) -> None:
        try:
            result = await self._run(work)
        except ActivityFailed as error:
            log.error("Activity '%s' of %s failed: %s", work.name, work.instance_id, error.reason)
            item = event(
                Kind.TASK_FAILED,
                self._clock.now(),
                TaskScheduledId=work.task_id,
                Reason=capped(error.reason, work.name),
                Details=capped(error.details, work.name),
            )
        else:
            warn_about_payload("The result", work.name, result)
            item = event(Kind.TASK_COMPLETED, self._clock.now(), TaskScheduledId=work.task_id, Result=result)
        self._finished.append((work, item))


def failure_details(message: str, stack: str, function_name: str) -> str:
    """The exception as the extension serialises it for the orchestrator: .NET JSON around the Python traceback."""
    inner = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script.Grpc",
        "IsUserException": False,
        "RemoteTypeName": None,
        "RemoteStackTrace": stack,
        "RemoteMessage": message,
        "ClassName": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException",
        "Message": f"Result: Failure\nException: {message}\nStack: {stack}",
    }
    return json.dumps(
        {
            "$type": "System.Exception, System.Private.CoreLib",
            "ClassName": "System.Exception",
            "Message": f" {message}",
            "Data": None,
            "InnerException": inner,
            "Source": f"Functions.{function_name}",
        }
    )
