"""A person is found in what a run keeps, and erased: a story of its own, while the run's waits or has ended."""

from __future__ import annotations

from typing import Any

from shared.wire import steps
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import About, Progress

NEXT_TRY = 600.0
STEPS_PER_EXECUTION = 40


def erasure(context: Any) -> Telling[dict[str, Any] | None]:
    """Ends when nothing is left. Whatever holds it up, it tries again: nobody waits at a gate for it."""
    story = Story(context)
    about = story.input(About)
    try:
        for _ in range(STEPS_PER_EXECUTION):
            if not (yield from _more(story, about)):
                yield from story.ask(steps.PERSON_ERASED, about)
                return {"run": about.run}
    except Held:
        yield from story.sleep(NEXT_TRY)
    story.begin_anew(about)
    return None


def _more(story: Story, about: About) -> Telling[bool]:
    """Whether there is more to be found, or else more to be erased."""
    found: Progress = yield from story.ask(steps.FIND_PERSON, about)
    if found.more:
        return True
    erased: Progress = yield from story.ask(steps.ERASE_PERSON, about)
    return erased.more
