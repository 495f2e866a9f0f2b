"""The way back for rows: page by page of the journal, the last written first."""

from __future__ import annotations

from dataclasses import replace

from activities.link import object_maps
from activities.load import order_of
from activities.toolbox import Toolbox
from shared.dataverse.client import Dataverse
from shared.journal import undo as journal_undo
from shared.journal.entries import Page, PageState
from shared.mapping.compiled import ObjectMap
from shared.wire.payloads import Progress, Slice

PAGES_AT_A_TIME = 10


async def undo(tools: Toolbox, slice_: Slice) -> Progress:
    """Undo the next pages of one journal lane."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    journal = await tools.journal(run.id)
    name = f"{order_of(slice_.generation)}|{slice_.generation}|{slice_.object}|{slice_.lane:03d}"
    pages = [number for number, state in await journal.pages(name) if state != PageState.UNDONE]
    object_map = (await object_maps(tools, run))[slice_.object]
    target = tools.target_of(run)
    us = (await target.who_am_i()).user_id
    notes = dict(lane.notes)
    for number in sorted(pages, reverse=True)[:PAGES_AT_A_TIME]:
        page = await journal.get(name, number)
        if page is None:
            continue
        for what, count in (await _undo_page(target, object_map, page, us)).items():
            notes[what] = int(notes.get(what, 0)) + count
        await journal.put(replace(page, state=PageState.UNDONE))
        await tools.runs.put_lane(run.id, replace(lane, notes=notes))
    more = len(pages) > PAGES_AT_A_TIME
    await tools.runs.put_lane(run.id, replace(lane, notes=notes, done=not more))
    return Progress(more=more)


async def _undo_page(target: Dataverse, object_map: ObjectMap, page: Page, us: str) -> dict[str, int]:
    """Counts of what went back, what was so already, and what is held because a person touched it since."""
    ids = [entry.id for entry in page.entries]
    present = await target.rows(object_map.table, ids, select=object_map.select)
    todo = journal_undo.decide(page, present, us=us)
    held = len(todo.held)
    if todo.deletes:
        results = await target.delete(object_map.table, todo.deletes)
        held += sum(not result.ok for result in results)
    if todo.restores:
        names = list(object_map.by_name)
        rows = [
            {**object_map.restore(entry.id, entry.before or {}, names), "@odata.etag": version}
            for entry, version in todo.restores
        ]
        results = await target.update(object_map.table, rows)
        refused = {result.id for result in results if not result.ok}
        held += len(refused)
        states = [
            (entry.id, int((entry.before or {})["statecode"]), int((entry.before or {})["statuscode"]))
            for entry, _ in todo.restores
            if entry.id not in refused and entry.before and entry.before["statecode"] != present[entry.id]["statecode"]
        ]
        if states:
            await target.set_state(object_map.table, states)
    undone = len(todo.deletes) + len(todo.restores) + todo.done - (held - len(todo.held))
    return {"undone": undone, "held": held}
