"""The way back for rows: page by page of the journal, the last written first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from activities import auditing
from activities.files import corrected, receipts_of
from activities.link import object_maps
from activities.load import order_of
from activities.reading import present as rows_there
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.dataverse.client import Dataverse
from shared.dataverse.results import Result
from shared.journal import undo as journal_undo
from shared.journal.entries import Page, PageState
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run
from shared.schema.model import Table
from shared.wire.payloads import Progress, Slice

PAGES_AT_A_TIME = 10
Link = tuple[Table, str]
MOST_LISTED = 100
"""How many held rows a lane lists one by one; all of them are counted."""


async def undo(tools: Toolbox, slice_: Slice) -> Progress:
    """Undo the next pages of one journal lane."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    journal = await tools.journal(run.id)
    name = f"{order_of(slice_.generation)}|{slice_.generation}|{slice_.object}|{slice_.lane:03d}"
    pages = [number for number, state in await journal.pages(name) if state != PageState.UNDONE]
    maps = await object_maps(tools, run)
    object_map = maps[slice_.object]
    links = _links_to(object_map.table, maps.values())
    target = tools.target_of(run)
    us = (await target.who_am_i()).user_id
    notes = {"undone": 0, "held": 0, "listed": [], **lane.notes}
    for number in sorted(pages, reverse=True)[:PAGES_AT_A_TIME]:
        page = await journal.get(name, number)
        if page is None:
            continue
        receipts = await receipts_of(tools, run, slice_.object, (entry.id for entry in page.entries))
        undone, held = await _undo_page(target, object_map, corrected(page, receipts), us=us, links=links)
        notes["undone"] += undone
        notes["held"] += len(held)
        notes["listed"] = [*notes["listed"], *([page.table, *one] for one in held)][:MOST_LISTED]
        await tools.audit.add(run.id, _told(run, slice_, page, undone, held), chain=auditing.chain_of(lane))
        await journal.put(replace(page, state=PageState.UNDONE))
        await tools.runs.put_lane(run.id, replace(lane, notes=notes))
    more = len(pages) > PAGES_AT_A_TIME
    if not more:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, notes=notes, done=not more))
    return Progress(more=more)


def _told(run: Run, slice_: Slice, page: Page, undone: int, held: Sequence[tuple[str, str]]) -> Event:
    """One page as the audit trail keeps it, before the journal says that it is undone and nobody comes back to it."""
    facts = {
        "mark": f"{page.lane}/{page.number}",
        "object": slice_.object,
        "generation": slice_.generation,
        "undone": undone,
        "held": dict(Counter(why for _, why in held)),
        "rows": keyed_all(run.audit_key, (entry.id for entry in page.entries)),
        "rows_held": keyed_all(run.audit_key, (id_ for id_, _ in held)),
    }
    return Event("batch-undone", APP, facts)


async def _undo_page(
    target: Dataverse, object_map: ObjectMap, page: Page, *, us: str, links: Sequence[Link]
) -> tuple[int, list[tuple[str, str]]]:
    """How many rows are as they were before; and id and reason of each that is held, mostly for a person's edit."""
    ids = [entry.id for entry in page.entries]
    present = await rows_there(target, object_map, ids)
    todo = journal_undo.decide(page, present, us=us)
    held = list(todo.held)
    used = await _used(target, links, [id_ for id_, _ in todo.deletes])
    held += [(id_, "still-used") for id_ in used]
    deletes = [(id_, version) for id_, version in todo.deletes if id_ not in used]
    if deletes:
        held += _refused(await target.delete(object_map.table, deletes))
    if todo.restores:
        rows = [
            {**object_map.restore(entry.before or {}, entry.id), "@odata.etag": version}
            for entry, version in todo.restores
        ]
        refused = _refused(await target.update(object_map.table, rows))
        held += refused
        states = [
            (entry.id, int((entry.before or {})["statecode"]), int((entry.before or {})["statuscode"]))
            for entry, _ in todo.restores
            if entry.id not in dict(refused)
            and entry.before
            and object_map.has_state
            and entry.before["statecode"] != present[entry.id]["statecode"]
        ]
        if states:
            await target.set_state(object_map.table, states)
    return len(ids) - len(held), held


def _links_to(table: Table, maps: Iterable[ObjectMap]) -> list[Link]:
    """The lookups by which rows of ours may point at rows of a table."""
    links = {
        (one.table.name, column.name): (one.table, column.name)
        for one in maps
        for column in one.columns
        if column.bind_set == table.set_name
    }
    return list(links.values())


async def _used(target: Dataverse, links: Sequence[Link], ids: Sequence[str]) -> list[str]:
    """The rows that a row which stays points at: deleting an account takes its contacts along, whoever edited them.

    What points at them and goes itself went before: the way back begins with what refers to others.
    """
    going = set(ids)
    found = await asyncio.gather(*(target.pointed_at(table, lookup, ids) for table, lookup in links))
    used = {id_ for pointed in found for id_, by in pointed.items() if by - going}
    return sorted(used)


def _refused(results: Iterable[Result]) -> list[tuple[str, str]]:
    return [(result.id, result.reason or "refused") for result in results if not result.ok]
