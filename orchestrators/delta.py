"""The delta window: open for a while, picking up what changed in the source each time it is woken, then closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestrators.asking import TurnBack, have, load, move, phase
from orchestrators.gate import LOOK_AGAIN
from orchestrators.proving import prove
from shared.vocabulary import PROVE_AGAIN, Phase
from shared.wire import steps
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import About, Look, OpenWindow


def delta(context: Any) -> Telling[str | None]:
    """Answers ``closed`` after the last pickup, or ``rollback``. One look, at most one pickup or proof per
    execution."""
    story = Story(context)
    window = story.input(OpenWindow)
    closes_at = datetime.fromisoformat(window.closes_at)
    try:
        closing = story.now >= closes_at
        answer = "close" if closing else (yield from _look(story, window))
        if answer == "rollback":
            return answer
        if answer in ("pickup", "close"):
            yield from pickup(story, window.run, closing=answer == "close")
            if answer == "close":
                return "closed"
        elif answer == PROVE_AGAIN:
            yield from prove(story, About(window.run))
            yield from move(story, window.run, Phase.DELTA, waiting_for="window")
        else:
            yield from story.woken_before(min(closes_at, story.now + LOOK_AGAIN), event=_event(window))
    except TurnBack:
        return "rollback"
    story.begin_anew(replace(window, turn=window.turn + 1))
    return None


def _event(window: OpenWindow) -> str:
    return f"wake-{window.turn}"


def _look(story: Story, window: OpenWindow) -> Telling[str]:
    try:
        seen = yield from story.ask(steps.LOOK, Look(window.run, "window", story.instance, _event(window)))
    except Held:
        return "wait"
    return seen.answer


def pickup(story: Story, run: str, *, closing: bool) -> Telling[None]:
    """Bring over what was created or modified in the source since the last time."""
    about: About = yield from have(story, run, steps.BEGIN_PICKUP, About(run, closing=closing))
    yield from phase(story, run, steps.EXTRACT.name, generation=about.generation)
    yield from have(story, run, steps.LINK, about)
    yield from load(story, run, about.generation)
    yield from have(story, run, steps.CONFLICTS, about)
