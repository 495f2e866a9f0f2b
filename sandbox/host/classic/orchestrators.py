"""One turn of an orchestrator over the classic protocol: build the context, invoke, replay, decide."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence

from ..engine.decisions import Completed, ContinuedAsNew, Ending, Failed, Past, Turn
from ..engine.events import Event, text_of
from ..functions import Catalogue, Function
from ..limits import ORCHESTRATION_ACTIONS, capped, complaint_about_custom_status, warn_about_payload
from ..store.instances import Instance
from ..workers.contract import Datum, Outcome, Worker
from . import hazards
from .answers import Answer, Unreadable, answer_of, context_json
from .replay import Identity, NonDeterministic, Refused, Replay

log = logging.getLogger(__name__)

# Above this many events parsing and replaying take milliseconds: off the loop's thread with them.
_INLINE_EVENTS = 200


class ClassicOrchestrators:
    """Implements `engine.decisions.Orchestrators` with a worker that runs the 1.x SDK."""

    def __init__(self, worker: Worker, *, strict: bool) -> None:
        self._worker = worker
        self._strict = strict

    async def turn(self, instance: Instance, past: Past, new: Sequence[Event]) -> Turn:
        function = self._worker.catalogue.orchestrator(instance.name)
        if function is None:
            return Turn(ending=Failed(self._worker.catalogue.unknown("orchestrationTrigger", instance.name)))
        context = context_json(instance, past, [text_of(event) for event in new])
        outcome = await self._worker.invoke(function, {function.trigger.name: Datum("json", context)})
        history = [*past.events, *new]
        if len(history) > _INLINE_EVENTS:
            turn = await asyncio.to_thread(self._decide, instance, function, outcome, history)
        else:
            turn = self._decide(instance, function, outcome, history)
        if isinstance(turn.ending, Failed):
            log.error("Orchestrator '%s' (%s) failed: %s", instance.name, instance.id, turn.ending.reason)
        elif isinstance(turn.ending, Completed):
            warn_about_payload("The output", instance.name, turn.ending.output)
        return turn

    def _decide(self, instance: Instance, function: Function, outcome: Outcome, history: Sequence[Event]) -> Turn:
        try:
            answer = answer_of(outcome)
            return _decided(instance, answer, history, self._worker.catalogue, strict=self._strict)
        except (NonDeterministic, hazards.Hazard) as error:
            return Turn(ending=Failed(str(error)))
        except (Refused, Unreadable) as error:
            return Turn(ending=Failed(f"Orchestrator function '{function.durable_name}' failed: {error}"))


def _decided(
    instance: Instance, answer: Answer, history: Sequence[Event], catalogue: Catalogue, *, strict: bool
) -> Turn:
    if len(answer.actions) > ORCHESTRATION_ACTIONS:
        raise Refused(
            f"Maximum amount of orchestration actions ({ORCHESTRATION_ACTIONS:,}) has been reached. "
            "This value can be configured in host.json file as MaxOrchestrationActions."
        )
    if answer.custom_status is not None:
        complaint = complaint_about_custom_status(answer.custom_status)
        if complaint:
            raise Refused(complaint)
    parent = instance.parent.instance_id if instance.parent else None
    identity = Identity(instance.id, instance.execution_id, parent)
    replay = Replay(identity, answer.actions, catalogue, strict=strict)
    replay.run(history)
    over = answer.is_done or answer.error is not None
    if strict and replay.blocked_early:
        raise hazards.diverged()
    if strict and over and replay.stranded:
        raise hazards.stranded()
    ending = _ending(instance, answer, replay) if over and replay.walked and replay.idle else None
    decisions = tuple(replay.decisions[task_id] for task_id in sorted(replay.decisions))
    return Turn(decisions, ending, answer.custom_status)


def _ending(instance: Instance, answer: Answer, replay: Replay) -> Ending:
    if answer.error is not None:
        error = capped(answer.error, instance.name)
        return Failed(
            f"Orchestrator function '{instance.name}' failed: {error}",
            f"Message: {error}, StackTrace: {capped(answer.stack, instance.name)}",
        )
    if replay.continued is not None:
        held = replay.continued.get("input")
        return ContinuedAsNew(None if held is None else json.dumps(held), tuple(replay.carried))
    return Completed(answer.output)
