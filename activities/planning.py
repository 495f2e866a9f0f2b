"""How a phase is cut: which objects, in which waves, over how many lanes."""

from __future__ import annotations

from activities import documents, there
from activities.owners import still_fit
from activities.toolbox import Toolbox
from shared.loading import waves
from shared.mapping.model import FieldMap, parse
from shared.runs.model import Run
from shared.runs.parts import Part
from shared.wire.payloads import Plan, Slice


async def plan(tools: Toolbox, asked: Slice) -> Plan:
    """The plan of the phase that ``asked`` names by its step and generation."""
    run = await tools.run(asked.run)
    if asked.step == "profile":
        source = await tools.source_of(run)
        names = [found.name for found in (await source.describe()).objects]
        return Plan(waves.one_lane_each(run.id, asked.step, "", names))
    if asked.step == "undo":
        journal = await tools.journal(run.id)
        return Plan(waves.backwards(run.id, asked.step, await journal.lanes(), turn=run.turn))
    if asked.step == "undo_part":
        lanes = await _lanes_of(tools, run, run.part) if run.part else []
        return Plan(waves.backwards(run.id, asked.step, lanes, turn=run.part.number if run.part else 1))
    if asked.step == "rehearse":
        lanes = await _lanes_of(tools, run, run.rehearsing)
        return Plan(waves.backwards(run.id, asked.step, lanes, turn=run.rehearsals_asked))
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    if asked.step == "extract":
        return Plan(waves.one_lane_each(run.id, asked.step, asked.generation, mapping.sources()))
    if asked.step == "attach" and asked.generation in run.removals:
        return Plan()  # files go with their rows
    if asked.step == "attach":
        return await _attach(tools, run, mapping, asked.generation)
    if asked.step == "prove_files":
        return await _proof(tools, run, mapping, asked.step, _with_files(mapping))
    if asked.step == "sweep":
        tables = sorted({rule.table for rule in mapping.objects})
        return Plan(waves.one_lane_each(run.id, asked.step, f"all.{await _turn(tools, run)}", tables))
    if asked.step == "reconcile":
        return await _proof(tools, run, mapping, asked.step, [rule.object for rule in mapping.objects])
    await there.look(tools, run, asked.generation)
    shards = await _shards(tools, run, mapping, asked.generation)
    order = waves.waves(mapping)
    if asked.generation in run.removals:
        return Plan(waves.by_shards(run.id, asked.step, asked.generation, order[::-1], shards, lanes=1))
    found = waves.by_shards(run.id, asked.step, asked.generation, order, shards, lanes=tools.settings.lanes)
    if found:
        await still_fit(tools, run)
    return Plan(found)


async def _lanes_of(tools: Toolbox, run: Run, part: Part | None) -> list[tuple[int, str, str, int]]:
    """The lanes of the journal that a part takes; all of them without one."""
    lanes = await (await tools.journal(run.id)).lanes()
    return [lane for lane in lanes if part is None or part.takes(lane[1])]


async def _turn(tools: Toolbox, run: Run) -> int:
    """Which proof this is: a verdict has the number of its own."""
    verdict = await tools.runs.document(run.id, "verdict")
    return verdict.sequence + 1 if verdict else 1


def _with_files(mapping: FieldMap) -> list[str]:
    return [rule.object for rule in mapping.objects if rule.source == "attachments"]


async def _attach(tools: Toolbox, run: Run, mapping: FieldMap, generation: str) -> Plan:
    """One wave: every file stands for itself."""
    shards = await _shards(tools, run, mapping, generation)
    order = [_with_files(mapping)]
    return Plan(waves.by_shards(run.id, "attach", generation, order, shards, lanes=tools.settings.lanes))


async def _shards(tools: Toolbox, run: Run, mapping: FieldMap, generation: str) -> dict[str, int]:
    counts = await tools.runs.shard_counts(run.id, generation)
    return {rule.object: counts.get(rule.source, 0) for rule in mapping.objects}


async def _proof(tools: Toolbox, run: Run, mapping: FieldMap, step: str, names: list[str]) -> Plan:
    """One wave: nothing is written, so nothing waits. What deltas brought is compared apart, as the latest word."""
    if not names:
        return Plan()
    brought = await tools.runs.in_deltas(run.id)
    turn = await _turn(tools, run)
    shards = await _shards(tools, run, mapping, "base")
    base = waves.by_shards(run.id, step, f"base.{turn}", [names], shards, lanes=tools.settings.lanes)
    again = [rule.object for rule in mapping.objects if rule.object in names and rule.source in brought]
    later = waves.one_lane_each(run.id, step, f"deltas.{turn}", again)
    wave = [*(base[0] if base else []), *later[0]]
    return Plan([wave] if wave else [])
