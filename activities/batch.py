"""One batch of rows: read what is there, write down what will change, send, read back what was left behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activities import auditing, merging, shorter
from activities.merging import Left, left_before
from activities.reading import present as rows_there
from activities.there import There, there
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.client import Dataverse
from shared.dataverse.results import Closing, Result
from shared.journal.entries import MERGED, Entry, Page, PageState
from shared.journal.store import Journal
from shared.loading import batches
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.vocabulary import Tally
from shared.wire.payloads import Slice

WON = 1


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
    beyond: shorter.Beyond = field(default_factory=dict)

    def by_author(self, rows: Iterable[Row]) -> list[tuple[str | None, deque[Row]]]:
        """The rows to make, by the user who is to be their author; None is ourselves (A22)."""
        groups: dict[str | None, deque[Row]] = {}
        for row in rows:
            groups.setdefault(self.map.author_of(row), deque()).append(row)
        return list(groups.items())

    def wire(self, rows: deque[Row]) -> Iterator[dict[str, Any]]:
        """The rows to make as they travel, each let go with it: while messages are under way the rows of all batches
        would be most of what the app holds."""
        while rows:
            yield self.map.to_create(rows.popleft(), self.run.number)

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


async def work_for(
    tools: Toolbox, run: Run, slice_: Slice, object_map: ObjectMap, records: Sequence[dict[str, Any]]
) -> Work:
    journal = await tools.journal(run.id)
    beyond: shorter.Beyond = {}
    if object_map.object == shorter.NOTES and slice_.generation.startswith("delta"):
        beyond, left = await shorter.beyond(tools, run, object_map, records, generation=slice_.generation)
    else:
        ids = {object_map.row_id(record) for record in records}
        left = await left_before(tools, run, slice_.object, ids, generation=slice_.generation)
    over = slice_.generation == run.overwrites
    lane = layout.journal_lane(slice_.generation, slice_.object, slice_.lane)
    begun = frozenset(number for number, _ in await journal.pages(lane))
    known = await there(tools, run, slice_.object, slice_.generation)
    return Work(
        tools, run, slice_, object_map, object_map.wave, tools.target_of(run), journal, left, known, begun, over,
        beyond=beyond,
    )  # fmt: skip


async def write(work: Work, records: Sequence[dict[str, Any]], *, page: int) -> tuple[Tally, dict[str, int]]:
    """One batch, whole: safe to repeat from its beginning after a crash between any two lines."""
    # In a thread: the answers that are on their way should be heard meanwhile, and timed.
    found = await asyncio.to_thread(batches.sort_records, work.map, records)
    asides = {source_id: (aside.reason, aside.column) for source_id, aside in found.set_aside}
    half_done = await work.journal.get(work.page_lane, page) if page in work.begun else None
    notes = {row: note for note in set(found.source_ids.values()) for row in work.beyond.get(note, ())}
    asked = [id_ for id_ in found.rows if half_done or id_ in work.left or work.there.may_hold(id_)]
    present = await rows_there(work.target, work.map, [*asked, *notes])
    surplus = shorter.judged(notes, present, work.left, number=work.run.number, overwrites=work.overwrites)
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
        work.map, [*batch.touched, *surplus.deletes], present, half_done=half_done, left=work.left,
        merged=batches.mixed(batch, half_done),
    )  # fmt: skip
    asides |= {found.source_ids[id_]: (batches.EDITED, "") for id_ in batch.conflicts}
    disputed = {id_ for id_, merged in batch.merges.items() if merged.disputed}
    asides |= {found.source_ids[id_]: (batches.EDITED, batch.merges[id_].spelled()) for id_ in disputed}
    firsts = [id_ for id_, row in found.rows.items() if row.part <= 1]
    failed: dict[str, tuple[str, str]] = {}
    settling: list[Awaitable[None]] = []
    if batch.touched or surplus.deletes or batches.is_half_done(half_done):
        lane, table = work.page_lane, work.map.table.name
        intended = Page(work.wave, table, lane, page, PageState.INTENDED, entries, work.shard)
        await work.journal.put(intended)
        failed = await _send(work, batch, found.rows)
        surplus = await shorter.take_out(work.target, work.map, surplus)
        versions = await work.target.rows(work.map.table, [entry.id for entry in entries], select=[], yields=True)
        # What was refused, or left to a person, is not as we left it: the next writer must not take it for ours.
        left_alone = {*failed, *batch.conflicts, *surplus.held}
        done = {id_: str(row["@odata.etag"]) for id_, row in versions.items() if id_ not in left_alone}
        settled = intended.settled(done)
        settling.append(work.journal.put(settled))
    asides |= {found.source_ids[id_]: why for id_, why in failed.items()}
    asides |= {notes[id_]: (why, "") for id_, why in surplus.held.items()}
    silent = {id_ for id_, merged in batch.merges.items() if not (merged.write or merged.moves)}
    written = tuple(entry for entry in entries if entry.id not in silent)
    tally = _tally(work, firsts, present, written, {*failed, *batch.conflicts, *disputed})
    tally += Tally(excluded=sum(found.excluded.values()), set_aside=len(asides))
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


async def _send(work: Work, batch: batches.Batch, rows: dict[str, Row]) -> dict[str, tuple[str, str]]:
    """Creates, updates, then the second write that carries other states. Takes what it makes out of ``rows``. Answers
    with the rows that could not go."""
    failed: dict[str, tuple[str, str]] = {}

    def collect(results: Iterable[Result]) -> None:
        failed.update({r.id: (r.reason or "refused", r.column or "") for r in results if not r.ok})

    for caller, made in work.by_author(rows.pop(id_) for id_ in batch.creates):
        collect(await work.target.create(work.map.table, work.wire(made), caller=caller))
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
    rows: Iterable[str],
    present: Mapping[str, Mapping[str, Any]],
    entries: tuple[Entry, ...],
    not_done: set[str],
) -> Tally:
    """Where the records ended that have ``rows``, one each. A delta counts what it changed; a base also what the sample
    had created."""
    created = updated = 0
    by_id = {entry.id: entry for entry in entries}
    delta = work.slice.generation.startswith("delta")
    for id_ in rows:
        if id_ in not_done:
            continue
        entry = by_id.get(id_)
        if entry is not None and entry.before is None and not (delta and id_ in work.left):
            created += 1
        elif entry is not None:
            updated += 1
        elif not delta:
            ours = batches.created_by(work.run.number, present.get(id_))
            created, updated = created + ours, updated + (not ours)
    return Tally(0, created, updated)


def _reasons(excluded: Mapping[str, int], asides: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    reasons = dict(excluded)
    for reason, _ in asides.values():
        reasons[reason] = reasons.get(reason, 0) + 1
    return reasons
