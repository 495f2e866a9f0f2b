"""Stage records: page by page out of the source, in compressed, checksummed shards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from activities import auditing, documents, pickup
from activities.bookkeeping import not_beside
from activities.counting import count_staged
from activities.erased import without_erased
from activities.pickup import PAGE_RECORDS, RECORD_BYTES
from activities.toolbox import Toolbox
from shared.corepractice.source import Source
from shared.mapping.model import parse
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.staging.pages import Records
from shared.vocabulary import Tally
from shared.wire.payloads import About, Progress, Slice, Window

OVERLAP = timedelta(minutes=10)
"""A change may carry a time just before the moment it became visible. Reading a little twice does no harm."""


async def extract(tools: Toolbox, slice_: Slice) -> Progress:
    """Stage the next shard of one object."""
    run = await tools.run(slice_.run)
    source = await tools.source_of(run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, 0)
    if lane.done:
        return Progress()
    if not lane.notes:
        lane = await _begun(tools, run, lane)
    stage = _stage_one if lane.generation == "base" else pickup.read_on
    lane = await stage(tools, run, source, lane)
    if lane.done:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=not lane.done)


async def _begun(tools: Toolbox, run: Run, lane: LaneProgress) -> LaneProgress:
    """Where the lane starts: at the beginning, or at what changed since the generation before began."""
    since, notes = "", {"timeless": False, "bundle": run.blob}
    if lane.generation != "base":
        before = await tools.runs.lane(run.id, "extract", previous(lane.generation), lane.object, 0)
        since = (datetime.fromisoformat(before.notes["began"]) - OVERLAP).isoformat(timespec="seconds")
        notes = pickup.begun(run, lane, before)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    lane = replace(lane, notes={"began": began, "since": since, "shards": 0, **notes})
    await tools.runs.put_lane(run.id, lane)
    return lane


def previous(generation: str) -> str:
    """The generation before a delta: the delta before it, or the base."""
    number = int(generation.removeprefix("delta-"))
    return f"delta-{number - 1:04d}" if number > 1 else "base"


async def _stage_one(tools: Toolbox, run: Run, source: Source, lane: LaneProgress) -> LaneProgress:
    """One shard of the base. Its number comes from the lane, so a repeat after a crash writes the same shard again."""
    records = Records()
    cursor: str | None = lane.cursor or None
    most = tools.settings.shard_records
    size = of_page = 0  # another page is taken while one like the last still has room
    while len(records) < most and size + of_page <= most * RECORD_BYTES:
        page = await source.page(lane.object, cursor=cursor, limit=min(PAGE_RECORDS, most))
        records.add(without_erased(run, lane.object, page.records))
        of_page = records.size - size
        size += of_page
        cursor = page.next_cursor
        if cursor is None:
            break
    number = int(lane.notes["shards"])
    if records:
        await count_staged(tools, run.id, lane.object, number, records)
        address = await tools.staging.write_shard(run.id, lane.object, lane.generation, number, records)
        await tools.runs.put_shard(run.id, lane.object, lane.generation, number, address)
        chain = auditing.chain_of(lane)
        await auditing.staged(tools, run, lane.object, lane.generation, number, address, chain=chain)
    return replace(
        lane,
        cursor=cursor or "",
        done=cursor is None,
        tally=lane.tally + Tally(extracted=len(records)),
        notes={
            **lane.notes,
            "shards": number + bool(records),
            "timeless": lane.notes.get("timeless") or pickup.is_timeless(records),
        },
    )


async def open_window(tools: Toolbox, about: About) -> Window:
    """How long the delta window stays open."""
    run = await tools.run(about.run)
    return Window(hours=float(run.option("delta_window_hours")))


async def begin_pickup(tools: Toolbox, about: About) -> About:
    """Name the next delta. The number moves on only when the delta before it was staged and loaded in full, so a
    pickup repeated after a crash goes on with the one that was under way."""
    run = await tools.run(about.run)
    not_beside(run)
    lanes = await tools.runs.lanes(run.id, "extract")
    begun = [lane.generation for lane in lanes if lane.generation != "base"]
    finished = not begun or all(lane.done for lane in lanes if lane.generation == max(begun))
    written = await loaded(tools, run, max(begun)) if begun else True
    fresh = finished and written
    number = max((int(max(begun).removeprefix("delta-")) if begun else 0) + fresh, 1)
    generation = layout.delta(number)
    # A pickup that goes on reads what it began with; whoever asked for a newer export since gets a pickup of its own.
    columns: dict[str, str | int] = {"generation": number}
    if fresh:
        lists = about.closing or run.lists_asked > run.pickups_begun or run.lists_in == generation
        columns |= {"bundle": run.bundle_asked, "lists_in": generation if lists else ""}
    if fresh or run.bundle_asked == run.bundle:
        columns["pickups_begun"] = run.pickups_asked
    await tools.runs.note(run.id, **columns)
    return About(run.id, generation, about.closing)


async def loaded(tools: Toolbox, run: Run, generation: str) -> bool:
    """Whether everything a delta staged was loaded, by every rule that reads it."""
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    done = {lane.object for lane in await tools.runs.lanes(run.id, "load", generation) if lane.done}
    waiting = [rule for rule in mapping.objects if rule.object not in done]
    return not [rule for rule in waiting if await tools.runs.shards(run.id, generation, rule.source)]
