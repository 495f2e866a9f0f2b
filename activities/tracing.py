"""Finding what is known about one row among millions: its record in the staged shards, its entries in the journal.

Little is read that grows with the practice: eight bytes a record in the index beside each shard, four bytes a row on
each journal page. One shard at a time is unpacked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from activities.toolbox import Toolbox
from shared.lineage.facts import Staged, Written
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.vocabulary import Address

AT_A_TIME = 16


def generations(run: Run) -> tuple[str, ...]:
    """Every generation of a run, in the order in which they are written."""
    return (layout.SAMPLE, layout.BASE, *(layout.delta(number) for number in range(1, run.generation + 1)))


async def words_of(tools: Toolbox, run: Run, source: str, source_id: str) -> list[Staged]:
    """Every staged version of a record, the sample's copy first and the latest word last."""
    found = [await _word(tools, run, generation, source, source_id) for generation in generations(run)]
    return [word for word in found if word is not None]


async def _word(tools: Toolbox, run: Run, generation: str, source: str, source_id: str) -> Staged | None:
    """The record in one generation: in the last shard that has it, should a source have given it twice."""
    shards = (await tools.runs.numbered_shards(run.id, generation, source))[::-1]
    for some in _parts(shards):
        told = await asyncio.gather(*(tools.staging.may_hold(address, source_id) for _, address in some))
        for (number, address), may in zip(some, told, strict=True):
            records = await tools.staging.read_shard(address) if may else []
            for line in range(len(records), 0, -1):
                if str(records[line - 1]["id"]) == source_id:
                    return Staged(generation, number, address, line, records[line - 1])
    return None


def _parts(shards: Sequence[tuple[int, Address]]) -> Iterator[Sequence[tuple[int, Address]]]:
    return (shards[start : start + AT_A_TIME] for start in range(0, len(shards), AT_A_TIME))


async def writes_of(tools: Toolbox, run: Run, objects: Collection[str], row: str) -> list[Written]:
    """Every journal entry about a row that one of these objects may have become, the first written first."""
    lanes = [lane for lane in await tools.runs.lanes(run.id, "load") if lane.object in objects]
    if not lanes:
        return []
    journal, gate = await tools.journal(run.id), asyncio.Semaphore(AT_A_TIME)

    async def look(lane: LaneProgress) -> list[Written]:
        name = layout.journal_lane(lane.generation, lane.object, lane.lane)
        async with gate:
            pages = await journal.holding(name, row)
        return [Written(page, next(entry for entry in page.entries if entry.id == row)) for page in pages]

    found = await asyncio.gather(*map(look, lanes))
    return sorted((one for some in found for one in some), key=lambda one: (one.page.lane, one.page.number))


async def rows_from(
    tools: Toolbox, run: Run, object_map: ObjectMap, shard: str, ids: Collection[str]
) -> dict[str, tuple[Row, dict[str, Any]]]:
    """The rows of those ids that the records of one staged shard should have become, each with its record."""
    found: dict[str, tuple[Row, dict[str, Any]]] = {}
    generation = layout.generation_of(shard)
    for _, address in await tools.runs.numbered_shards(run.id, generation, object_map.source) if generation else ():
        if address.path == shard:
            for record in await tools.staging.read_shard(address):
                rows = object_map.rows(record)
                found |= {row.id: (row, record) for row in rows if row.id in ids} if isinstance(rows, list) else {}
    return found


async def record_behind(tools: Toolbox, run: Run, object_map: ObjectMap, written: Written, row: str) -> str | None:
    """The source id of the record that a row was written from: for tables that cannot bear a mark of ours."""
    for _, address in await tools.runs.numbered_shards(run.id, written.generation, object_map.source):
        if address.path == written.page.shard:
            records = await tools.staging.read_shard(address)
            for record in records:
                if object_map.row_id(record) == row:
                    return str(record["id"])
            for record in records:  # a further part of one: that takes its text to be cut again
                rows = object_map.rows(record)
                if isinstance(rows, list) and any(one.id == row for one in rows):
                    return str(record["id"])
    return None
