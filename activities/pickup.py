"""What a pickup reads of one object: what changed since, what is other than it was, and what is gone (N13, A28).

A source that can be asked what changed is asked that. An export cannot, nor can an object whose records say no time:
there everything is read, and what is as it was is not staged again. Ids that are gone show only in a complete list, so
they are looked for in every new export, and in an API where somebody asked for the pickup or the window closes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from activities import auditing, snapshots
from activities.erased import without_erased
from activities.toolbox import Toolbox
from shared.corepractice.source import Record, Source
from shared.delta.snapshot import MODIFIED, UNCHANGED, missing
from shared.mapping.crosswalk import fingerprint
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.staging.pages import Records
from shared.vocabulary import Tally

SINCE, COMPARE, LIST, CONFIRM, SETTLE = "since", "compare", "list", "confirm", "settle"
"""What a lane reads in turn: changes by time, or everything; then the ids, one by one those that no list shows."""
SHARDS_AT_A_TIME, PAGE_RECORDS, CONFIRMED_AT_A_TIME = 5, 500, 200
RECORD_BYTES = 500
"""A shard has no more bytes than its number of records would have at so many each: notes may be long and patients have
many fields, and each lane has a shard in memory whole."""
LISTED = "listed"


def is_timeless(records: Iterable[Record]) -> bool:
    """Whether any of these records does not say when it changed."""
    return any(not _is_instant(record.get("updated_at")) for record in records)


def _is_instant(said: Any) -> bool:
    try:
        return datetime.fromisoformat(str(said)).tzinfo is not None
    except ValueError:
        return False


def begun(run: Run, lane: LaneProgress, before: LaneProgress) -> dict[str, Any]:
    """What a pickup's lane has to remember from its beginning, and how it reads."""
    earlier = before.notes
    timeless = bool(run.blob) or bool(earlier.get("timeless"))
    read_already = bool(run.blob) and earlier.get("bundle") == run.blob
    stage = SETTLE if read_already else COMPARE if timeless else SINCE
    lists = not read_already and (timeless or run.lists_in == lane.generation)
    before_that = earlier.get("complete", layout.BASE)
    return {"timeless": timeless, "bundle": run.blob, "stage": stage, "lists": lists, "pieces": 0, "counts": {},
            "gone": earlier.get("gone", ""), "complete": before_that, "complete_before": before_that}  # fmt: skip


async def read_on(tools: Toolbox, run: Run, source: Source, lane: LaneProgress) -> LaneProgress:
    """The next part of a lane. A repeat after a crash does the same once more: each part has its place by number."""
    stage = lane.notes["stage"]
    if stage == CONFIRM:
        return await _confirm(tools, run, source, lane)
    if stage == SETTLE:
        return await _settle(tools, run, lane)
    lane, over = await _read(tools, run, source, lane)
    if not over:
        return lane
    if stage == SINCE and lane.notes["lists"]:
        return _at(lane, LIST)
    return await _gone_to_confirm(tools, run, lane) if lane.notes["lists"] else _at(lane, SETTLE)


def _at(lane: LaneProgress, stage: str, cursor: str = "") -> LaneProgress:
    return replace(lane, cursor=cursor, notes={**lane.notes, "stage": stage})


async def _read(tools: Toolbox, run: Run, source: Source, lane: LaneProgress) -> tuple[LaneProgress, bool]:
    """Some shards' worth of pages; whether they were the last."""
    stage, size = lane.notes["stage"], tools.settings.shard_records
    then = await snapshots.known(tools, run, lane.object, before=lane.generation)
    back = frozenset(map(fingerprint, await snapshots.gone_by(tools, lane)))
    counts: Counter[str] = Counter(lane.notes["counts"])
    fresh = Records()
    marks, cursor, read = array("Q"), lane.cursor or None, 0
    since, limit = lane.notes["since"] if stage == SINCE else None, min(PAGE_RECORDS, size)
    most = size if stage == SINCE else SHARDS_AT_A_TIME * size  # of what is compared, little is staged
    while read + limit <= most:
        page = await source.page(lane.object, cursor=cursor, since=since, limit=limit)
        other: list[Record] = []
        for record in page.records:
            mark = fingerprint(str(record["id"]))
            marks.append(mark)
            if stage == LIST and mark not in back:
                continue
            told = then.told(record)
            counts[told] += 1
            if stage == SINCE or told != UNCHANGED:
                other.append(record)
        fresh.add(without_erased(run, lane.object, other))
        read, cursor = read + len(page.records), page.next_cursor
        if cursor is None:
            break
    lane = await _staged(tools, run, lane, fresh)
    pieces = int(lane.notes["pieces"])
    if stage != SINCE:
        await snapshots.keep_seen(tools, run, lane, pieces, marks)
        counts[LISTED] += len(marks)
        pieces += 1
    return replace(
        lane, cursor=cursor or "", notes={**lane.notes, "counts": dict(counts), "pieces": pieces}
    ), cursor is None


async def _staged(tools: Toolbox, run: Run, lane: LaneProgress, fresh: Records) -> LaneProgress:
    size, number = tools.settings.shard_records, int(lane.notes["shards"])
    for part in fresh.parts(most=size, room=size * RECORD_BYTES):
        address = await tools.staging.write_shard(run.id, lane.object, lane.generation, number, part)
        await tools.runs.put_shard(run.id, lane.object, lane.generation, number, address)
        chain = auditing.chain_of(lane)
        await auditing.staged(tools, run, lane.object, lane.generation, number, address, chain=chain)
        number += 1
    tally = lane.tally + Tally(extracted=len(fresh))
    return replace(lane, tally=tally, notes={**lane.notes, "shards": number})


async def _gone_to_confirm(tools: Toolbox, run: Run, lane: LaneProgress) -> LaneProgress:
    """The list was complete: name the ids that it did not have. An export has no other word about them."""
    then = await snapshots.known(tools, run, lane.object, before=lane.generation)
    marks = set(missing(then, await snapshots.seen(tools, run, lane)))
    found = snapshots.words(tools, run, lane.object, marks, before=lane.generation)
    names = sorted({str(record["id"]) async for _, record in found})
    await tools.staging.write_bytes(_missing(run, lane), orjson.dumps(names))
    return _at(lane, CONFIRM if names and not run.blob else SETTLE)


async def _confirm(tools: Toolbox, run: Run, source: Source, lane: LaneProgress) -> LaneProgress:
    """Ask for some of the missing records one by one: a list does not show every record that is there (R100)."""
    names: list[str] = orjson.loads(await tools.staging.read_bytes(_missing(run, lane)))
    first = int(lane.cursor or 0)
    then = await snapshots.known(tools, run, lane.object, before=lane.generation)
    there: list[Record] = []
    for id_ in names[first : first + CONFIRMED_AT_A_TIME]:
        record = await source.record(lane.object, id_)
        there += [record] if record is not None else []
    kept = orjson.dumps([str(record["id"]) for record in there])
    await tools.staging.write_bytes(f"{_missing(run, lane)}-{first:06d}", kept)
    modified = [record for record in there if then.told(record) == MODIFIED]
    other = Records()
    other.add(without_erased(run, lane.object, modified))
    lane = await _staged(tools, run, lane, other)
    counts = Counter(lane.notes["counts"]) + Counter({MODIFIED: len(modified), LISTED: len(there)})
    lane = replace(lane, notes={**lane.notes, "counts": dict(counts)})
    over = first + CONFIRMED_AT_A_TIME >= len(names)
    return _at(lane, SETTLE) if over else _at(lane, CONFIRM, str(first + CONFIRMED_AT_A_TIME))


async def _settle(tools: Toolbox, run: Run, lane: LaneProgress) -> LaneProgress:
    """Write down what is gone by now: last of all, so that whoever finds it finds everything that it goes with."""
    gone = await snapshots.gone_by(tools, lane)  # as the pickup before left it
    staged = [
        await tools.staging.snapshot(one) for one in await tools.runs.shards(run.id, lane.generation, lane.object)
    ]
    gone = {id_: when for id_, when in gone.items() if not any(id_ in part for part in staged)}
    complete = lane.notes["complete"]
    if lane.notes["lists"]:
        names: list[str] = orjson.loads(await tools.staging.read_bytes(_missing(run, lane)))
        there: set[str] = set()
        for first in range(0, len(names), CONFIRMED_AT_A_TIME) if not run.blob else ():
            there |= set(orjson.loads(await tools.staging.read_bytes(f"{_missing(run, lane)}-{first:06d}")))
        gone |= {id_: lane.generation for id_ in names if id_ not in there}
        complete = lane.generation
    path = await snapshots.keep_gone(tools, run, lane, gone)
    snapshots.forget(tools, run, lane.object, before=lane.generation)
    return replace(lane, done=True, cursor="", notes={**lane.notes, "gone": path, "complete": complete})


def _missing(run: Run, lane: LaneProgress) -> str:
    return f"{run.id}/gone/{lane.generation}/{lane.object}-missing"
