"""Entities: small states that take operations one batch at a time, and answer those who called."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..clock import Clock
from ..limits import ENTITY_BATCH
from ..store.database import Overtaken
from ..store.hub import Hub
from ..store.messages import Message
from .effects import Effects, Writer
from .events import parsed, raised, text_of


@dataclass(frozen=True, slots=True)
class Operation:
    """One request: `input` is JSON text, or None when nothing was sent; `caller` waits under `request_id`."""

    name: str
    input: str | None
    request_id: str
    signal: bool
    caller: str | None
    caller_execution: str | None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The entity after a batch; `results` are (is_error, JSON text) in the order of the operations."""

    existing: bool
    state: str | None
    results: tuple[tuple[bool, str], ...]


class EntityCode(Protocol):
    """Runs an entity function on a batch. Raises only for faults of the host."""

    async def batch(
        self, name: str, key: str, *, existing: bool, state: str | None, operations: Sequence[Operation]
    ) -> BatchResult: ...


class EntityTurns:
    """Takes turns of entities: all waiting operations (up to Azure's batch size), state and answers in one commit."""

    def __init__(
        self, hub: Hub, clock: Clock, writer: Writer, code: EntityCode, *, notice: Callable[[Effects], None]
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._writer = writer
        self._code = code
        self._notice = notice

    async def take(self, entity_id: str) -> float | None:
        """See Dispatcher."""
        found = self._hub.messages.waiting(entity_id, now=self._clock.now(), limit=ENTITY_BATCH)
        if not found:
            return None
        operations = [_operation(json.loads(parsed(message.event)["Input"])) for message in found]
        before = self._hub.entities.get(entity_id)
        name, key = split(entity_id)
        result = await self._code.batch(
            name,
            key,
            existing=bool(before and before.existing),
            state=before.state if before else None,
            operations=operations,
        )
        effects, now = Effects(), self._clock.now()
        with self._hub.transaction():
            if self._hub.messages.drop(found) != len(found):
                raise Overtaken(entity_id)
            self._hub.entities.put(entity_id, state=result.state, existing=result.existing, now=now)
            answers = [
                Message(
                    operation.caller,
                    operation.caller_execution,
                    text_of(raised(now, name=operation.request_id, input_json=_answer(*outcome))),
                )
                for operation, outcome in zip(operations, result.results, strict=True)
                if not operation.signal and operation.caller
            ]
            self._writer.send(answers, effects)
        self._notice(effects)
        return 0


def split(entity_id: str) -> tuple[str, str]:
    """`@name@key` as name and key; ValueError for another shape."""
    empty, name, key = entity_id.split("@", 2)
    if empty or not name:
        raise ValueError(f"{entity_id!r} is not an entity id")
    return name, key


def entity_id(name: str, key: str) -> str:
    return f"@{name.lower()}@{key}"


def _operation(request: dict[str, Any]) -> Operation:
    return Operation(
        request["op"],
        request.get("input"),
        request["id"],
        bool(request.get("signal")),
        request.get("parent"),
        request.get("parentExecution"),
    )


def _answer(is_error: bool, result: str) -> str:
    return json.dumps({"result": result, "exceptionType": "System.Exception"} if is_error else {"result": result})
