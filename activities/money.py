"""Add up what the source says about money, and hold what arrived to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from activities import documents
from activities.conservation import readings
from activities.proof import each_lane, folder, turns
from activities.reconcile import latest
from activities.survey import records
from activities.toolbox import Toolbox
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import parse
from shared.money.amounts import MEASURES
from shared.money.books import Books, parts_for
from shared.money.seen import Seen, merged
from shared.money.statement import statement
from shared.runs.model import Run
from shared.wire.payloads import About, Progress

PEOPLE = "patients"


async def money(tools: Toolbox, about: About) -> Progress:
    """One pass over the staged ledger for the latest proof. A repeat makes the same of it again."""
    run = await tools.run(about.run)
    turn = await turns(tools, run)
    lane = await tools.runs.lane(run.id, "money", f"all.{turn}", "books", 0)
    sources = frozenset(parse(await documents.need(tools, run.id, "mapping")).sources()) & MEASURES.keys()
    if lane.done or not sources:
        return Progress()
    shards = [one for name in ("invoices", PEOPLE) for one in await tools.runs.shards(run.id, "base", name)]
    parts = parts_for(sum(address.count for address in shards))
    part = int(lane.cursor or 0)
    books = Books(part, parts, sources)
    async for record in latest_words(tools, run, PEOPLE):
        books.patient(record)
    for source in sorted(sources):
        async for record in latest_words(tools, run, source):
            books.record(source, record)
    off = merged([proof.money async for _, proof in each_lane(tools, run, turn)]).off
    await tools.staging.write_bytes(_path(run, turn, part), orjson.dumps(books.closed(off)))
    done = part + 1 == parts
    await tools.runs.put_lane(run.id, replace(lane, cursor=str(part + 1), done=done))
    return Progress(more=not done)


async def latest_words(tools: Toolbox, run: Run, source: str) -> AsyncIterator[Mapping[str, Any]]:
    """Every staged record, once, in its last version."""
    later = await latest(tools, run, source)
    async for record in records(tools, run, "base", source):
        if str(record["id"]) not in later:
            yield record
    for record in later.values():
        yield record


async def publish_money(
    tools: Toolbox, run: Run, turn: int, maps: Mapping[str, ObjectMap], seen: Mapping[str, Seen]
) -> dict[str, Any]:
    """Publish the document ``money``; whether it holds, for the verdict. ``seen``: what arrived, by object. Nothing
    where the run moves no ledger."""
    lane = await tools.runs.lane(run.id, "money", f"all.{turn}", "books", 0)
    books = [orjson.loads(await tools.staging.read_bytes(_path(run, turn, n))) for n in range(int(lane.cursor or 0))]
    if not books:
        return {}
    arrived = {
        name: (maps[objects[0]].source, merged(seen[one] for one in objects))
        for name, objects in readings(maps).items()
        if maps[objects[0]].source in MEASURES
    }
    body = statement(books, arrived)
    await documents.publish(tools, run.id, "money", body)
    return {"holds": body["holds"], "broken": body["broken_count"]}


def _path(run: Run, turn: int, part: int) -> str:
    return f"{folder(run.id, turn)}/money-{part:03d}"
