"""The way back: rows in reverse order of waves, then the schema the run created, journal in hand."""

from __future__ import annotations

from typing import Any

from orchestrators.asking import ends, have, move, phase
from shared.vocabulary import Phase
from shared.wire import steps
from shared.wire.context import Story, Telling
from shared.wire.payloads import About, Progress


def rollback(context: Any) -> Telling[dict[str, Any]]:
    """Ends the run it turns back, also one that was signed off. Every step of it may be repeated."""
    story = Story(context)
    about = story.input(About)
    yield from move(story, about.run, Phase.ROLLBACK)
    yield from phase(story, about.run, steps.UNDO.name)
    while (yield from _more_files(story, about)):
        pass
    while (yield from _more_schema(story, about)):
        pass
    return (yield from ends(story, about.run, Phase.ROLLED_BACK))


def _more_files(story: Story, about: About) -> Telling[bool]:
    progress: Progress = yield from have(story, about.run, steps.UNDO_FILES, about)
    return progress.more


def _more_schema(story: Story, about: About) -> Telling[bool]:
    progress: Progress = yield from have(story, about.run, steps.UNDO_SCHEMA, about)
    return progress.more
