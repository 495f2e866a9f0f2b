"""Reads and writes the JSON of the classic protocol: the context an orchestrator is given, the answer it returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..engine.decisions import Past
from ..limits import LONG_TIMER_SLICE, SHORT_TIMER
from ..store.instances import Instance
from ..workers.contract import Outcome

# The SDK appends its state to the text of the exception it raises; the extension looks for this label.
_LABEL = "\n\n$OutOfProcData$:"

Action = dict[str, Any]


# Everything here uses the standard library's JSON: it keeps NaN, huge integers and lone surrogates, as .NET does.


class Unreadable(Exception):
    """The worker's answer is not one of this protocol."""


@dataclass(frozen=True, slots=True)
class Answer:
    """All actions since the execution began; `output` and `custom_status` are JSON text; `error` the user's text."""

    actions: list[Action]
    is_done: bool
    output: str | None
    error: str | None
    stack: str
    custom_status: str | None


def context_json(instance: Instance, past: Past, new_texts: Sequence[str]) -> str:
    """What an orchestrator function receives: the whole history, past then new, and who it is."""
    head = json.dumps(
        {
            "instanceId": instance.id,
            "isReplaying": bool(past.texts),
            "parentInstanceId": instance.parent.instance_id if instance.parent else None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": LONG_TIMER_SLICE,
            "maximumShortTimerDuration": SHORT_TIMER,
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
    )
    return f'{head[:-1]},"input":{instance.input or "null"},"history":[{",".join([*past.texts, *new_texts])}]}}'


def answer_of(outcome: Outcome) -> Answer:
    """The worker's answer; for a failure the state after the label, or none of it when user code never began."""
    stack = ""
    if outcome.failure is not None:
        stack = outcome.failure.stack
        message, label, state = outcome.failure.message.partition(_LABEL)
        if not label:
            return Answer([], True, None, message, stack, None)
        return _parsed(state, stack)
    if not isinstance(outcome.returned.value, str):
        raise Unreadable("Out of proc orchestrators must return a valid JSON schema.")
    return _parsed(outcome.returned.value, stack)


def _parsed(text: str, stack: str) -> Answer:
    try:
        state = json.loads(text)
        groups = state["actions"]
        output, status = state.get("output"), state.get("customStatus")
        return Answer(
            actions=groups[0] if groups else [],
            is_done=bool(state["isDone"]),
            output=None if output is None else json.dumps(output),
            error=state.get("error") or None,
            stack=stack,
            custom_status=None if status is None else json.dumps(status),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("Out of proc orchestrators must return a valid JSON schema.") from error
