"""What is known of the source by what was staged: each shard has its records' fingerprints and sums beside it, so the
snapshot of a generation is always there, and is never behind what was staged (N13)."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.delta.snapshot import Snapshot, overlaid
from shared.mapping.crosswalk import fingerprint
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.vocabulary import Address

Gone = dict[str, str]
"""Source ids that the source does not have any more, each with the generation that found it gone."""


def generations_before(generation: str) -> tuple[str, ...]:
    """The base, and the deltas before that one."""
    return (layout.BASE, *(layout.delta(one) for one in range(1, int(generation.removeprefix("delta-")))))


async def known(tools: Toolbox, run: Run, source: str, *, before: str) -> Snapshot:
    """What an object's records said the last time, as far as any generation before that one staged them and none found
    them gone. Kept while the pickup reads that object."""
    mark = (run.id, before, source)
    if mark not in tools.snapshots:
        parts = await _as_the_source_said(tools, run, source, before=before)
        earlier = generations_before(before)[-1]
        lane = await tools.runs.lane(run.id, "extract", earlier, source, 0)
        gone = frozenset(map(fingerprint, await gone_by(tools, lane)))
        tools.snapshots[mark] = await asyncio.to_thread(overlaid, parts, without=gone)
    return tools.snapshots[mark]


async def _as_the_source_said(tools: Toolbox, run: Run, source: str, *, before: str) -> list[Snapshot]:
    """The snapshots of an object's shards as they came from the source: before anything was joined to their records,
    and without what was only staged again."""
    found = []
    for generation in generations_before(before):
        lane = await tools.runs.lane(run.id, "extract", generation, source, 0)
        for number, address in await tools.runs.numbered_shards(run.id, generation, source):
            path = layout.shard_path(run.id, source, generation, number)
            if not lane.notes.get("again"):
                found.append(await tools.staging.snapshot(address, path=path))
    return found


def forget(tools: Toolbox, run: Run, source: str, *, before: str) -> None:
    """The pickup has read that object."""
    tools.snapshots.pop((run.id, before, source), None)


async def shards(tools: Toolbox, run: Run, source: str, *, before: str) -> list[tuple[str, Address]]:
    """The shards of an object, each with its generation, in the order in which they were staged."""
    found = []
    for generation in generations_before(before):
        found += [(generation, address) for address in await tools.runs.shards(run.id, generation, source)]
    return found


async def words(
    tools: Toolbox, run: Run, source: str, wanted: Collection[int], *, before: str
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every staged version of the records with those fingerprints, each with its generation, in turn. Reads only the
    shards that have one."""
    for generation, address in await shards(tools, run, source, before=before) if wanted else ():
        snapshot = await tools.staging.snapshot(address)
        if any(snapshot.sum_of(mark) is not None for mark in wanted):
            for record in await tools.staging.read_shard(address):
                if fingerprint(str(record["id"])) in wanted:
                    yield generation, record


async def gone_by(tools: Toolbox, lane: LaneProgress) -> Gone:
    """The ids that were known to be gone from the source when a lane of a pickup had ended."""
    path = str(lane.notes.get("gone") or "")
    found: Gone = orjson.loads(await tools.staging.read_bytes(path)) if path else {}
    return found


async def keep_gone(tools: Toolbox, run: Run, lane: LaneProgress, gone: Gone) -> str:
    """Keep them; where they lie, or nothing where there are none."""
    if not gone:
        return ""
    path = f"{run.id}/gone/{lane.generation}/{lane.object}"
    return (await tools.staging.write_bytes(path, orjson.dumps(gone))).path


def _piece(run: Run, lane: LaneProgress, number: int) -> str:
    return f"{run.id}/seen/{lane.generation}/{lane.object}/{number:06d}"


async def keep_seen(tools: Toolbox, run: Run, lane: LaneProgress, number: int, marks: array[int]) -> None:
    """Keep the fingerprints of the next piece of a complete list."""
    await tools.staging.write_bytes(_piece(run, lane, number), array("Q", sorted(marks)).tobytes())


async def seen(tools: Toolbox, run: Run, lane: LaneProgress) -> list[array[int]]:
    """The pieces of a complete list."""
    pieces = []
    for number in range(int(lane.notes["pieces"])):
        piece = array("Q")
        piece.frombytes(await tools.staging.read_bytes(_piece(run, lane, number)))
        pieces.append(piece)
    return pieces
