"""Turns decisions into rows: history events, queued activities, messages to others. Part of a turn's transaction."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..clock import Clock
from ..limits import warn_about_payload
from ..store.hub import Hub
from ..store.instances import Instance, Parent
from ..store.messages import AT_ONCE, Message, Rank
from .decisions import Decision, RunActivity, SendEvent, StartChild, StartTimer
from .events import Event, Kind, event, raised, started, text_of


@dataclass(slots=True)
class Effects:
    """What a transaction leaves to be noticed once it is committed."""

    marked: list[tuple[str, float]] = field(default_factory=list)  # instance, due
    activities: int = 0


class Writer:
    """Writes the rows that follow from decisions and endings; the caller holds the transaction."""

    def __init__(self, hub: Hub, clock: Clock, *, default_version: str) -> None:
        self._hub = hub
        self._clock = clock
        self._default_version = default_version

    def begin(
        self,
        *,
        name: str,
        instance_id: str,
        input_json: str | None,
        version: str | None,
        parent: Parent | None,
        parent_name: str | None,
        effects: Effects,
    ) -> Instance:
        """A new pending instance and its start message; a finished one of that id is overwritten."""
        now, execution_id = self._clock.now(), uuid.uuid4().hex
        instance = Instance(
            id=instance_id,
            execution_id=execution_id,
            name=name,
            version=version or self._default_version,
            status="Pending",
            input=input_json,
            output=None,
            custom_status=None,
            parent=parent,
            created=now,
            updated=now,
        )
        if self._hub.instances.get(instance_id) is not None:
            self._hub.instances.delete(instance_id)
        self._hub.instances.add(instance)
        self.send([self.start_message(instance, parent_name, now)], effects)
        return instance

    def start_message(self, instance: Instance, parent_name: str | None, now: float) -> Message:
        parent: Event | None = None
        if instance.parent is not None:
            parent = {
                "TaskScheduleId": instance.parent.task_id,
                "Name": parent_name or "",
                "Version": "",
                "OrchestrationInstance": {
                    "InstanceId": instance.parent.instance_id,
                    "ExecutionId": instance.parent.execution_id,
                },
            }
        item = started(
            now,
            name=instance.name,
            version=instance.version,
            instance_id=instance.id,
            execution_id=instance.execution_id,
            input_json=instance.input,
            parent=parent,
        )
        return Message(instance.id, instance.execution_id, text_of(item), Rank.START)

    def send(self, messages: Iterable[Message], effects: Effects) -> None:
        batch = list(messages)
        self._hub.messages.send(batch)
        effects.marked.extend((message.instance_id, message.due) for message in batch)

    def answer_parent(self, instance: Instance, item: Event, effects: Effects) -> None:
        if instance.parent is not None:
            self.send([Message(instance.parent.instance_id, instance.parent.execution_id, text_of(item))], effects)

    def carry_out(self, instance: Instance, decisions: Iterable[Decision], now: float, effects: Effects) -> list[Event]:
        """Queue and send what was decided; returns the history events that record it."""
        events: list[Event] = []
        activities: list[tuple[str, str, int, str, str | None]] = []
        messages: list[Message] = []
        for decision in decisions:
            match decision:
                case RunActivity(task_id, name, held):
                    warn_about_payload("The input", name, held)
                    events.append(event(Kind.TASK_SCHEDULED, now, event_id=task_id, Name=name, Version=""))
                    activities.append((instance.id, instance.execution_id, task_id, name, held))
                case StartTimer(task_id, fire_at):
                    created = event(Kind.TIMER_CREATED, now, event_id=task_id)
                    fired = event(Kind.TIMER_FIRED, fire_at, TimerId=task_id)
                    created["FireAt"] = fired["FireAt"] = fired["Timestamp"]
                    events.append(created)
                    messages.append(Message(instance.id, instance.execution_id, text_of(fired), due=fire_at))
                case StartChild(task_id, name, child_id, held, version):
                    warn_about_payload("The input", name, held)
                    events.append(
                        event(
                            Kind.CHILD_CREATED,
                            now,
                            event_id=task_id,
                            Name=name,
                            Version=version or self._default_version,
                            InstanceId=child_id,
                        )
                    )
                    self._begin_child(instance, decision, effects)
                case SendEvent(task_id, target, name, text):
                    events.append(
                        event(Kind.EVENT_SENT, now, event_id=task_id, Name=name, InstanceId=target, Input=text)
                    )
                    item = raised(now, name=name, input_json=text)
                    messages.append(Message(target, None, text_of(item)))
        if activities:
            self._hub.activities.add(activities, wall=time.time())
            effects.activities += len(activities)
        self.send(messages, effects)
        return events

    def _begin_child(self, parent: Instance, decision: StartChild, effects: Effects) -> None:
        existing = self._hub.instances.get(decision.instance_id)
        place = Parent(parent.id, parent.execution_id, decision.task_id)
        if existing is not None and not existing.finished:
            item = event(
                Kind.CHILD_FAILED,
                self._clock.now(),
                TaskScheduledId=decision.task_id,
                Details=None,
                Reason=f"An instance with the ID '{decision.instance_id}' is already {existing.status}.",
            )
            self.send([Message(parent.id, parent.execution_id, text_of(item), due=AT_ONCE)], effects)
            return
        self.begin(
            name=decision.name,
            instance_id=decision.instance_id,
            input_json=decision.input,
            version=decision.version,
            parent=place,
            parent_name=parent.name,
            effects=effects,
        )
