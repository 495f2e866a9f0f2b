"""The sentences with which the Durable Task framework says that a replay went another way than the history.

Kept word for word (odd spacing included): operators search for them, and alerts match them.
"""

from __future__ import annotations

from ..engine.decisions import Decision, RunActivity, SendEvent, StartChild, StartTimer
from ..engine.events import Event, Kind

_PRODUCERS: dict[type[Decision], str] = {
    RunActivity: "ScheduleTaskOrchestratorAction",
    StartTimer: "CreateTimerOrchestratorAction",
    StartChild: "CreateSubOrchestrationAction",
    SendEvent: "SendEventOrchestratorAction",
}
_EXPECTED: dict[int, type[Decision]] = {
    Kind.TASK_SCHEDULED: RunActivity,
    Kind.TIMER_CREATED: StartTimer,
    Kind.CHILD_CREATED: StartChild,
    Kind.EVENT_SENT: SendEvent,
}
SCHEDULING = frozenset(_EXPECTED)

_OPENING = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
_QUESTION = " Was a change made to the orchestrator code after this instance had already started running?"
_NOT_YET = "but the current replay execution hasn't (yet?) scheduled this task."
_REPLAY = "but the current orchestration replay instead "

# Per kind of event: nothing was decided under the id; something else was; the same, under another name.
_SENTENCES: dict[int, tuple[str, str, str]] = {
    Kind.TASK_SCHEDULED: (
        "an activity task with sequence ID {id} and name '{name}' (version '{version}'), " + _NOT_YET,
        "an activity task with sequence number {id} named '{name}', "
        + _REPLAY
        + "produced a {produced} action with this sequence number.",
        "an activity task with sequence number {id} named '{name}', "
        + _REPLAY
        + "scheduled an activity task named '{produced}' with this sequence number. ",
    ),
    Kind.TIMER_CREATED: (
        "a timer task with sequence number {id} " + _NOT_YET,
        "a timer task with sequence number {id} named "
        + _REPLAY
        + "produced a {produced} action with this sequence number.",
        "",
    ),
    Kind.CHILD_CREATED: (
        "a sub-orchestration task with sequence ID {id} and name '{name}' (version '{version}', "
        "instance ID '{instance}'), " + _NOT_YET,
        "a sub-orchestration task with sequence ID {id} and name '{name}' (version '{version}', "
        "instance ID '{instance}'), " + _REPLAY + "produced a {produced} action at this sequence number.",
        "a sub-orchestration task with sequence ID {id} and name '{name}' (version '{version}', "
        "instance ID '{instance}'), "
        + _REPLAY
        + "scheduled a sub-orchestration task with name {produced} at this sequence number.",
    ),
    Kind.EVENT_SENT: (
        "a send event task with sequence ID {id}, type 'EventSent' name '{name}', instance ID '{instance}', "
        + _NOT_YET,
        "a send event task with sequence ID {id}, type 'EventSent', name '{name}', instance ID '{instance}', "
        + _REPLAY
        + "scheduled a {produced} task at this sequence number.",
        "a send event task with sequence ID {id}, type 'EventSent', name '{name}', instance ID '{instance}'), "
        + _REPLAY
        + "scheduled a send event task with name {produced}at this sequence number.",
    ),
}


def mismatch(recorded: Event, decision: Decision | None) -> str | None:
    """The framework's sentence if `decision` is not what `recorded` says was decided under that id, else None."""
    missing, other_kind, other_name = _SENTENCES[recorded["EventType"]]
    if decision is None:
        return _sentence(missing, recorded, produced="")
    if not isinstance(decision, _EXPECTED[recorded["EventType"]]):
        return _sentence(other_kind, recorded, produced=_PRODUCERS[type(decision)])
    if isinstance(decision, StartTimer) or str(recorded["Name"]).lower() == decision.name.lower():
        return None
    return _sentence(other_name, recorded, produced=decision.name)


def _sentence(template: str, recorded: Event, *, produced: str) -> str:
    return (
        _OPENING
        + template.format(
            id=recorded["EventId"],
            name=recorded.get("Name"),
            version=recorded.get("Version") or "",
            instance=recorded.get("InstanceId"),
            produced=produced,
        )
        + _QUESTION
    )
