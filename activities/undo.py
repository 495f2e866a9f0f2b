"""The way back for rows: page by page of the journal, the last written first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from activities import auditing
from activities.judging import Judge, Judged
from activities.link import object_maps
from activities.load import order_of
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.results import Result
from shared.journal.entries import Page, PageState
from shared.journal.tally import Tally
from shared.runs.model import Run
from shared.wire.payloads import Progress, Slice

PAGES_AT_A_TIME = 10


def journal_lane(slice_: Slice) -> str:
    """Under which name the journal keeps what a lane wrote."""
    return f"{order_of(slice_.generation)}|{slice_.generation}|{slice_.object}|{slice_.lane:03d}"


async def undo(tools: Toolbox, slice_: Slice) -> Progress:
    """Undo the next pages of one journal lane."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    journal = await tools.journal(run.id)
    name = journal_lane(slice_)
    pages = [number for number, state in await journal.pages(name) if state != PageState.UNDONE]
    judge = await Judge.of(tools, run, await object_maps(tools, run), slice_.object)
    tally = Tally.of(lane.notes)
    for number in sorted(pages, reverse=True)[:PAGES_AT_A_TIME]:
        page = await journal.get(name, number)
        if page is None:
            continue
        judged = await judge.judge(page)
        held = [*judged.held, *await _carry_out(judge, judged)]
        tally.add(page.table, judged.counts(held), held)
        await tools.audit.add(run.id, _told(run, slice_, page, held), chain=auditing.chain_of(lane))
        await journal.put(replace(page, state=PageState.UNDONE))
        await tools.runs.put_lane(run.id, replace(lane, notes=tally.notes()))
    more = len(pages) > PAGES_AT_A_TIME
    if not more:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, notes=tally.notes(), done=not more))
    return Progress(more=more)


def _told(run: Run, slice_: Slice, page: Page, held: Sequence[tuple[str, str]]) -> Event:
    """One page as the audit trail keeps it, before the journal says that it is undone and nobody comes back to it."""
    facts = {
        "mark": f"{page.lane}/{page.number}",
        "object": slice_.object,
        "generation": slice_.generation,
        "undone": len(page.entries) - len(held),
        "held": dict(Counter(why for _, why in held)),
        "rows": keyed_all(run.audit_key, (entry.id for entry in page.entries)),
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
