"""The only verbs an orchestrator may use. Everything here replays: no clock but the story's own, no chance, no I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from shared.wire.codec import decode, encode
from shared.wire.payloads import Envelope, Problem
from shared.wire.step import Step

Q = TypeVar("Q")
R = TypeVar("R")
Telling = Generator[Any, Any, R]

PATIENCE = 60
"""How often a step may say "again" before a person is told. With the waits below: about two hours."""
LONGEST_WAIT = 120.0


class Held(Exception):
    """The story cannot go straight on: there is a problem to show, or a wish to follow."""

    def __init__(self, *, problem: Problem | None = None, wish: str = "") -> None:
        super().__init__(wish or (problem.code if problem else ""))
        self.problem = problem
        self.wish = wish


class Story:
    """A durable orchestration context, narrowed to what keeps replay safe."""

    def __init__(self, context: Any) -> None:
        self._context = context

    @property
    def instance(self) -> str:
        """This execution's instance id."""
        return str(self._context.instance_id)

    @property
    def now(self) -> datetime:
        """The story's clock: the same on every replay."""
        moment: datetime = self._context.current_utc_datetime
        return moment

    def input(self, kind: type[R]) -> R:
        """What this orchestration was started with."""
        return decode(kind, self._context.get_input())

    def ask(self, step: Step[Q, R], request: Q) -> Telling[R]:
        """Have a step done, waiting as long as it says "again". Raises Held when it did not go through."""
        for attempt in range(1, PATIENCE + 1):
            try:
                answer = yield self._context.call_activity(step.name, encode(request))
            except Exception:
                # A lone call: no sibling is alive, so going on after its failure is safe in the 1.x protocol.
                raise Held(problem=_unexplained(step.name)) from None
            envelope = decode(Envelope, answer)
            if envelope.problem or envelope.wish:
                raise Held(problem=envelope.problem, wish=envelope.wish)
            if envelope.again is None:
                return decode(step.reply, envelope.reply)
            yield from self.sleep(min(LONGEST_WAIT, envelope.again * (1 + attempt / 4)))
        raise Held(problem=_never_served(step.name))

    def child(self, name: str, request: Any, *, instance: str | None = None) -> Telling[Any]:
        """Tell a part of the story as an orchestration of its own and wait for its plain answer."""
        return (yield self._context.call_sub_orchestrator(name, encode(request), instance))

    def together(self, name: str, requests: Sequence[Any]) -> Telling[list[Any]]:
        """Start one child per request and wait for all. The children never fail; they answer."""
        answers: list[Any] = yield self._context.task_all(
            [self._context.call_sub_orchestrator(name, encode(request)) for request in requests]
        )
        return answers

    def sleep(self, seconds: float) -> Telling[None]:
        """Wait on the story's clock."""
        yield self._context.create_timer(self.now + timedelta(seconds=seconds))

    def woken_before(self, moment: datetime, *, event: str) -> Telling[bool]:
        """Wait for the wake-up of that name or for ``moment``, whichever is first.

        Call it once per execution, with a name of its own, then begin anew: a second race, or two events of one name,
        is where the 1.x protocol loses track.
        """
        woken = self._context.wait_for_external_event(event)
        timer = self._context.create_timer(moment)
        first = yield self._context.task_any([woken, timer])
        if first is woken:
            timer.cancel()
            return True
        return False

    def begin_anew(self, request: Any) -> None:
        """End this execution and start over with ``request``, so that history stays short."""
        self._context.continue_as_new(encode(request))


def _unexplained(step: str) -> Problem:
    return Problem(
        "step-lost",
        f"The step '{step}' ended without an answer: its process was stopped, or it ran into the time limit.",
        "Look at the app's log for the reason, then resume the run. The step is safe to repeat.",
    )


def _never_served(step: str) -> Problem:
    return Problem(
        "still-unavailable",
        f"The step '{step}' kept being told to wait.",
        "Check that the source, the target and the storage account are available, then resume the run.",
    )
