"""Prove what is there, as often as somebody asks: after the load, after the window, and at any time later."""

from __future__ import annotations

from typing import Any

from orchestrators.asking import TurnBack, have, load, move, phase
from shared.vocabulary import Phase
from shared.wire import steps
from shared.wire.context import Story, Telling
from shared.wire.payloads import About, Progress


def prove(story: Story, about: About) -> Telling[None]:
    """Read everything back and compare it with what the staged source says it should be.

    What a person asked to have repaired is written first, so that the proof is about the outcome.
    """
    yield from move(story, about.run, Phase.RECONCILE)
    repair: About = yield from have(story, about.run, steps.BEGIN_PROOF, about)
    if repair.generation:
        yield from load(story, about.run, repair.generation)
        yield from have(story, about.run, steps.CONFLICTS, about)
    yield from phase(story, about.run, steps.RECONCILE.name, generation="all")
    yield from phase(story, about.run, steps.SWEEP.name, generation="all")
    while (yield from _more_money(story, about)):
        pass
    yield from phase(story, about.run, steps.PROVE_FILES.name, generation="all")
    yield from have(story, about.run, steps.VERDICT, about)
    yield from have(story, about.run, steps.EVIDENCE, about)


def _more_money(story: Story, about: About) -> Telling[bool]:
    progress: Progress = yield from have(story, about.run, steps.MONEY, about)
    return progress.more


def verify(context: Any) -> Telling[dict[str, Any]]:
    """A proof of a run that was signed off: its own story, because the run's has ended."""
    story = Story(context)
    about = story.input(About)
    try:
        yield from prove(story, about)
        yield from move(story, about.run, Phase.FINISHED)
    except TurnBack:
        undone: dict[str, Any] = yield from story.child("rollback", about)
        return undone
    return {"run": about.run, "phase": Phase.FINISHED.value}
