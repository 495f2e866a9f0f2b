"""The way back for what lies outside Dataverse: files in the library, folders, and the locations that show them."""

from __future__ import annotations

from dataclasses import replace

from activities import auditing
from activities.files import MOST_LISTED, policy_of
from activities.library import Library
from activities.toolbox import Toolbox
from shared.attachments.receipts import Receipt, ReceiptState
from shared.attachments.router import Route
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.loading.waves import of_turn
from shared.runs.model import LaneProgress, Run
from shared.wire.payloads import About, Progress

AT_A_TIME = 25
FOLDERS = "folders:"


async def undo_files(tools: Toolbox, about: About) -> Progress:
    """Take away what lies outside Dataverse: files in the library, then folders and document locations of ours.

    A note's file goes with its note, and a file column's with its row. What somebody replaced or uses is held.
    """
    run = await tools.run(about.run)
    lane = await tools.runs.lane(run.id, "undo", of_turn("files", run.turn), "files", 0)
    if lane.done:
        return Progress()
    policy = await policy_of(tools, run)
    if not policy.site_url:
        return Progress()
    library = Library(tools, run, policy)
    lane = replace(lane, notes={"held": 0, "deleted": 0, "listed": [], **lane.notes})
    if not lane.cursor.startswith(FOLDERS):
        return await _take_out(tools, run, library, lane)
    return await _clear(tools, run, library, lane)


def in_library(receipt: Receipt) -> bool:
    """Whether a file lies, or may lie, in the library."""
    return receipt.route == Route.SHAREPOINT or bool(receipt.item or receipt.old_item)


async def _take_out(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> Progress:
    """The next files. Their receipts stay, so that the folders are known."""
    taken: list[Receipt] = []
    held_before, more = lane.notes["held"], False
    async for receipt in tools.receipts.each(run.id, after=lane.cursor):
        if len(taken) == AT_A_TIME:
            more = True
            break
        if in_library(receipt) and (receipt.state is not ReceiptState.UNDONE or run.turn > 1):
            if stays := await library.take_out(receipt):
                lane = _held(lane, receipt.attachment, stays)
            taken.append(receipt)
        lane = replace(lane, cursor=receipt.row)
    held = lane.notes["held"] - held_before
    lane = replace(lane, notes={**lane.notes, "deleted": lane.notes["deleted"] + len(taken) - held})
    await _tell(tools, run, lane, "files-undone", [receipt.row for receipt in taken], held=held)
    for receipt in taken:
        await tools.receipts.put(run.id, replace(receipt, state=ReceiptState.UNDONE, session=""))
    await tools.runs.put_lane(run.id, lane if more else replace(lane, cursor=FOLDERS))
    return Progress(more=True)


async def _clear(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> Progress:
    """The next contacts' folders and document locations, and at the end the rows for the library itself."""
    made: dict[str, bool] = {}
    async for receipt in tools.receipts.each(run.id):
        if receipt.contact and in_library(receipt):
            made[receipt.contact] = made.get(receipt.contact, False) or receipt.made_folder
    todo = sorted(contact for contact in made if contact > lane.cursor.removeprefix(FOLDERS))
    held_before = lane.notes["held"]
    for contact in todo[:AT_A_TIME]:
        if stays := await library.clear(contact, made_folder=made[contact]):
            lane = _held(lane, contact, stays)
        lane = replace(lane, cursor=f"{FOLDERS}{contact}")
    more = len(todo) > AT_A_TIME
    await _tell(tools, run, lane, "folders-undone", todo[:AT_A_TIME], held=lane.notes["held"] - held_before)
    if made and not more:
        await library.forget()
    if not more:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, done=not more))
    return Progress(more=more)


async def _tell(tools: Toolbox, run: Run, lane: LaneProgress, kind: str, ids: list[str], *, held: int) -> None:
    """Tell the audit trail what was taken away, before anything says so that would keep a repeat from it."""
    if ids:
        rows = keyed_all(run.audit_key, ids)
        facts = {"mark": f"{kind}/{rows[0]}", "undone": len(ids) - held, "held": held, "rows": rows}
        await tools.audit.add(run.id, Event(kind, APP, facts), chain=auditing.chain_of(lane))


def _held(lane: LaneProgress, what: str, why: str) -> LaneProgress:
    listed = [*lane.notes["listed"], ["sharepoint", what, why]][:MOST_LISTED]
    return replace(lane, notes={**lane.notes, "held": lane.notes["held"] + 1, "listed": listed})
