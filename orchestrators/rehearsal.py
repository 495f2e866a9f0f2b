"""The way back, rehearsed: its own story beside the run's, which goes on waiting and is told nothing."""

from __future__ import annotations

from typing import Any

from shared.wire import steps
from shared.wire.codec import decode
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import About, Envelope, Plan, Problem, Progress, Slice, Slices, Trouble


def rehearsal(context: Any) -> Telling[dict[str, Any]]:
    """Walks the journal as the way back would, and changes nothing. What holds it up is said in its document."""
    story = Story(context)
    about = story.input(About)
    try:
        plan: Plan = yield from story.ask(steps.PLAN, Slice(about.run, steps.REHEARSE.name, "", ""))
        for wave in plan.waves:
            envelope: Envelope = decode(Envelope, (yield from story.child("phase", Slices(wave))))
            if envelope.problem or envelope.wish:
                raise Held(problem=envelope.problem, wish=envelope.wish)
        while (yield from _more_files(story, about)):
            pass
        yield from story.ask(steps.REHEARSE_SCHEMA, about)
    except Held as held:
        problem = held.problem or Problem("held-up", "The run was paused or turned back meanwhile.", "Ask again.")
        yield from story.ask(steps.REHEARSAL_FAILED, Trouble(about.run, problem))
    return {"run": about.run}


def _more_files(story: Story, about: About) -> Telling[bool]:
    progress: Progress = yield from story.ask(steps.REHEARSE_FILES, about)
    return progress.more
