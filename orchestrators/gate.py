"""A wait for a person. The decision itself lives in the runs table; the wake-up event carries nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.wire import steps
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import Look, Waiting

LOOK_AGAIN = timedelta(minutes=5)
"""A wake-up can be lost, with the process that was about to send it; the table cannot. So whoever waits also looks by
itself now and then."""


def gate(context: Any) -> Telling[str | None]:
    """Answers with what was decided about the topic it waits for."""
    story = Story(context)
    waiting = story.input(Waiting)
    event = f"wake-{waiting.turn}"
    try:
        seen = yield from story.ask(steps.LOOK, Look(waiting.run, waiting.topic, story.instance, event))
        if seen.answer != "wait":
            return seen.answer
    except Held:
        pass  # the table was out of reach: look again later, as after a wake-up that was lost
    yield from story.woken_before(story.now + LOOK_AGAIN, event=event)
    story.begin_anew(replace(waiting, turn=waiting.turn + 1))
    return None
