"""One lane: turn after turn of one slice, for as long as there is more."""

from __future__ import annotations

from typing import Any

from shared.wire import steps
from shared.wire.codec import decode, encode
from shared.wire.context import Held, Story, Telling
from shared.wire.payloads import Envelope, Progress, Slice

TURNS_PER_EXECUTION = 50
"""About 200 history events; replay stays at a few milliseconds."""


def lane(context: Any) -> Telling[dict[str, Any] | None]:
    """Answers with an envelope and never fails: a phase must be able to wait for all its lanes."""
    story = Story(context)
    slice_ = story.input(Slice)
    step = steps.BY_NAME[slice_.step]
    try:
        for _ in range(TURNS_PER_EXECUTION):
            answer = yield from story.ask(step, slice_)
            if not decode(Progress, encode(answer)).more:
                return encode(Envelope(reply={}))
    except Held as held:
        return encode(Envelope(problem=held.problem, wish=held.wish))
    story.begin_anew(slice_)
    return None
