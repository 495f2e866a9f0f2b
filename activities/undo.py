"""The way back for rows: page by page of the journal, the last written first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from activities import auditing
from activities.held import note, place, write_down
from activities.judging import Judge, Judged
from activities.link import maps_left
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.results import Result
from shared.dataverse.together import together
from shared.journal.entries import Outcome, Page, PageState
from shared.journal.tally import Tally
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.wire.payloads import Progress, Slice

PAGES_AT_A_TIME = 12
PAGES_AT_ONCE = 3
"""Side by side, as far as the pace lets them: no row is on two pages of a lane, and no row points at its own object."""


def journal_lane(slice_: Slice) -> str:
    """Under which name the journal keeps what a lane wrote."""
    return layout.journal_lane(slice_.generation.partition(".")[0], slice_.object, slice_.lane)


def pages_left(lane: LaneProgress, pages: Iterable[int]) -> list[int]:
    """The pages that a lane has not come to, the last written first."""
    return sorted((number for number in pages if not lane.cursor or number < int(lane.cursor)), reverse=True)


async def undo(tools: Toolbox, slice_: Slice) -> Progress:
    """Undo the next pages of one journal lane."""
    run = await tools.run(slice_.run)
    return await _next_pages(tools, run, slice_, turn=run.turn)


async def undo_part(tools: Toolbox, slice_: Slice) -> Progress:
    """The same for a part of a run that goes back alone. Nothing once the whole run has overtaken it."""
    run = await tools.run(slice_.run)
    if run.part is None:
        return Progress()
    return await _next_pages(tools, replace(run, release=run.part.release), slice_, turn=-run.part.number)


async def _next_pages(tools: Toolbox, run: Run, slice_: Slice, *, turn: int) -> Progress:
    """``turn`` names the way back in the journal: those of parts count downwards from -1."""
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    maps = await maps_left(tools, run)
    if slice_.object not in maps:
        return Progress()  # its table went on an earlier way back
    journal = await tools.journal(run.id)
    name = journal_lane(slice_)
    pages = pages_left(lane, [number for number, _ in await journal.pages(name)])
    judge = await Judge.of(tools, run, maps, slice_.object)
    tally = Tally.of(lane.notes)

    async def back(number: int) -> Page | None:
        page = await journal.get(name, number)
        if page and (page.outcome is None or page.outcome.turn != turn):
            return await _undo(judge, slice_, page, chain=auditing.chain_of(lane), turn=turn)
        return page  # undone by an attempt that died before its lane was written down

    now = pages[:PAGES_AT_A_TIME]
    for some in (now[start : start + PAGES_AT_ONCE] for start in range(0, len(now), PAGES_AT_ONCE)):
        for page in await together(back(number) for number in some):
            if page and page.outcome:
                tally.add(page.table, page.outcome.counts, page.outcome.held)
                note(tally, place(judge, page, step=slice_.step, turn=abs(turn)), page.outcome.held)
        lane = replace(lane, notes=tally.notes(), cursor=str(some[-1]))
        await tools.runs.put_lane(run.id, lane)
    more = len(pages) > PAGES_AT_A_TIME
    if not more:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, done=not more))
    return Progress(more=more)


async def _undo(judge: Judge, slice_: Slice, page: Page, *, chain: str, turn: int) -> Page:
    """Undo one page, tell the audit trail, and only then the journal: after that nobody comes back to it."""
    judged = await judge.judge(page)
    held = [*judged.held, *await _carry_out(judge, judged)]
    await write_down(judge, page, held, step=slice_.step, turn=abs(turn))
    await judge.tools.audit.add(judge.run.id, _told(judge.run, slice_, page, held), chain=chain)
    undone = replace(page, state=PageState.UNDONE, outcome=Outcome(turn, judged.counts(held), tuple(held)))
    await (await judge.tools.journal(judge.run.id)).put(undone)
    return undone


def _told(run: Run, slice_: Slice, page: Page, held: Sequence[tuple[str, str]]) -> Event:
    """One page as the audit trail keeps it."""
    looked_at = [entry.id for entry in page.open]
    facts = {
        "mark": f"{page.lane}/{page.number}",
        "object": slice_.object,
        "generation": slice_.generation,
        "undone": len(looked_at) - len(held),
        "held": dict(Counter(why for _, why in held)),
        "rows": keyed_all(run.audit_key, looked_at),
        "rows_held": keyed_all(run.audit_key, (id_ for id_, _ in held)),
    }
    return Event("batch-undone", APP, facts)


async def _carry_out(judge: Judge, judged: Judged) -> list[tuple[str, str]]:
    """Delete and restore; id and reason of each row that the target refused after all, mostly for an edit just now."""
    target, object_map = judge.target, judge.object_map
    refused = _refused(await target.delete(object_map.table, judged.deletes)) if judged.deletes else []
    if not judged.restores:
        return refused
    rows = [
        {**object_map.restore(entry.before or {}, entry.id), "@odata.etag": version}
        for entry, version in judged.restores
    ]
    refused += _refused(await target.update(object_map.table, rows))
    states = [
        (entry.id, int((entry.before or {})["statecode"]), int((entry.before or {})["statuscode"]))
        for entry, _ in judged.restores
        if entry.id not in dict(refused)
        and entry.before
        and object_map.has_state
        and entry.before["statecode"] != judged.present[entry.id]["statecode"]
    ]
    if states:
        await target.set_state(object_map.table, states)
    return refused


def _refused(results: Iterable[Result]) -> list[tuple[str, str]]:
    return [(result.id, result.reason or "refused") for result in results if not result.ok]
