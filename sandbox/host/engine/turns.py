"""One turn of one instance: take its messages, ask the orchestrator, and commit everything in one transaction.

The transaction consumes the messages, appends the history, queues the work and sets the status; so a kill at any
moment leaves either the turn not taken or the turn taken whole. When another host has advanced the instance meanwhile,
the transaction is given up (Overtaken): it would store what was decided on a past that is the present no more.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence

from ..clock import Clock
from ..store.hub import Hub
from ..store.instances import Instance
from ..store.messages import Message, Rank, Received
from .decisions import Completed, ContinuedAsNew, Ending, Failed, Orchestrators, Past, Turn
from .effects import Effects, Writer
from .events import Event, Kind, event, parsed, played, text_of
from .histories import Histories

# A wide fan-out replays its whole history for every batch of results. Resting in proportion to the last turn's cost
# lets results gather, so the time spent on replays stays a fraction of the whole.
_REST_FACTOR, _LONGEST_REST, _SHORTEST_TURN, _WIDE = 2.0, 0.25, 0.004, 20


class Turns:
    """Takes turns of orchestration instances. `batch` bounds the messages of one turn (Azure Storage takes 32)."""

    def __init__(
        self,
        hub: Hub,
        clock: Clock,
        writer: Writer,
        orchestrators: Orchestrators,
        *,
        batch: int,
        notice: Callable[[Effects], None],
        committed: Callable[[str], None],
        outstanding: Callable[[str], int],
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._writer = writer
        self._orchestrators = orchestrators
        self._batch = batch
        self._notice = notice
        self._report = committed
        self._outstanding = outstanding
        self.histories = Histories(hub.instances)

    async def take(self, instance_id: str) -> float | None:
        """See Dispatcher: how long to rest before looking again, or None."""
        now = self._clock.now()
        instance = self._hub.instances.get(instance_id)
        suspended = instance is not None and instance.status == "Suspended"
        found = self._hub.messages.waiting(
            instance_id, now=now, limit=self._batch, up_to=Rank.CONTROL if suspended else Rank.WORK
        )
        if not found:
            return None
        valid = [
            message
            for message in found
            if instance is not None and not instance.finished and message.execution_id in (None, instance.execution_id)
        ]
        if instance is None or not valid:
            with self._hub.transaction():
                if self._hub.instances.get(instance_id) == instance:  # or else somebody has begun it anew
                    self._hub.messages.drop(found)
            return 0
        control = [message for message in valid if message.rank == Rank.CONTROL]
        if control and valid[0].rank != Rank.START:
            return self._controlled(instance, control, now)
        kept = {message.id for message in valid}
        stale = [message for message in found if message.id not in kept]
        work = [message for message in valid if message.rank != Rank.CONTROL]
        began = time.monotonic()
        await self._work(instance, work, stale, now)
        if len(found) == self._batch or control:
            return 0
        spent = time.monotonic() - began
        if spent > _SHORTEST_TURN and self._outstanding(instance_id) >= _WIDE:
            return min(_LONGEST_REST, spent * _REST_FACTOR)
        return None

    def _controlled(self, instance: Instance, messages: Sequence[Received], now: float) -> float | None:
        """Suspend, resume, terminate: no code runs; while suspended, everything else waits in the inbox."""
        past = self.histories.get(instance)
        events = [event(Kind.TURN_STARTED, now)]
        status, output, effects = instance.status, instance.output, Effects()
        with self._hub.transaction():
            self._hub.instances.advance(instance)
            for message in messages:
                item = parsed(message.event)
                events.append(item)
                if item["EventType"] == Kind.EXECUTION_TERMINATED:
                    status, output = "Terminated", item["Input"]
                    break
                # A resumed instance that has not begun yet is still pending; the framework calls it running.
                status = "Suspended" if item["EventType"] == Kind.SUSPENDED else "Running"
            if status == "Terminated":
                events.append(_completed_event(now, status, output))
                self._close(instance, Failed(_text(output)), now, effects)
            events.append(event(Kind.TURN_COMPLETED, now))
            self._hub.messages.drop(messages)
            texts = self._append(instance, past, events)
            self._hub.instances.update(
                instance.id, status=status, custom_status=instance.custom_status, output=output, updated=now
            )
        self._committed(instance, past, events, texts, effects, over=status == "Terminated")
        return 0 if status == "Running" else None

    async def _work(self, instance: Instance, work: Sequence[Received], stale: Sequence[Received], now: float) -> None:
        past = self.histories.get(instance)
        new = [event(Kind.TURN_STARTED, now), *(parsed(message.event) for message in work)]
        turn = await self._orchestrators.turn(instance, past, new)
        custom_status = turn.custom_status or instance.custom_status
        effects = Effects()
        with self._hub.transaction():
            self._hub.instances.advance(instance)
            self._hub.messages.drop([*work, *stale])
            if isinstance(turn.ending, ContinuedAsNew):
                self._writer.carry_out(instance, turn.decisions, now, effects)
                self._continue(instance, turn.ending, custom_status, now, effects)
                texts: list[str] = []
            else:
                status, output = self._settle(instance, turn, new, now, effects)
                texts = self._append(instance, past, new)
                self._hub.instances.update(
                    instance.id, status=status, custom_status=custom_status, output=output, updated=now
                )
        self._committed(instance, past, new, texts, effects, over=turn.ending is not None)

    def _settle(
        self, instance: Instance, turn: Turn, events: list[Event], now: float, effects: Effects
    ) -> tuple[str, str | None]:
        """Carry out the decisions and close the instance if it ended; extends `events`; answers status and output."""
        events.extend(self._writer.carry_out(instance, turn.decisions, now, effects))
        status, output = "Running", None
        if turn.ending is not None:
            status, output = _result(turn.ending)
            events.append(_completed_event(now, status, output))
            self._close(instance, turn.ending, now, effects)
        events.append(event(Kind.TURN_COMPLETED, now))
        return status, output

    def _close(self, instance: Instance, ending: Ending, now: float, effects: Effects) -> None:
        self._hub.messages.drop_execution(instance.id, instance.execution_id)
        if instance.parent is None:
            return
        task_id = instance.parent.task_id
        if isinstance(ending, Completed):
            item = event(Kind.CHILD_COMPLETED, now, TaskScheduledId=task_id, Result=ending.output)
        else:
            assert isinstance(ending, Failed)
            item = event(Kind.CHILD_FAILED, now, TaskScheduledId=task_id, Reason=ending.reason, Details=ending.details)
        self._writer.answer_parent(instance, item, effects)

    def _continue(
        self,
        instance: Instance,
        ending: ContinuedAsNew,
        custom_status: str | None,
        now: float,
        effects: Effects,
    ) -> None:
        """The same instance anew: carried events go in before anything newer, results of the old execution are void."""
        execution_id = uuid.uuid4().hex
        self._hub.messages.drop_execution(instance.id, instance.execution_id)
        self._hub.instances.update(instance.id, status="Running", custom_status=custom_status, updated=now)
        self._hub.instances.renew(instance.id, execution_id=execution_id, new_input=ending.input, updated=now)
        renewed = self._hub.instances.get(instance.id)
        assert renewed is not None
        carried = [Message(instance.id, execution_id, text_of(item), Rank.CARRIED) for item in ending.carried]
        self._writer.send([self._writer.start_message(renewed, None, now), *carried], effects)

    def _append(self, instance: Instance, past: Past, events: Sequence[Event]) -> list[str]:
        texts = [played(text_of(item)) for item in events]
        self._hub.instances.append_history(instance.id, len(past.texts), texts)
        return texts

    def _committed(
        self,
        instance: Instance,
        past: Past,
        events: Sequence[Event],
        texts: Sequence[str],
        effects: Effects,
        *,
        over: bool,
    ) -> None:
        if over:
            self.histories.forget(instance.id)
        else:
            self.histories.extend(instance.id, past, events, texts)
        self._notice(effects)
        self._report(instance.id)


def _completed_event(now: float, status: str, output: str | None) -> Event:
    return event(Kind.EXECUTION_COMPLETED, now, OrchestrationStatus=status, Result=output)


def _result(ending: Ending) -> tuple[str, str | None]:
    if isinstance(ending, Completed):
        return "Completed", ending.output
    assert isinstance(ending, Failed)
    return "Failed", json.dumps(ending.reason)


def _text(output: str | None) -> str:
    return "" if output is None else str(json.loads(output))
