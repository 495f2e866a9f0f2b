"""A part of a run that goes back alone: what it comes to, whether it may go now, and what is written down then."""

from __future__ import annotations

from datetime import UTC, datetime

from activities import documents
from activities.extract import loaded
from activities.link import maps_left
from activities.toolbox import Toolbox
from activities.way_back import publish
from shared import gates
from shared.audit.event import APP, Event
from shared.bodies import RollbackRequest
from shared.gates import DOCUMENT_OF, Refusal
from shared.loading import waves
from shared.mapping.model import DERIVED, parse
from shared.runs import parts
from shared.runs.model import Run
from shared.runs.parts import SAMPLE, Part
from shared.staging import layout
from shared.vocabulary import Gate
from shared.wire.payloads import About, Nothing


async def meant(tools: Toolbox, run: Run, asked: RollbackRequest) -> Part | Refusal:
    """What somebody asks to put back, dependents included; or why that cannot be done."""
    assert asked.part is not None
    said = asked.part.model_dump(exclude_none=True)
    lanes = [lane.split("|") for _, lane, _, _ in await (await tools.journal(run.id)).lanes()]
    written = {name for _, generation, name, _ in lanes if generation != "schema"}
    if asked.part.generation:
        objects = tuple(sorted(name for _, generation, name, _ in lanes if generation == SAMPLE))
        return Part(0, said, tuple(dict.fromkeys(objects)), SAMPLE) if objects else gates.nothing_of(said)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    named = waves.named(mapping, object=asked.part.object, wave=asked.part.wave)
    mine = [name for name in named if name in written]
    if not mine:
        return gates.nothing_of(said, known=sorted(written))
    others = [name for name in waves.dependents(mapping, named) if name in written]
    others = [name for name in others if name not in run.put_back]
    if others and asked.with_dependents is None:
        return gates.needs_a_word(mine, others)
    return Part(0, said, (*mine, *(others if asked.with_dependents else ())))


async def refusal(tools: Toolbox, run: Run, part: Part) -> Refusal | None:
    """Whether the part may go now: where the run waits, and nobody has told it to go on."""
    return gates.judge_part(run, sample=part.generation == SAMPLE) or await going_on(tools, run)


async def going_on(tools: Toolbox, run: Run) -> Refusal | None:
    """Whether the run is about to go on, because somebody decided at its gate, or still has a pickup to end."""
    if run.waiting_for in list(Gate):
        gate = Gate(run.waiting_for)
        document = await tools.runs.document(run.id, DOCUMENT_OF[gate])
        if document and await tools.runs.decision(run.id, gate, document.digest):
            return gates.BUSY
    return None if run.ended or await _idle(tools, run) else gates.BUSY


async def _idle(tools: Toolbox, run: Run) -> bool:
    """Whether the latest pickup is over: staged, loaded, and its files brought."""
    if not run.generation:
        return True
    generation = layout.delta(run.generation)
    maps = await maps_left(tools, run)
    staged_all = {lane.object for lane in await tools.runs.lanes(run.id, "extract", generation) if lane.done}
    if not staged_all >= {one.source for one in maps.values()} - DERIVED or not await loaded(tools, run, generation):
        return False
    lanes = await tools.runs.lanes(run.id, "attach", generation)
    files = {name for name, one in maps.items() if one.source == "attachments"}
    staged = await tools.runs.shard_counts(run.id, generation)
    return all(lane.done for lane in lanes) and (
        not staged.get("attachments") or files <= {one.object for one in lanes}
    )


async def part_undone(tools: Toolbox, about: About) -> Nothing:
    """A part has gone back: publish what went and what stays, and let the rest of the run go on."""
    run = await tools.run(about.run)
    part = run.part
    if part is None:
        return Nothing()
    await publish(tools, run, "undo_part", part.number, part=part)
    facts = {"mark": f"part-undone/{part.number}", "part": part.number, "objects": list(part.objects)}
    await tools.audit.add(run.id, Event("part-undone", APP, facts))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    await tools.runs.note(run.id, parts=parts.spelled(parts.ended(run.parts, at=at)), claimed_at="")
    return Nothing()
