"""Notices what other hosts have committed: messages, activities, ends that somebody waits for, jumps of the clock.

SQLite tells for a few microseconds whether anybody else has written since; only then is anything read. A host alone
learns of everything from its own commits, and never reads more than that number.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

from ..store.hub import Hub
from .activities import ActivityQueue
from .dispatcher import Dispatcher
from .heartbeat import Heartbeat
from .membership import RENEWALS, Membership

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.02


class Lookout:
    """Looks around until it is stopped, and keeps the host's place. `changed` is told of every change by others."""

    def __init__(
        self,
        hub: Hub,
        membership: Membership,
        dispatcher: Dispatcher,
        queue: ActivityQueue,
        *,
        changed: Callable[[], None],
    ) -> None:
        self._hub = hub
        self._membership = membership
        self._dispatcher = dispatcher
        self._queue = queue
        self._changed = changed
        self._version = 0
        self._seen = 0
        self._renewed = 0.0
        self._heartbeat = Heartbeat(hub.database.path, membership)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take a place, and look at everything once."""
        self._membership.join()
        self._renewed = time.monotonic()
        self._version = self._hub.database.changes_of_others()
        self._everything()
        self._heartbeat.start()
        self._task = asyncio.create_task(self._keep())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._heartbeat.stop()
            self._membership.leave()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self._renew()
                self._look()
            except Exception:  # the file is locked, or full: the next look may find it otherwise
                log.exception("The state file could not be looked at; it is tried again")

    def _renew(self) -> None:
        if time.monotonic() < self._renewed + self._membership.lease_seconds / RENEWALS:
            return
        self._renewed = time.monotonic()
        if not self._membership.renew():
            log.warning("This host did not renew its lease in time: others have its work, and it begins anew")
            self._queue.give_up()
            self._membership.join()
            self._everything()
        elif self._membership.look():  # somebody was removed, and by this host: the number below says nothing of it
            self._everything()

    def _look(self) -> None:
        version = self._hub.database.changes_of_others()
        if version == self._version:
            self._queue.look(unowned=False)
            return
        self._changed()
        if not self._membership.look():
            self._news()
        elif self._membership.holds():
            self._everything()
        else:
            self._renewed = -math.inf  # the place is lost: begin anew with the next look
        self._version = version

    def _news(self) -> None:
        newest = self._hub.messages.newest()
        for instance_id, due in self._hub.messages.recipients(after=self._seen):
            self._dispatcher.mark_at(instance_id, due)
        self._seen = newest
        self._queue.look(unowned=self._hub.activities.any_unowned())

    def _everything(self) -> None:
        """Whoever this host keeps now and has something to take, whenever that came."""
        self._seen = self._hub.messages.newest()
        for instance_id, due in self._hub.messages.recipients():
            self._dispatcher.mark_at(instance_id, due)
        self._queue.look(unowned=True)
