"""Take out rows whose records are gone from the source, as a person decided: through the journal, children first.

A removal is a generation of its own. Of each row the journal says before it goes that this run is what there was before
it: nothing. So the way back finds it as it should be, whether the row went, stayed or was made again since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from activities import auditing, removed
from activities.changes import PATIENTS, merges_kept
from activities.dependents import Dependents
from activities.judging import STILL_USED
from activities.link import object_maps
from activities.merging import left_before
from activities.reading import present
from activities.toolbox import Toolbox
from shared.attachments.router import Route
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.client import Dataverse
from shared.delta.departures import DELETED, MERGED, REMOVED
from shared.delta.removal import Removal, judge
from shared.journal.entries import Entry, Page, PageState
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Excluded
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.vocabulary import Tally
from shared.wire.payloads import Progress

IN_LIBRARY = "file-in-library"
"""Why a file's row stays: its bytes lie in SharePoint, where only the way back takes them out."""
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Work:
    """What every page of one lane needs."""

    tools: Toolbox
    run: Run
    map: ObjectMap
    target: Dataverse
    dependents: Dependents
    merges: Collection[str]
    lane: LaneProgress

    @property
    def journal_lane(self) -> str:
        """The journal lane that this lane writes."""
        return layout.journal_lane(self.lane.generation, self.lane.object, self.lane.lane)


async def remove(tools: Toolbox, run: Run, lane: LaneProgress) -> Progress:
    """Take out the rows of the lane's next shard."""
    maps = await object_maps(tools, run)
    object_map, target = maps[lane.object], tools.target_of(run)
    dependents = await Dependents.of(target, object_map.table, maps.values(), us=await target.us())
    merges = await merges_kept(tools, run) if object_map.source == PATIENTS else {}
    work = Work(tools, run, object_map, target, dependents, merges, lane)
    shards = await tools.runs.shards(run.id, lane.generation, object_map.source)
    number, size = int(lane.cursor or 0), tools.settings.batch_rows
    if not lane.notes:
        lane = replace(lane, notes={"source": object_map.source, "removed": 0, "listed": []})
    if number < len(shards):
        records = await tools.staging.read_shard(shards[number])
        for start in range(0, len(records), size):
            page = number * 10_000 + start // size
            lane = await _page(replace(work, lane=lane), records[start : start + size], page, shards[number].path)
    over = number + 1 >= len(shards)
    if over:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, cursor=str(number + 1), done=over))
    return Progress(more=not over)


async def _page(work: Work, records: Sequence[Mapping[str, Any]], number: int, shard: str) -> LaneProgress:
    """One page, whole: safe to repeat from its beginning after a crash between any two lines."""
    rows = {str(record["id"]): _rows_of(work.map, record) for record in records}
    ids = [id_ for some in rows.values() for id_ in some]
    there = await present(work.target, work.map, ids)
    removal = await _judged(work, ids, there)
    removal = removal.holding(await _in_library(work, removal.deletes))
    journal, kept = await work.tools.journal(work.run.id), await _begun(work, number)
    entries = {**kept, **{id_: Entry(id_, None, version) for id_, version in removal.deletes.items()}}
    if entries:
        page = Page(work.map.wave, work.map.table.name, work.journal_lane, number, PageState.INTENDED,
                    tuple(entries.values()), shard)  # fmt: skip
        await journal.put(page)
        results = await work.target.delete(work.map.table, list(removal.deletes.items())) if removal.deletes else []
        removal = removal.holding({one.id: one.reason or "refused" for one in results if not one.ok})
        await journal.put(page.settled({}))
    stays = removal.held
    whole = [id_ for id_, some in rows.items() if not any(row in stays for row in some)]
    went = {id_: REMOVED[MERGED if id_ in work.merges else DELETED] for id_ in whole}
    await removed.note(work.tools, work.run, work.lane.generation, work.map.object, number, went)
    gone = [id_ for id_ in entries if id_ not in stays]
    await work.tools.audit.add(work.run.id, _told(work, number, gone, stays), chain=auditing.chain_of(work.lane))
    return _further(work, gone, stays)


def _rows_of(object_map: ObjectMap, record: Mapping[str, Any]) -> list[str]:
    """The rows that a record may have: also one that could not go any more, but once could."""
    found = object_map.rows(record)
    if isinstance(found, list):
        return [row.id for row in found]
    return [] if isinstance(found, Excluded) else [object_map.row_id(record)]


async def _judged(work: Work, ids: Sequence[str], there: Mapping[str, Mapping[str, Any]]) -> Removal:
    left = await left_before(work.tools, work.run, work.map.object, set(ids), generation=work.lane.generation)
    removal = judge(ids, there, left=left, number=work.run.number)
    if not removal.deletes:
        return removal
    used = await work.dependents.used(list(removal.deletes), goes=lambda _: False)
    return removal.holding(dict.fromkeys(sorted(used), STILL_USED))


async def _in_library(work: Work, rows: Iterable[str]) -> dict[str, str]:
    if work.map.source != "attachments":
        return {}
    receipts = await work.tools.receipts.of_rows(work.run.id, rows)
    return {id_: IN_LIBRARY for id_, one in receipts.items() if one.route == Route.SHAREPOINT}


async def _begun(work: Work, number: int) -> dict[str, Entry]:
    """What an attempt that was cut off had already written down: it may have sent all of it."""
    page = await (await work.tools.journal(work.run.id)).get(work.journal_lane, number)
    return {entry.id: entry for entry in page.entries} if page else {}


def _told(work: Work, number: int, gone: Sequence[str], held: Mapping[str, str]) -> Event:
    facts = {
        "mark": f"{work.journal_lane}/{number}",
        "object": work.map.object,
        "generation": work.lane.generation,
        "removed": len(gone),
        "held": {why: list(held.values()).count(why) for why in sorted(set(held.values()))},
        "rows": keyed_all(work.run.audit_key, gone),
        "rows_held": keyed_all(work.run.audit_key, held),
    }
    return Event("batch-removed", APP, facts)


def _further(work: Work, gone: Sequence[str], held: Mapping[str, str]) -> LaneProgress:
    lane, reasons = work.lane, dict(work.lane.reasons)
    for why in held.values():
        reasons[why] = reasons.get(why, 0) + 1
    listed = [*lane.notes["listed"], *([work.map.table.name, id_, why] for id_, why in held.items())][:MOST_LISTED]
    notes = {**lane.notes, "removed": lane.notes["removed"] + len(gone), "listed": listed}
    return replace(lane, tally=lane.tally + Tally(excluded=len(gone)), reasons=reasons, notes=notes)
