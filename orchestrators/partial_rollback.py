"""A part of a run goes back alone: its own story beside the run's, which goes on waiting where it is."""

from __future__ import annotations

from typing import Any

from orchestrators.asking import TurnBack, have, phase
from shared.wire import steps
from shared.wire.context import Story, Telling
from shared.wire.payloads import About, Progress


def partial_rollback(context: Any) -> Telling[dict[str, Any]]:
    """Rows in reverse order of waves, then their files. Should the whole run be turned back meanwhile, that goes on
    from here."""
    story = Story(context)
    about = story.input(About)
    try:
        yield from phase(story, about.run, steps.UNDO_PART.name)
        while (yield from _more_files(story, about)):
            pass
        yield from have(story, about.run, steps.PART_UNDONE, about)
        yield from have(story, about.run, steps.EVIDENCE, about)
    except TurnBack:
        pass
    return {"run": about.run}


def _more_files(story: Story, about: About) -> Telling[bool]:
    progress: Progress = yield from have(story, about.run, steps.UNDO_PART_FILES, about)
    return progress.more
