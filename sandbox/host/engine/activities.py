"""Runs queued activities, a bounded number together, and stores their results in groups.

A row leaves the queue only in the transaction that puts its result into the inbox: at least once, never lost. Results
that arrive in one moment share a commit, and the same commit claims the next rows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from ..clock import Clock
from ..limits import capped, warn_about_payload
from ..store.activities import Work
from ..store.hub import Hub
from ..store.messages import Message
from .events import Event, Kind, event, text_of

log = logging.getLogger(__name__)

LEASE_SECONDS = 3600.0
_AGAIN_SECONDS = 0.5
_CLAIMED_AHEAD = 4  # rows claimed per free place, so that short activities do not wait for a commit each


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
        *,
        limit: int,
        run: Callable[[Work], Awaitable[str | None]],
        mark: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._limit = limit
        self._run = run
        self._mark = mark
        self._owner = uuid.uuid4().hex
        self._claimed: deque[Work] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._finished: list[tuple[Work, Event]] = []
        self._outstanding: Counter[str] = Counter()
        self._more = False
        self._scheduled = False
        self._stopping = False

    def start(self) -> None:
        """Take back what a former host had claimed, and begin."""
        with self._hub.transaction():
            self._hub.activities.release_all()
        self._outstanding.update(self._hub.activities.outstanding())
        self._more = bool(self._outstanding)
        self._schedule()

    async def stop(self) -> None:
        """Running activities are cancelled; their rows stay and run again with the next host."""
        self._stopping = True
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=5)
        self._keep_finished()

    def added(self, instance_id: str, count: int) -> None:
        """Rows were committed for this instance."""
        self._outstanding[instance_id] += count
        self._more = True
        self._schedule()

    def outstanding(self, instance_id: str) -> int:
        return self._outstanding[instance_id]

    def _schedule(self) -> None:
        if not self._scheduled and not self._stopping:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        self._scheduled = False
        self._keep_finished()
        if self._stopping:
            return
        while self._claimed and len(self._running) < self._limit:
            task = asyncio.create_task(self._work(self._claimed.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._schedule()

    def _keep_finished(self) -> None:
        """Store what ended, now or as soon as there is room for it: its rows are claimed, nobody else would."""
        try:
            self._store_finished()
        except sqlite3.Error:
            log.exception("Results could not be stored; it is tried again in %.1f s", _AGAIN_SECONDS)
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._schedule)

    def _store_finished(self) -> None:
        """One commit for everything that ended since the last, and for the rows claimed next."""
        finished, claimed = list(self._finished), []
        free = self._limit - len(self._running) - len(self._claimed)
        wanted = free * _CLAIMED_AHEAD if self._more and free > 0 and not self._stopping else 0
        if not finished and not wanted:
            return
        with self._hub.transaction():
            if finished:
                self._hub.messages.send(
                    Message(work.instance_id, work.execution_id, text_of(item)) for work, item in finished
                )
                self._hub.activities.finish(work for work, _ in finished)
            if wanted:
                claimed = self._hub.activities.claim(
                    self._owner, limit=wanted, wall=time.time(), lease_seconds=LEASE_SECONDS
                )
        del self._finished[: len(finished)]
        if wanted:
            self._more = len(claimed) == wanted
            self._claimed.extend(claimed)
        for work, _ in finished:
            self._outstanding[work.instance_id] -= 1
            if not self._outstanding[work.instance_id]:
                del self._outstanding[work.instance_id]
        for instance_id in {work.instance_id: None for work, _ in finished}:
            self._mark(instance_id)

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
