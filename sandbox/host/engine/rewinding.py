"""Rewind: takes the failures out of a failed instance's history, so that a replay runs just those steps again.

As the Azure Storage provider does it: a failed activity's scheduling and failure become generic events; a failed child
keeps its scheduling and is rewound itself. Activities that failed under a retry policy leave their timers behind, and
their replay ends as non-deterministic there too.
"""

from __future__ import annotations

import orjson

from ..store.hub import Hub
from ..store.instances import Instance
from .events import Event, Kind, parsed, text_of

_REMOVED = frozenset({Kind.EXECUTION_COMPLETED, Kind.TASK_FAILED, Kind.CHILD_FAILED})


def rewind(hub: Hub, instance: Instance, *, now: float, reason: str) -> list[str]:
    """Rewrite the histories of the instance and of its failed children; answers the ids to wake.

    May raise Overtaken.
    """
    events = [parsed(text) for text in hub.instances.history(instance.id)]
    failed = {item["TaskScheduledId"] for item in events if item["EventType"] == Kind.TASK_FAILED}
    failed_children = {item["TaskScheduledId"] for item in events if item["EventType"] == Kind.CHILD_FAILED}
    woken = [instance.id]
    for item in events:
        if item["EventType"] == Kind.CHILD_CREATED and item["EventId"] in failed_children:
            child = hub.instances.get(item["InstanceId"])
            if child is not None and child.status == "Failed":
                woken += rewind(hub, child, now=now, reason=reason)
    hub.instances.advance(instance)
    hub.instances.replace_history(instance.id, [_text(item, failed, reason) for item in events])
    hub.instances.update(instance.id, status="Running", custom_status=instance.custom_status, updated=now)
    return woken


def _text(item: Event, failed: set[int], reason: str) -> str:
    removed = item["EventType"] in _REMOVED
    rescheduled = item["EventType"] == Kind.TASK_SCHEDULED and item["EventId"] in failed
    if not removed and not rescheduled:
        return orjson.dumps(item).decode()
    generic = {key: item[key] for key in ("IsPlayed", "EventId", "Timestamp")}
    return text_of({"EventType": int(Kind.GENERIC), **generic, "Data": f"Rewound: {reason}"})
