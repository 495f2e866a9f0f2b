"""One wave of a phase: its lanes side by side under a single ``task_all``."""

from __future__ import annotations

from typing import Any

from shared.wire.codec import decode, encode
from shared.wire.context import Story, Telling
from shared.wire.payloads import Envelope, Slices


def phase(context: Any) -> Telling[dict[str, Any]]:
    """Answers with the first lane's problem or wish, if any lane has one; else with a plain reply."""
    story = Story(context)
    wave = story.input(Slices)
    answers = yield from story.together("lane", wave.slices)
    envelopes = [decode(Envelope, answer) for answer in answers]
    held = [envelope for envelope in envelopes if envelope.problem or envelope.wish]
    return encode(held[0] if held else Envelope(reply={}))
