"""The JSON that the durable API shows of an instance: its status, and its history in the extension's edited form."""

from __future__ import annotations

import json
from typing import Any

from ..clock import iso_seconds
from ..engine.events import Event, Kind
from ..store.instances import Instance

_NAMES = {
    Kind.EXECUTION_STARTED: "ExecutionStarted",
    Kind.EXECUTION_COMPLETED: "ExecutionCompleted",
    Kind.EXECUTION_TERMINATED: "ExecutionTerminated",
    Kind.TASK_COMPLETED: "TaskCompleted",
    Kind.TASK_FAILED: "TaskFailed",
    Kind.CHILD_COMPLETED: "SubOrchestrationInstanceCompleted",
    Kind.CHILD_FAILED: "SubOrchestrationInstanceFailed",
    Kind.TIMER_FIRED: "TimerFired",
    Kind.EVENT_SENT: "EventSent",
    Kind.EVENT_RAISED: "EventRaised",
    Kind.GENERIC: "GenericEvent",
    Kind.SUSPENDED: "ExecutionSuspended",
    Kind.RESUMED: "ExecutionResumed",
}
_SCHEDULED = {Kind.TASK_SCHEDULED, Kind.CHILD_CREATED}
_RESULTS = {Kind.TASK_COMPLETED, Kind.TASK_FAILED, Kind.CHILD_COMPLETED, Kind.CHILD_FAILED}


def status(instance: Instance, *, with_input: bool, history: list[Event] | None = None) -> dict[str, Any]:
    """One instance as `GET instances/{id}` answers it."""
    return {
        "name": instance.name,
        "instanceId": instance.id,
        "runtimeStatus": instance.status,
        "input": _value(instance.input) if with_input else None,
        "customStatus": _value(instance.custom_status),
        "output": _value(instance.output),
        "createdTime": iso_seconds(instance.created),
        "lastUpdatedTime": iso_seconds(instance.updated),
        **({"historyEvents": history} if history is not None else {}),
    }


def history_view(events: list[Event], *, with_output: bool) -> list[Event]:
    """Scheduling events folded into their completions, framework bookkeeping left out."""
    scheduled = {item["EventId"]: item for item in events if item["EventType"] in _SCHEDULED}
    return [_event_view(item, scheduled, with_output=with_output) for item in events if item["EventType"] in _NAMES]


def _event_view(item: Event, scheduled: dict[int, Event], *, with_output: bool) -> Event:
    kind = Kind(item["EventType"])
    view: Event = {"EventType": _NAMES[kind], "Timestamp": item["Timestamp"]}
    if kind in _RESULTS:
        origin = scheduled.get(item["TaskScheduledId"], {})
        view |= {"ScheduledTime": origin.get("Timestamp"), "FunctionName": origin.get("Name")}
        view |= {name: item[name] for name in ("Reason", "Details") if name in item}
        if with_output and "Result" in item:
            view["Result"] = _value(item["Result"])
    if kind is Kind.EXECUTION_STARTED:
        view["FunctionName"] = item["Name"]
    if kind is Kind.EXECUTION_COMPLETED:
        view["OrchestrationStatus"] = item["OrchestrationStatus"]
        if with_output:
            view["Result"] = _value(item["Result"])
    if kind in (Kind.EVENT_RAISED, Kind.EVENT_SENT):
        view["Name"] = item["Name"]
        if with_output:
            view["Input"] = _value(item["Input"])
    if kind is Kind.TIMER_FIRED:
        view["FireAt"] = item["FireAt"]
    return view


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
