"""Write rows: read what is there, write down what will change, send, read back what was left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activities import auditing, merging
from activities.link import object_maps
from activities.merging import Left, left_before
from activities.reading import present as rows_there
from activities.removing import remove
from activities.there import There, there
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.client import Dataverse
from shared.dataverse.results import Closing, Result
from shared.dataverse.together import together
from shared.errors import AskPerson
from shared.journal.entries import MERGED, Entry, Page, PageState
from shared.journal.store import Journal
from shared.loading import batches
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from shared.runs.model import LaneProgress, Run
from shared.runs.parts import ROLLED_BACK
from shared.staging import layout
from shared.vocabulary import Tally
from shared.wire.payloads import Progress, Slice

WON = 1
PAGES_OF_A_SHARD = 10_000
BATCHES_AT_ONCE = 5
"""Of one shard, so that what is in memory does not grow with it."""
FORGIVEN = 20
"""Rows a lane may set aside before their share counts: in a small clinic one bad row is a large share."""


@dataclass(frozen=True, slots=True)
class Work:
    """What every batch of one slice needs."""

    tools: Toolbox
    run: Run
    slice: Slice
    map: ObjectMap
    wave: int
    target: Dataverse
    journal: Journal
    left: Mapping[str, Left]
    there: There
    begun: frozenset[int]
    """The pages of this lane's journal that an earlier attempt has begun."""
    overwrites: bool = False
    """A person decided that what people changed since is to be written over."""
    shard: str = ""
    """Where the records lie."""

    def by_author(
        self, creates: list[dict[str, Any]], rows: Mapping[str, Row]
    ) -> list[tuple[str | None, list[dict[str, Any]]]]:
        """The rows to make, by the user who is to be their author; None is ourselves (A22)."""
        groups: dict[str | None, list[dict[str, Any]]] = {}
        for wire in creates:
            row = rows[wire[self.map.table.primary_id]]
            groups.setdefault(self.map.author_of(row), []).append(wire)
        return list(groups.items())

    @property
    def ours_again(self) -> set[str]:
        """Rows that hold a person's changes beside ours, and are to hold only ours from now on."""
        return {id_ for id_, entry in self.left.items() if entry.version == MERGED} if self.overwrites else set()

    @property
    def chain(self) -> str:
        """The audit chain this slice writes."""
        return auditing.chain_of(
            LaneProgress(self.slice.step, self.slice.generation, self.slice.object, self.slice.lane)
        )

    def told(self, page: int, tally: Tally, reasons: Mapping[str, int], entries: Iterable[Entry]) -> Event:
        """One batch as the audit trail keeps it: counts, and the rows that were written, by their keyed ids."""
        facts = {
            "mark": f"{self.chain}/{page}",
            "object": self.slice.object,
            "generation": self.slice.generation,
            "created": tally.created,
            "updated": tally.updated,
            "excluded": tally.excluded,
            "set_aside": tally.set_aside,
            "reasons": dict(reasons),
            "rows": keyed_all(self.run.audit_key, (entry.id for entry in entries)),
        }
        return Event("batch-loaded", APP, facts)

    @property
    def page_lane(self) -> str:
        """The journal lane this slice writes."""
        return layout.journal_lane(self.slice.generation, self.slice.object, self.slice.lane)


async def load(tools: Toolbox, slice_: Slice) -> Progress:
    """Load the slice's next shard: its batches side by side, as far as the pace lets them.

    Which records make a batch is fixed by the shard, so a shard that is repeated after a crash has the same batches,
    and finds in the journal how far each of them came.
    """
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if slice_.generation in run.removals:
        return await remove(tools, run, lane)
    object_map = (await object_maps(tools, run))[slice_.object]
    shards = (await tools.runs.shards(run.id, slice_.generation, object_map.source))[slice_.lane :: slice_.lanes]
    shard = int((lane.cursor or "0").partition(":")[0])
    if shard >= len(shards):
        return await _over(tools, run, lane)
    records = await tools.staging.read_shard(shards[shard])
    if slice_.object in run.put_back:
        return await _left_out(tools, run, lane, len(records), number=shard, of=len(shards))
    work = replace(await _work(tools, run, slice_, object_map, records), shard=shards[shard].path)
    done = _Shard(tools, run, lane)
    size, first = tools.settings.batch_rows, shard * PAGES_OF_A_SHARD
    await together(
        done.batch(work, records[start : start + size], page=first + start // size)
        for start in range(0, len(records), size)
    )
    lane = replace(done.lane, cursor=str(shard + 1))
    if shard + 1 == len(shards):
        return await _over(tools, run, lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=True)


class _Shard:
    """The batches of one shard. Where too many rows are set aside, those that have not begun do not begin."""

    def __init__(self, tools: Toolbox, run: Run, lane: LaneProgress) -> None:
        self.lane = lane
        self._tools = tools
        self._run = run
        self._room = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._stopped = False

    async def batch(self, work: Work, records: list[dict[str, Any]], *, page: int) -> None:
        """One of them, in its turn."""
        async with self._room:
            if self._stopped:
                return
            try:
                tally, reasons = await _batch(work, records, page=page)
                self.lane = _further(self.lane, tally, reasons)
                _not_too_many(self._tools, self._run, self.lane)
            except BaseException:
                self._stopped = True
                raise


async def _left_out(tools: Toolbox, run: Run, lane: LaneProgress, count: int, *, number: int, of: int) -> Progress:
    """A shard of an object that somebody had put back: a change at the source does not bring single rows of it."""
    lane = replace(_further(lane, Tally(excluded=count), {ROLLED_BACK: count}), cursor=str(number + 1))
    if number + 1 == of:
        return await _over(tools, run, lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=True)


async def _over(tools: Toolbox, run: Run, lane: LaneProgress) -> Progress:
    await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, done=True))
    return Progress()


def _further(lane: LaneProgress, tally: Tally, reasons: Mapping[str, int]) -> LaneProgress:
    sums = {name: lane.reasons.get(name, 0) + reasons.get(name, 0) for name in {*lane.reasons, *reasons}}
    return replace(lane, tally=lane.tally + tally, reasons=sums)


def _not_too_many(tools: Toolbox, run: Run, lane: LaneProgress) -> None:
    share = run.option("set_aside_share")
    limit = tools.settings.set_aside_share if share is None else float(share)
    tally = lane.tally
    seen = tally.created + tally.updated + tally.excluded + tally.set_aside
    if tally.set_aside > FORGIVEN and tally.set_aside > limit * seen and not run.overlook_set_aside:
        raise AskPerson(
            "too-many-set-aside",
            f"{tally.set_aside} of {seen} {lane.object} could not be written: {', '.join(sorted(lane.reasons))}.",
            remedy="Mend the cause and resume, resume as it is to go on without them, or roll back.",
        )


async def _work(tools: Toolbox, run: Run, slice_: Slice, object_map: ObjectMap, records: list[dict[str, Any]]) -> Work:
    journal = await tools.journal(run.id)
    ids = {object_map.row_id(record) for record in records}
    if object_map.object == "notes" and slice_.generation.startswith("delta"):
        ids |= {row for record in records for row in _part_ids(object_map, record)}
    left = await left_before(tools, run, slice_.object, ids, generation=slice_.generation)
    over = slice_.generation == run.overwrites
    lane = layout.journal_lane(slice_.generation, slice_.object, slice_.lane)
    begun = frozenset(number for number, _ in await journal.pages(lane))
    known = await there(tools, run, slice_.object, slice_.generation)
    return Work(
        tools, run, slice_, object_map, object_map.wave, tools.target_of(run), journal, left, known, begun, over
    )


async def _batch(work: Work, records: list[dict[str, Any]], *, page: int) -> tuple[Tally, dict[str, int]]:
    """One batch, whole: safe to repeat from its beginning after a crash between any two lines."""
    # In a thread: the answers that are on their way should be heard meanwhile, and timed.
    found = await asyncio.to_thread(batches.sort_records, work.map, records)
    asides = {source_id: (aside.reason, aside.column) for source_id, aside in found.set_aside}
    half_done = await work.journal.get(work.page_lane, page) if page in work.begun else None
    asked = [id_ for id_ in found.rows if half_done or id_ in work.left or work.there.may_hold(id_)]
    present = await rows_there(work.target, work.map, asked)
    heeded = {} if work.overwrites else work.left
    edited = batches.edited(found.rows, present, half_done=half_done, left=heeded)
    weigh = await merging.weigh(
        work.tools, work.run, work.map, work.left, {id_: found.source_ids[id_] for id_ in edited},
        generation=work.slice.generation,
    )  # fmt: skip
    batch = batches.decide(
        work.map, found.rows, present, number=work.run.number, half_done=half_done, left=heeded, weigh=weigh,
        ours_again=work.ours_again,
    )  # fmt: skip
    entries = batches.entries_for(
        work.map, batch.touched, present, half_done=half_done, left=work.left, merged=batches.mixed(batch, half_done)
    )
    asides |= {found.source_ids[id_]: (batches.EDITED, "") for id_ in batch.conflicts}
    disputed = {id_ for id_, merged in batch.merges.items() if merged.disputed}
    asides |= {found.source_ids[id_]: (batches.EDITED, batch.merges[id_].spelled()) for id_ in disputed}
    failed: dict[str, tuple[str, str]] = {}
    settling: list[Awaitable[None]] = []
    if batch.touched or batches.is_half_done(half_done):
        lane, table = work.page_lane, work.map.table.name
        intended = Page(work.wave, table, lane, page, PageState.INTENDED, entries, work.shard)
        await work.journal.put(intended)
        failed = await _send(work, batch, found.rows)
        versions = await work.target.rows(work.map.table, [entry.id for entry in entries], select=[], yields=True)
        # What was refused, or left to a person, is not as we left it: the next writer must not take it for ours.
        left_alone = {*failed, *batch.conflicts}
        done = {id_: str(row["@odata.etag"]) for id_, row in versions.items() if id_ not in left_alone}
        settled = intended.settled(done)
        settling.append(work.journal.put(settled))
    asides |= {found.source_ids[id_]: why for id_, why in failed.items()}
    silent = {id_ for id_, merged in batch.merges.items() if not (merged.write or merged.moves)}
    written = tuple(entry for entry in entries if entry.id not in silent)
    tally = _tally(work, found, present, written, {*failed, *batch.conflicts, *disputed}, len(asides))
    reasons = _reasons(found.excluded, asides)
    told = work.told(page, tally, reasons, entries)
    kept = {found.source_ids[id_]: one for id_, one in batch.merges.items() if not one.disputed}
    await asyncio.gather(
        *settling,
        merging.note_kept(work.tools, work.run, work.map, kept),
        work.tools.runs.put_asides(work.run.id, work.slice.object, asides),
        work.tools.audit.add(work.run.id, told, chain=work.chain),
    )
    return tally, reasons


def _part_ids(object_map: ObjectMap, record: Mapping[str, Any]) -> list[str]:
    found = object_map.rows(record)
    return [row.id for row in found] if isinstance(found, list) else []


async def _send(work: Work, batch: batches.Batch, rows: Mapping[str, Row]) -> dict[str, tuple[str, str]]:
    """Creates, updates, then the second write that carries other states. Answers with the rows that could not go."""
    failed: dict[str, tuple[str, str]] = {}

    def collect(results: Iterable[Result]) -> None:
        failed.update({r.id: (r.reason or "refused", r.column or "") for r in results if not r.ok})

    for caller, creates in work.by_author(batch.creates, rows):
        collect(await work.target.create(work.map.table, creates, caller=caller))
    if batch.reopened:
        collect(await work.target.set_state(work.map.table, batch.reopened))
    if batch.updates:
        collect(await work.target.update(work.map.table, batch.updates))
    states = [state for state in batch.states if state[0] not in failed]
    if states:
        collect(await _close(work, batch, states))
    return failed


async def _close(work: Work, batch: batches.Batch, states: list[tuple[str, int, int]]) -> list[Result]:
    """An opportunity is won or lost by an action of its own (0x80100005 otherwise); any other state is written."""
    if work.map.table.name != "opportunity":
        return await work.target.set_state(work.map.table, states, values=batch.closing)
    closings = [
        Closing(
            id=id_, won=state == WON, status=status,
            actual_end=batch.closing.get(id_, {}).get("actualclosedate"),
            actual_revenue=batch.closing.get(id_, {}).get("actualvalue"),
        )
        for id_, state, status in states
        if state
    ]  # fmt: skip
    opened = [one for one in states if not one[1]]
    found = await work.target.close_opportunities(closings) if closings else []
    return [*found, *(await work.target.set_state(work.map.table, opened) if opened else [])]


def _tally(
    work: Work,
    found: batches.Sorted,
    present: Mapping[str, Mapping[str, Any]],
    entries: tuple[Entry, ...],
    not_done: set[str],
    set_aside: int,
) -> Tally:
    """Where each record of the batch ended. A delta counts what it changed; a base also what the sample had created."""
    created = updated = 0
    by_id = {entry.id: entry for entry in entries}
    delta = work.slice.generation.startswith("delta")
    for id_, row in found.rows.items():
        if id_ in not_done or row.part > 1:
            continue
        entry = by_id.get(id_)
        if entry is not None and entry.before is None and not (delta and id_ in work.left):
            created += 1
        elif entry is not None:
            updated += 1
        elif not delta:
            ours = batches.created_by(work.run.number, present.get(id_))
            created, updated = created + ours, updated + (not ours)
    return Tally(0, created, updated, sum(found.excluded.values()), set_aside)


def _reasons(excluded: Mapping[str, int], asides: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    reasons = dict(excluded)
    for reason, _ in asides.values():
        reasons[reason] = reasons.get(reason, 0) + 1
    return reasons
