"""Put what the lanes of the latest proof found together into the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from activities import documents
from activities.changes import pending
from activities.conservation import publish_conservation
from activities.erased import Erased, counted
from activities.exceptions import publish_exceptions
from activities.files import files_found, publish_files
from activities.link import object_maps
from activities.money import publish_money
from activities.proof import each_lane, turns
from activities.reconcile import latest
from activities.sweep import found_in
from activities.toolbox import Toolbox
from shared.money.seen import Seen
from shared.money.seen import merged as merged_money
from shared.reconcile.findings import MOST_LISTED, merged
from shared.reconcile.sketch import Sketch
from shared.reconcile.verdict import Found, Strays
from shared.reconcile.verdict import verdict as verdict_of
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing


async def verdict(tools: Toolbox, about: About) -> Nothing:
    """Publish the verdict of the latest proof, once: a repeat finds it there."""
    run = await tools.run(about.run)
    turn = await turns(tools, run)
    before = await documents.read(tools, run.id, "verdict")
    if before and before["turn"] == turn:
        return Nothing()
    maps = await object_maps(tools, run)
    parts: dict[str, list[Mapping[str, Any]]] = {name: [] for name in maps}
    expected: dict[str, Sketch] = {object_map.table.name: Sketch() for object_map in maps.values()}
    seen = {name: Seen() for name in maps}
    async for lane, proof in each_lane(tools, run, turn):
        parts[lane.object].append(asdict(proof.findings))
        expected[maps[lane.object].table.name] += proof.expected
        seen[lane.object] = merged_money([seen[lane.object], proof.money])
    gone = await Erased.of(tools, run)
    for name in gone.rows.keys() & maps.keys():
        expected[maps[name].table.name] += await gone.there(tools, run, maps[name])
    objects = {
        name: {"table": maps[name].table.name, **counted(merged(found), gone.taken[name])}
        for name, found in parts.items()
    }
    files = await files_found(tools, run, turn)
    await publish_files(tools, run, files)
    found = Found(
        objects,
        extracted=await _staged(
            tools,
            run,
            {name: maps[name].source for name in maps},
            {name: found["replaced"] - gone.taken[name] for name, found in objects.items()},
        ),
        strays={table: await _strays(tools, run, turn, table, known) for table, known in expected.items()},
        files=files,
        conservation=await publish_conservation(tools, run, turn, maps, gone),
        money=await publish_money(tools, run, turn, maps, seen),
    )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    waiting = {name: len(some) for name, some in (await pending(tools, run)).items()}
    body = {"turn": turn, "version": turn, "at": at, **verdict_of(found), "gone_in_source": waiting}
    await publish_exceptions(tools, run, body)
    await documents.publish(tools, run.id, "verdict", body)
    return Nothing()


async def _strays(tools: Toolbox, run: Run, turn: int, table: str, expected: Sketch) -> Strays:
    swept = await found_in(tools, run, turn, table)
    unexpected, _, _ = (swept.there - expected).told()
    return Strays(len(swept.there), len(expected), unexpected[:MOST_LISTED], swept.others)


async def _staged(tools: Toolbox, run: Run, sources: Mapping[str, str], replaced: Mapping[str, int]) -> dict[str, int]:
    """How many different records were staged per object, deltas included. ``sources``: what each object reads;
    ``replaced``: how many of its base's records a delta brought again, less those that were erased since."""
    counts = {}
    for name, source in sources.items():
        base = sum(address.count for address in await tools.runs.shards(run.id, "base", source))
        counts[name] = base + len(await latest(tools, run, source)) - replaced[name]
    return counts
