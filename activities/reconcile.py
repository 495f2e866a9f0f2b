"""Prove it: recompute what every row should be from the staged source, and read the target back.

Nothing here looks at what the loader counted. A record that was set aside is believed only if its row is really absent,
or if it was somebody else who changed the row last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from activities import documents
from activities.files import files_found, publish_files
from activities.link import object_maps
from activities.reading import present
from activities.survey import records
from activities.toolbox import Toolbox
from shared.diff.compare import compare, differs
from shared.loading.batches import EDITED, created_by, edited_by_another
from shared.mapping.compiled import NUMBER, ObjectMap
from shared.mapping.rows import Excluded, Row, SetAside
from shared.reconcile.verdict import Findings, merged
from shared.reconcile.verdict import verdict as verdict_of
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing, Progress, Slice


async def reconcile(tools: Toolbox, slice_: Slice) -> Progress:
    """Compare the slice's next shard; what deltas brought is compared in one go, each record's latest word."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    object_map = (await object_maps(tools, run))[slice_.object]
    later = await latest(tools, run, object_map.source)
    findings = Findings(**lane.notes) if lane.notes else Findings()
    if slice_.generation.startswith("deltas"):
        await _compare(tools, run, object_map, list(later.values()), findings)
        await tools.runs.put_lane(run.id, replace(lane, notes=asdict(findings), done=True))
        return Progress()
    shards = (await tools.runs.shards(run.id, "base", object_map.source))[slice_.lane :: slice_.lanes]
    shard = int(lane.cursor or 0)
    if shard < len(shards):
        staged = [r for r in await tools.staging.read_shard(shards[shard]) if str(r["id"]) not in later]
        await _compare(tools, run, object_map, staged, findings)
    done = shard + 1 >= len(shards)
    await tools.runs.put_lane(run.id, replace(lane, cursor=str(shard + 1), notes=asdict(findings), done=done))
    return Progress(more=not done)


async def latest(tools: Toolbox, run: Run, name: str) -> dict[str, dict[str, Any]]:
    """The last version of every record that any delta brought. A delta is small: it fits in memory."""
    last: dict[str, dict[str, Any]] = {}
    for number in range(1, run.generation + 1):
        async for record in records(tools, run, f"delta-{number:04d}", name):
            last[str(record["id"])] = record
    return last


async def _compare(
    tools: Toolbox, run: Run, object_map: ObjectMap, staged: list[dict[str, Any]], findings: Findings
) -> None:
    target, size = tools.target_of(run), tools.settings.batch_rows
    us = (await target.who_am_i()).user_id
    for start in range(0, len(staged), size):
        part = staged[start : start + size]
        results = [(str(record["id"]), object_map.rows(record)) for record in part]
        ids = [row.id for _, result in results if isinstance(result, list) for row in result]
        there = await present(target, object_map, ids)
        findings.records += len(part)
        for source_id, result in results:
            if isinstance(result, Excluded):
                findings.add_excluded(result.rule)
            elif isinstance(result, SetAside):
                findings.add_set_aside(result.reason)
            else:
                for expected in result:
                    await _judge(tools, run, object_map, source_id, expected, there.get(expected.id), findings, us=us)


async def _judge(
    tools: Toolbox,
    run: Run,
    object_map: ObjectMap,
    source_id: str,
    expected: Row,
    row: dict[str, Any] | None,
    findings: Findings,
    *,
    us: str,
) -> None:
    outcomes = compare(object_map, expected, row)
    ours, further = created_by(run.number, row), expected.part > 1
    # Looked up one by one, and only here: the whole list would be read again for every shard.
    reason = await tools.runs.aside(run.id, object_map.object, source_id) if differs(outcomes) else None
    if row is None and reason:
        findings.add_set_aside(reason, further=further)
    elif reason == EDITED and edited_by_another(row, us=us):
        findings.add_set_aside(EDITED, ours=ours, further=further)
    else:
        name = object_map.table.name
        findings.add_row(name, expected.id, outcomes, there=row is not None, ours=ours, further=further)


async def verdict(tools: Toolbox, about: About) -> Nothing:
    """Put the lanes of the latest proof together into the verdict."""
    run = await tools.run(about.run)
    lanes = await tools.runs.lanes(run.id, "reconcile")
    turn = max((int(lane.generation.rpartition(".")[2]) for lane in lanes), default=0)
    maps = await object_maps(tools, run)
    of_turn = [lane for lane in lanes if lane.generation.endswith(f".{turn}")]
    objects = {name: merged(lane.notes for lane in of_turn if lane.object == name) for name in maps}
    extracted = await _staged(tools, run, {name: maps[name].source for name in maps})
    target = tools.target_of(run)
    tables = {object_map.table.name: object_map for object_map in maps.values()}
    rows_of_run: dict[str, tuple[int, int]] = {}
    for table, object_map in tables.items():
        there = await target.count(object_map.table, f"{NUMBER} eq {run.number}")
        expected = sum(objects[name]["created"] for name in maps if maps[name].table.name == table)
        rows_of_run[table] = (there, expected)
    files = await files_found(tools, run, turn)
    await publish_files(tools, run, files)
    body = verdict_of(objects, extracted=extracted, rows_of_run=rows_of_run, files=files)
    await documents.publish(tools, run.id, "verdict", {"turn": turn, **body})
    return Nothing()


async def _staged(tools: Toolbox, run: Run, sources: Mapping[str, str]) -> dict[str, int]:
    """How many different records were staged per object, deltas included. ``sources``: what each object reads."""
    by_source = {name: await _different(tools, run, name) for name in sorted(set(sources.values()))}
    return {name: by_source[source] for name, source in sources.items()}


async def _different(tools: Toolbox, run: Run, name: str) -> int:
    base = sum(address.count for address in await tools.runs.shards(run.id, "base", name))
    later = await latest(tools, run, name)
    known = 0
    if later:
        async for record in records(tools, run, "base", name):
            known += str(record["id"]) in later
    return base + len(later) - known
