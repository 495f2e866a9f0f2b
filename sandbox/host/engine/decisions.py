"""What one turn of an orchestrator decides, in words that belong to no wire protocol.

This is the seam: whoever turns a worker's answer into these (today the classic JSON protocol, one day protobuf) can
drive the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..store.instances import Instance
from .events import Event


@dataclass(frozen=True, slots=True)
class RunActivity:
    task_id: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class StartTimer:
    """`fire_at` in seconds since 1970."""

    task_id: int
    fire_at: float


@dataclass(frozen=True, slots=True)
class StartChild:
    task_id: int
    name: str
    instance_id: str
    input: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class SendEvent:
    """A message to another instance or entity (`@name@key`); `input` is JSON text."""

    task_id: int
    target: str
    name: str
    input: str


Decision = RunActivity | StartTimer | StartChild | SendEvent


@dataclass(frozen=True, slots=True)
class Completed:
    output: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class ContinuedAsNew:
    """`carried` are events that arrived after the orchestrator had asked to continue."""

    input: str | None
    carried: tuple[Event, ...] = ()


Ending = Completed | Failed | ContinuedAsNew


@dataclass(frozen=True, slots=True)
class Turn:
    """New decisions in order of task id; an ending if the execution is over; a status (JSON text) if one was set."""

    decisions: tuple[Decision, ...] = ()
    ending: Ending | None = None
    custom_status: str | None = None


@dataclass(slots=True)
class Past:
    """A history as it is kept in memory: parsed for the replay, and as the text that the worker is sent."""

    execution_id: str
    revision: int = 0
    events: list[Event] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    size: int = 0

    def extend(self, events: Sequence[Event], texts: Sequence[str]) -> None:
        self.events.extend(events)
        self.texts.extend(texts)
        self.size += sum(map(len, texts))


class Orchestrators(Protocol):
    """Runs orchestrator code for one turn. Raises only for faults of the host; those are tried again later."""

    async def turn(self, instance: Instance, past: Past, new: Sequence[Event]) -> Turn: ...
