"""Whether another run is in the way of this one: asked before a run may begin to write."""

from __future__ import annotations

from datetime import UTC, datetime

from activities import documents
from activities.toolbox import Toolbox
from shared.gates import Refusal
from shared.mapping.model import parse
from shared.runs import neighbours
from shared.runs.model import Run


async def claim(tools: Toolbox, run: Run) -> Refusal | None:
    """Take this run's objects in its environment, unless another run that is at work has some of them.

    The claim is written before anybody looks: of two that ask at once, one at least sees the other.
    """
    now = datetime.now(UTC)
    await tools.runs.note(run.id, claimed_at=now.isoformat(timespec="seconds"))
    mapping = await documents.read(tools, run.id, "mapping")
    mine = neighbours.moved(parse(mapping)) if mapping else frozenset()
    for other in neighbours.candidates(run, await tools.runs.all(), now=now):
        theirs = await documents.read(tools, other.id, "mapping")
        shared = mine & neighbours.moved(parse(theirs)) if theirs else frozenset()
        if shared:
            await tools.runs.note(run.id, claimed_at="")
            return Refusal(409, "environment-busy", neighbours.complaint(other, shared))
    return None
