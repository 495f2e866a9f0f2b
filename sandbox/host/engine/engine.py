"""The engine: the dispatcher, the turns, the activity queue and the client's operations, joined together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..clock import Clock
from ..functions import Catalogue
from ..store.activities import Work
from ..store.database import Overtaken
from ..store.hub import Hub
from ..store.instances import Instance
from .activities import ActivityQueue
from .decisions import Orchestrators
from .dispatcher import Dispatcher
from .effects import Effects, Writer
from .entities import EntityCode, EntityTurns
from .lookout import Lookout
from .membership import Membership
from .operations import Operations
from .turns import Turns

NO_BATCH = 1_000_000


@dataclass(frozen=True)
class EngineLimits:
    """How much runs together; `batch` is the most messages one orchestrator turn takes."""

    orchestrators: int
    activities: int
    batch: int = NO_BATCH


class Engine:
    """Runs what there is in one state file for as long as it is started, alone or beside other hosts.

    `changed` is told whenever another host has committed something.
    """

    def __init__(
        self,
        hub: Hub,
        clock: Clock,
        catalogue: Catalogue,
        membership: Membership,
        *,
        orchestrators: Orchestrators,
        entity_code: EntityCode,
        run_activity: Callable[[Work], Awaitable[str | None]],
        limits: EngineLimits,
        default_version: str,
        changed: Callable[[], None],
    ) -> None:
        self._changed_elsewhere = changed
        self._changed: dict[str, asyncio.Event] = {}
        writer = Writer(hub, clock, default_version=default_version)
        self._dispatcher = Dispatcher(clock, limit=limits.orchestrators, turn=self._turn, keeps=membership.keeps)
        self._queue = ActivityQueue(
            hub, clock, membership, limit=limits.activities, run=run_activity, mark=self._dispatcher.mark
        )
        self._lookout = Lookout(hub, membership, self._dispatcher, self._queue, changed=self._changed_by_others)
        self._turns = Turns(
            hub,
            clock,
            writer,
            orchestrators,
            batch=limits.batch,
            notice=self._notice,
            committed=self._committed,
            outstanding=self._queue.outstanding,
        )
        self._entities = EntityTurns(hub, clock, writer, entity_code, notice=self._notice)
        self.operations = Operations(
            hub, clock, writer, catalogue, notice=self._notice, forget=self._turns.histories.forget
        )

    def start(self) -> None:
        self._dispatcher.start()
        self._lookout.start()

    async def stop(self) -> None:
        await self._dispatcher.stop()
        await self._queue.stop()
        self._lookout.stop()

    async def until(self, instance_id: str, condition: Callable[[Instance], bool]) -> Instance:
        """Wait until a turn, taken by whichever host, leaves the instance so. Raises operations.NotFound."""
        while not condition(instance := self.operations.instance(instance_id)):
            await self._changed.setdefault(instance_id, asyncio.Event()).wait()
        return instance

    async def finished(self, instance_id: str) -> Instance:
        """Wait until the instance is completed, failed or terminated."""
        return await self.until(instance_id, lambda instance: instance.finished)

    async def _turn(self, instance_id: str) -> float | None:
        turns = self._entities if instance_id.startswith("@") else self._turns
        try:
            return await turns.take(instance_id)
        except Overtaken:
            return 0

    def _notice(self, effects: Effects) -> None:
        """A transaction is committed: wake whom it concerns."""
        if effects.activities:
            self._queue.look(unowned=True)
        for instance_id, due in effects.marked:
            self._dispatcher.mark_at(instance_id, due)

    def _committed(self, instance_id: str) -> None:
        changed = self._changed.pop(instance_id, None)
        if changed is not None:
            changed.set()

    def _changed_by_others(self) -> None:
        self._changed_elsewhere()
        for instance_id in list(self._changed):
            self._committed(instance_id)
