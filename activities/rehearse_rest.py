"""The rest of a rehearsal: the files in the library, the parts of the schema, and the document about it all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from activities import components, documents
from activities.files import policy_of
from activities.judging import STILL_USED
from activities.library import Library
from activities.part_files import Walk
from activities.rehearse import STEP, rows_that_went
from activities.schema import LANE
from activities.toolbox import Toolbox
from activities.undo_files import in_library
from activities.undo_schema import is_ours, is_profile, last_made_first, made_tables
from activities.way_back import NAMES, of_that_turn, publish
from shared.attachments.receipts import Receipt, ReceiptState
from shared.loading.waves import of_turn
from shared.runs.model import LaneProgress, Run
from shared.runs.parts import Part
from shared.schema.model import Table
from shared.vocabulary import Phase
from shared.wire.payloads import About, Nothing, Progress, Trouble

AT_A_TIME = 100
FOLDERS = "folders:"


async def rehearse_files(tools: Toolbox, about: About) -> Progress:
    """Look at the next files in the library, then at the folders: who replaced one, who put another beside ours."""
    run = await tools.run(about.run)
    policy, turn = await policy_of(tools, run), run.rehearsals_asked
    lane = await tools.runs.lane(run.id, STEP, of_turn("files", turn), "files", 0)
    if run.rehearsing and not lane.done:
        return await _of_a_part(tools, run, run.rehearsing, lane)
    if lane.done or not policy.site_url:
        return Progress()
    lane = replace(lane, notes={"held": 0, "deleted": 0, "listed": [], "replaced": {}, **lane.notes})
    library = Library(tools, run, policy)
    lane = await (_folders if lane.cursor.startswith(FOLDERS) else _files)(tools, run, library, lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=not lane.done)


async def _of_a_part(tools: Toolbox, run: Run, part: Part, lane: LaneProgress) -> Progress:
    went = await rows_that_went(tools, run)
    walk = replace(await Walk.of(tools, run, part), went=went.__contains__, acts=False)
    lane = await walk.next(lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=not lane.done)


async def _files(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> LaneProgress:
    some: list[Receipt] = []
    again = run.turn > 1 or run.phase is Phase.ROLLED_BACK
    cursor = FOLDERS
    async for receipt in tools.receipts.each(run.id, after=lane.cursor):
        if len(some) == AT_A_TIME:
            cursor = lane.cursor
            break
        if in_library(receipt) and (receipt.state is not ReceiptState.UNDONE or again):
            some.append(receipt)
        lane = replace(lane, cursor=receipt.row)
    stay = await asyncio.gather(*(library.stays(receipt) for receipt in some))
    replaced = Counter(lane.notes["replaced"])
    replaced.update(receipt.contact for receipt, stays in zip(some, stay, strict=True) if stays)
    notes = {
        **lane.notes,
        "replaced": dict(replaced),
        "held": lane.notes["held"] + sum(stay),
        "deleted": lane.notes["deleted"] + len(some) - sum(stay),
    }
    return replace(lane, notes=notes, cursor=cursor)


async def _folders(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> LaneProgress:
    ours: Counter[str] = Counter()
    made: set[str] = set()
    async for receipt in tools.receipts.each(run.id):
        if receipt.contact and in_library(receipt):
            ours[receipt.contact] += bool(receipt.item)
            if receipt.made_folder:
                made.add(receipt.contact)
    todo = sorted(contact for contact in ours if contact > lane.cursor.removeprefix(FOLDERS))[:AT_A_TIME]
    asked = [contact for contact in todo if contact in made]
    replaced = lane.notes["replaced"]
    others = await asyncio.gather(*(library.others_in(one, ours[one] - replaced.get(one, 0)) for one in asked))
    notes = {**lane.notes, "held": lane.notes["held"] + sum(others)}
    cursor = f"{FOLDERS}{todo[-1]}" if todo else lane.cursor
    return replace(lane, notes=notes, cursor=cursor, done=len(todo) < AT_A_TIME)


async def rehearse_schema(tools: Toolbox, about: About) -> Nothing:
    """Which parts of the schema would go once the rows are gone; then publish all of the rehearsal."""
    run = await tools.run(about.run)
    target, turn = tools.target_of(run), run.rehearsals_asked
    emptied: Counter[str] = Counter()
    for one in await tools.runs.lanes(run.id, STEP):
        if of_that_turn(one, turn):
            emptied.update(one.notes.get("emptied", {}))

    async def left(table: Table, rule: str = "") -> int:
        there = await target.count(table, rule or None)
        return there - emptied[f"{table.name}|{rule}" if rule else table.name]

    pages = [] if run.rehearsing else await (await tools.journal(run.id)).read(LANE)
    made = made_tables(pages)
    stays: dict[str, str] = {}
    looked: components.Looked = {}
    ours = [page for page in sorted(pages, key=last_made_first) if is_ours(page)]
    for page in ours:
        name = page.entries[0].id
        if is_profile(page) and stays:
            stays[name] = STILL_USED
        elif why := await components.why_stays(target, name, made_tables=made, count=left, looked=looked):
            stays[name] = why
    lane = await tools.runs.lane(run.id, STEP, of_turn("schema", turn), "schema", 0)
    notes = {"held": len(stays), "reasons": stays, "removed": len(ours) - len(stays)}
    await tools.runs.put_lane(run.id, replace(lane, done=True, notes=notes))
    await publish(tools, run, STEP, turn, part=run.rehearsing)
    await tools.runs.note(run.id, rehearsals_done=turn)
    tools.went.pop(f"{run.id}/{turn}", None)
    return Nothing()


async def rehearsal_failed(tools: Toolbox, asked: Trouble) -> Nothing:
    """A rehearsal could not be ended: its document says why, and another one may be asked for."""
    run = await tools.run(asked.run)
    problem = {"code": asked.problem.code, "message": asked.problem.message, "remedy": asked.problem.remedy}
    body = {"turn": run.rehearsals_asked, "failed": problem}
    await documents.publish(tools, run.id, NAMES[STEP], body)
    await tools.runs.note(run.id, rehearsals_done=run.rehearsals_asked)
    return Nothing()
