"""How the story goes on when it is held up: it pauses, it shows a problem, it asks, and it turns back if told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from shared.vocabulary import Gate, Phase
from shared.wire import steps
from shared.wire.codec import decode
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import About, Envelope, Mark, Plan, Problem, Slice, Slices, Trouble, Waiting
from shared.wire.step import Step

Q = TypeVar("Q")
R = TypeVar("R")


class TurnBack(Exception):
    """A person asked for the run to be undone."""


def consult(story: Story, run: str, topic: str) -> Telling[str]:
    """Wait until a person has answered about ``topic``. Raises TurnBack when the answer is to undo the run."""
    answer = yield from story.child("gate", Waiting(run, topic))
    if answer == "rollback":
        raise TurnBack
    return str(answer)


def steadily(story: Story, run: str, attempt: Callable[[], Telling[R]]) -> Telling[R]:
    """Repeat ``attempt`` until it goes through: after a pause, and after a person has dealt with a problem."""
    while True:
        try:
            return (yield from attempt())
        except Held as held:
            if held.wish == "rollback":
                raise TurnBack from None
            if held.wish == "pause":
                yield from consult(story, run, "paused")
            else:
                problem = held.problem or Problem("unknown", "The step did not say why it stopped.")
                yield from _show(story, Trouble(run, problem))
                yield from consult(story, run, "problem")


def _show(story: Story, trouble: Trouble) -> Telling[None]:
    try:
        yield from story.ask(steps.TROUBLE, trouble)
    except Held:
        return  # the runs table itself is out of reach: the gate looks again later, finds nothing shown, and goes on


def have(story: Story, run: str, step: Step[Q, R], request: Q) -> Telling[R]:
    """Have one step done, however long people need."""
    return (yield from steadily(story, run, lambda: story.ask(step, request)))


def phase(story: Story, run: str, step: str, *, generation: str = "") -> Telling[None]:
    """Have a whole phase done: plan it, then its waves one after another, each wave's slices side by side."""
    plan: Plan = yield from have(story, run, steps.PLAN, Slice(run, step, generation, ""))
    for wave in plan.waves:
        yield from steadily(story, run, lambda wave=wave: _wave(story, wave))  # type: ignore[misc]


def _wave(story: Story, wave: list[Slice]) -> Telling[None]:
    envelope: Envelope = decode(Envelope, (yield from story.child("phase", Slices(wave))))
    if envelope.problem or envelope.wish:
        raise Held(problem=envelope.problem, wish=envelope.wish)


def load(story: Story, run: str, generation: str) -> Telling[None]:
    """Write a generation's rows, then bring the files that belong to them."""
    yield from phase(story, run, steps.LOAD.name, generation=generation)
    yield from phase(story, run, steps.ATTACH.name, generation=generation)


def move(story: Story, run: str, to: Phase, *, waiting_for: str = "") -> Telling[None]:
    """Record which phase the run is in and what it waits for."""
    yield from have(story, run, steps.MARK, Mark(run, to, waiting_for))


def review(story: Story, run: str, gate: Gate, *, at: Phase) -> Telling[str]:
    """Show a gate and wait for its decision: approve, reject or amend."""
    yield from move(story, run, at, waiting_for=gate)
    return (yield from consult(story, run, gate))


def ends(story: Story, run: str, at: Phase) -> Telling[dict[str, Any]]:
    """The last steps of every run: its final phase, the notice that goes out about it, and the evidence of it all."""
    yield from have(story, run, steps.FINISH, Mark(run, at))
    yield from have(story, run, steps.EVIDENCE, About(run))
    return {"run": run, "phase": at.value}
