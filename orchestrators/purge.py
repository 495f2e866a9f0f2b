"""The end of a run's health data in our storage: a story of its own, some time after the run's."""

from __future__ import annotations

from typing import Any

from shared.wire import steps
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import About

NEXT_TRY = 3600.0


def purge(context: Any) -> Telling[dict[str, Any] | None]:
    """Ends when nothing is left. Whatever holds it up, it tries again: nobody waits at a gate for it."""
    story = Story(context)
    about = story.input(About)
    try:
        yield from story.ask(steps.PURGE, about)
    except Held:
        yield from story.sleep(NEXT_TRY)
        story.begin_anew(about)
        return None
    return {"run": about.run}
