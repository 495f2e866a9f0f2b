"""The extension's side of a replay: walks the worker's actions against the history and finds what is new.

The SDK and the extension number tasks independently and never tell each other, so the numbers must come out the same
on both sides. This copies how the extension hands them out: action by action, each one awaited before the next, ids
from 0 shared by activities, timers, children and sent events.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..clock import moment_of
from ..engine.decisions import Decision, RunActivity, SendEvent, StartChild, StartTimer
from ..engine.events import Event, Kind
from ..functions import Catalogue
from ..limits import complaint_about_instance_id
from . import hazards
from .answers import Action
from .mismatches import SCHEDULING, mismatch
from .waits import Wait, all_of, any_of, ended

HTTP_ACTIVITY = "BuiltIn::HttpActivity"

_SUCCEEDED = {
    Kind.TASK_COMPLETED: "TaskScheduledId",
    Kind.CHILD_COMPLETED: "TaskScheduledId",
    Kind.TIMER_FIRED: "TimerId",
}
_FAILED = {Kind.TASK_FAILED: "TaskScheduledId", Kind.CHILD_FAILED: "TaskScheduledId"}


class NonDeterministic(Exception):
    """The history holds what this replay did not do."""


class Refused(Exception):
    """The extension would throw on an action: unknown function, bad instance id."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose replay it is: the parts of an instance that ids are made of."""

    instance_id: str
    execution_id: str
    parent_id: str | None


class Replay:
    """One walk through one answer. `decisions` maps task ids to what no event has confirmed yet: the new ones."""

    def __init__(self, identity: Identity, actions: Sequence[Action], catalogue: Catalogue, *, strict: bool) -> None:
        self._identity = identity
        self._actions = actions
        self._catalogue = catalogue
        self._strict = strict
        self._now = 0.0
        self._ids = 0
        self._next = 0
        self._open: dict[int, Wait] = {}
        self._owed: set[str] = set()
        self._awaiting: dict[str, list[tuple[str, Wait]]] = {}
        self._unclaimed: dict[str, deque[str]] = {}
        self.decisions: dict[int, Decision] = {}
        self.carried: list[Event] = []
        self.continued: Action | None = None
        self.walked = False

    @property
    def blocked_early(self) -> bool:
        """The extension still waits for an action although the worker has already asked for the next."""
        return not self.walked and self._next < len(self._actions)

    @property
    def stranded(self) -> bool:
        """Only an external event could end the walk: no task is open, no entity owes an answer."""
        return not self.walked and not self._open and not self._owed

    @property
    def idle(self) -> bool:
        """No activity, timer or child is open: without this no execution ends."""
        return not self._open

    def run(self, history: Sequence[Event]) -> None:
        """Feed every event, past and new. Raises NonDeterministic, Refused, or hazards.Hazard in strict mode."""
        for event in history:
            kind = event["EventType"]
            if kind in SCHEDULING:
                self._confirm(event)
            elif kind in _SUCCEEDED:
                self._end(event[_SUCCEEDED[kind]], failed=False)
            elif kind in _FAILED:
                self._end(event[_FAILED[kind]], failed=True)
            elif kind == Kind.TURN_STARTED:
                self._now = moment_of(event["Timestamp"])
            elif kind == Kind.EXECUTION_STARTED:
                self._walk()
            elif kind == Kind.EVENT_RAISED:
                self._raise_event(event)

    def _confirm(self, event: Event) -> None:
        sentence = mismatch(event, self.decisions.get(event["EventId"]))
        if sentence:
            raise NonDeterministic(sentence)
        del self.decisions[event["EventId"]]

    def _end(self, task_id: int, *, failed: bool) -> None:
        wait = self._open.pop(task_id, None)
        if wait is not None:  # else a duplicate, or a cancelled timer: the framework only logs it
            wait.end(failed=failed)

    def _walk(self) -> None:
        while self._next < len(self._actions):
            wait = self._invoke(self._actions[self._next])
            self._next += 1
            if not wait.done:
                wait.then(lambda _wait: self._walk())
                return
        self.walked = True

    def _invoke(self, action: Action) -> Wait:
        match action["actionType"]:
            case 0:
                return self._activity(action)
            case 1:
                return self._with_retry(lambda: self._activity(action), action["retryOptions"])
            case 2:
                return self._child(action)
            case 3:
                return self._with_retry(lambda: self._child(action), action["retryOptions"])
            case 4:
                self.continued = action
                return ended()
            case 5:
                return self._timer(moment_of(action["fireAt"]), cancelled=bool(action.get("isCanceled")))
            case 6:
                return self._external_event(str(action["externalEventName"]))
            case 7:
                return self._entity_call(action)
            case 8:
                request = json.dumps(action["httpRequest"])
                return self._open_task(lambda task_id: RunActivity(task_id, HTTP_ACTIVITY, request))
            case 9:
                self._send(action, signal=True)
                return ended()
            case 11:
                return any_of([self._invoke(child) for child in action["compoundActions"]])
            case 12:
                return all_of([self._invoke(child) for child in action["compoundActions"]])
            case other:
                raise Refused(f"Action type {other} is not part of the protocol.")

    def _open_task(self, decide: Callable[[int], Decision]) -> Wait:
        task_id, wait = self._ids, Wait()
        self._ids += 1
        self.decisions[task_id] = decide(task_id)
        self._open[task_id] = wait
        return wait

    def _activity(self, action: Action) -> Wait:
        name = str(action["functionName"])
        if self._catalogue.activity(name) is None:
            raise Refused(self._catalogue.unknown("activityTrigger", name))
        return self._open_task(lambda task_id: RunActivity(task_id, name, action.get("input")))

    def _child(self, action: Action) -> Wait:
        name, wanted = str(action["functionName"]), action.get("instanceId")
        if self._catalogue.orchestrator(name) is None:
            raise Refused(self._catalogue.unknown("orchestrationTrigger", name))
        if wanted:
            complaint = complaint_about_instance_id(wanted)
            if wanted in (self._identity.instance_id, self._identity.parent_id):
                complaint = "The sub-orchestration's instance ID must differ from its parent's and grandparent's."
            if complaint:
                raise Refused(complaint)
        held = action.get("input")
        text = None if held is None else json.dumps(held)
        return self._open_task(
            lambda task_id: StartChild(
                task_id,
                name,
                wanted or f"{self._identity.execution_id}:{task_id}",
                text,
                action.get("version"),
            )
        )

    def _timer(self, fire_at: float, *, cancelled: bool = False) -> Wait:
        wait = self._open_task(lambda task_id: StartTimer(task_id, fire_at))
        if cancelled:
            del self._open[self._ids - 1]
            wait.end()
        return wait

    def _with_retry(self, start: Callable[[], Wait], options: dict[str, Any]) -> Wait:
        """Attempt, timer, attempt ...: a fixed interval, and one more timer (due at once) after the last failure."""
        outcome, most = Wait(), int(options["maxNumberOfAttempts"])
        interval = int(options["firstRetryIntervalInMilliseconds"]) / 1000

        def attempt(number: int) -> None:
            start().then(lambda wait: pause(number) if wait.failed else outcome.end())

        def pause(number: int) -> None:
            last = number >= most
            timer = self._timer(self._now if last else self._now + interval)
            timer.then(lambda _timer: outcome.end(failed=True) if last else attempt(number + 1))

        attempt(1)
        return outcome

    def _entity_call(self, action: Action) -> Wait:
        request = self._send(action, signal=False)
        self._owed.add(request)
        return self._wait_for(request)

    def _send(self, action: Action, *, signal: bool) -> str:
        """Decide to send an operation to an entity; returns the request's id, which names the answering event."""
        task_id = self._ids
        self._ids += 1
        request = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._identity.execution_id}:{task_id}"))
        held = action.get("input")
        message = {
            "op": action["operation"],
            "signal": signal,
            "id": request,
            "input": None if held is None else json.dumps(held),
            "parent": self._identity.instance_id,
            "parentExecution": self._identity.execution_id,
        }
        self.decisions[task_id] = SendEvent(task_id, str(action["instanceId"]), "op", json.dumps(message))
        return request

    def _external_event(self, name: str) -> Wait:
        queued = self._unclaimed.get(name.lower())
        if not queued:
            return self._wait_for(name)
        if self._strict:
            hazards.check_queue(name, queued)
        queued.popleft()
        return ended()

    def _wait_for(self, name: str) -> Wait:
        wait = Wait()
        self._awaiting.setdefault(name.lower(), []).append((name, wait))
        return wait

    def _raise_event(self, event: Event) -> None:
        if self.continued is not None:
            self.carried.append(event)
            return
        name = str(event["Name"])
        waiting = self._awaiting.get(name.lower())
        if not waiting:
            self._unclaimed.setdefault(name.lower(), deque()).append(name)
            return
        awaited, wait = waiting.pop()  # the newest waiter first, as the extension does
        if self._strict:
            hazards.check_case(awaited, name)
        self._owed.discard(awaited)
        wait.end()
