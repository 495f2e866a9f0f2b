"""History events, in the Durable Task framework's own names, as the dictionaries that are stored and replayed.

Histories outlive this program's versions, so the shape is the framework's and nothing else. `IsPlayed` stands second in
every event: its text is flipped without parsing once the event is in the past.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import orjson

from ..clock import iso

Event = dict[str, Any]

_NEW, _PLAYED = '"IsPlayed":false', '"IsPlayed":true'


class Kind(IntEnum):
    """`EventType` numbers of the framework."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    CHILD_CREATED = 7
    CHILD_COMPLETED = 8
    CHILD_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    TURN_STARTED = 12
    TURN_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    CONTINUED_AS_NEW = 16
    GENERIC = 17
    SUSPENDED = 19
    RESUMED = 20


def event(kind: Kind, moment: float, *, event_id: int = -1, **fields: Any) -> Event:
    """An event as it happens at `moment`; the fields are those of its kind."""
    return {
        "EventType": int(kind),
        "IsPlayed": False,
        "EventId": event_id,
        "Timestamp": iso(moment),
        **fields,
    }


def started(
    moment: float,
    *,
    name: str,
    version: str,
    instance_id: str,
    execution_id: str,
    input_json: str | None,
    parent: Event | None,
) -> Event:
    return event(
        Kind.EXECUTION_STARTED,
        moment,
        Name=name,
        Version=version,
        Input=input_json,
        ParentInstance=parent,
        OrchestrationInstance={"InstanceId": instance_id, "ExecutionId": execution_id},
        Tags=None,
    )


def raised(moment: float, *, name: str, input_json: str | None) -> Event:
    return event(Kind.EVENT_RAISED, moment, Name=name, Input=input_json)


def text_of(item: Event) -> str:
    """The stored form of a new event."""
    return orjson.dumps(item).decode()


def played(text: str) -> str:
    """The same text, marked as belonging to the past."""
    return text.replace(_NEW, _PLAYED, 1)


def parsed(text: str) -> Event:
    found: Event = orjson.loads(text)
    return found
