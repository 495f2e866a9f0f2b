"""Files after they were brought: what they did to row versions, what could not go, and how they are taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from activities import auditing, documents
from activities.library import Library
from activities.toolbox import Toolbox
from shared.attachments.findings import merged
from shared.attachments.receipts import Receipt, ReceiptState, after_files
from shared.attachments.router import FilesPolicy, Route
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.journal.entries import Entry, Page
from shared.runs.model import LaneProgress, Run
from shared.wire.payloads import About, Progress

AT_A_TIME = 25
MOST_LISTED = 5_000
WITH_FILES = ("attachments", "documents")
FOLDERS = "folders:"


async def receipts_of(tools: Toolbox, run: Run, name: str, ids: Iterable[str]) -> dict[str, Receipt]:
    """The receipts of an object's rows: bringing a file changes a row's version, which the journal cannot know."""
    return await tools.receipts.of_rows(run.id, ids) if name in WITH_FILES else {}


def corrected(page: Page, receipts: Mapping[str, Receipt]) -> Page:
    """A journal page as if it had been settled after the files were brought."""
    return replace(page, entries=tuple(after_files(entry, receipts.get(entry.id)) for entry in page.entries))


def left_behind(entry: Entry, receipt: Receipt | None) -> Entry:
    """The same for one row that is to be written again. Where an upload was cut off, the version before it stands."""
    found = after_files(entry, receipt)
    return found if found.version else entry


async def files_found(tools: Toolbox, run: Run, turn: int) -> dict[str, Any]:
    """The findings of all lanes of one proof, for the verdict."""
    lanes = await tools.runs.lanes(run.id, "prove_files")
    return merged(lane.notes for lane in lanes if lane.notes and lane.generation.endswith(f".{turn}"))


async def publish_files(tools: Toolbox, run: Run, found: Mapping[str, Any]) -> None:
    """The document ``files``: where files went, what was proved, and everything that could not go and why.

    Addresses only. A file for which there is no way gets no row at all: the loader set its record aside.
    """
    routes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    listed: list[list[str]] = []

    def list_(name: str, row: str, attachment: str, reason: str) -> None:
        reasons[reason] += 1
        if len(listed) < MOST_LISTED:
            listed.append([name, row, attachment, reason])

    async for receipt in tools.receipts.each(run.id):
        if receipt.state is ReceiptState.DONE:
            routes[receipt.route] += 1
        elif receipt.state is ReceiptState.REFUSED:
            list_(receipt.object, receipt.row, receipt.attachment, receipt.reason)
    for name in WITH_FILES:
        for attachment, reason in sorted((await tools.runs.asides(run.id, name)).items()):
            list_(name, "", attachment, reason)
    body = {
        "policy": (await _policy(tools, run)).to_json(),
        "brought": dict(sorted(routes.items())),
        "proved": {name: found[name] for name in ("files", "bytes", "differs", "missing")},
        "could_not_go": dict(sorted(reasons.items())),
        "listed": [dict(zip(("object", "row", "attachment", "reason"), one, strict=True)) for one in listed],
    }
    await documents.publish(tools, run.id, "files", body)


async def _policy(tools: Toolbox, run: Run) -> FilesPolicy:
    policy = await documents.read(tools, run.id, "files-policy")
    return FilesPolicy.from_json(policy) if policy else FilesPolicy()


async def undo_files(tools: Toolbox, about: About) -> Progress:
    """Take away what lies outside Dataverse: files in the library, then folders and document locations of ours.

    A note's file goes with its note, and a file column's with its row. What somebody replaced or uses is held.
    """
    run = await tools.run(about.run)
    lane = await tools.runs.lane(run.id, "undo", "files", "files", 0)
    if lane.done:
        return Progress()
    policy = await _policy(tools, run)
    if not policy.site_url:
        return Progress()
    library = Library(tools, run, policy)
    lane = replace(lane, notes={"held": 0, "listed": [], **lane.notes})
    if not lane.cursor.startswith(FOLDERS):
        return await _take_out(tools, run, library, lane)
    return await _clear(tools, run, library, lane)


def _in_library(receipt: Receipt) -> bool:
    return receipt.route == Route.SHAREPOINT or bool(receipt.item or receipt.old_item)


async def _take_out(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> Progress:
    """The next files. Their receipts stay, so that the folders are known."""
    taken: list[Receipt] = []
    held_before, more = lane.notes["held"], False
    async for receipt in tools.receipts.each(run.id, after=lane.cursor):
        if len(taken) == AT_A_TIME:
            more = True
            break
        if _in_library(receipt) and receipt.state is not ReceiptState.UNDONE:
            if stays := await library.take_out(receipt):
                lane = _held(lane, receipt.attachment, stays)
            taken.append(receipt)
        lane = replace(lane, cursor=receipt.row)
    held = lane.notes["held"] - held_before
    await _tell(tools, run, lane, "files-undone", [receipt.row for receipt in taken], held=held)
    for receipt in taken:
        await tools.receipts.put(run.id, replace(receipt, state=ReceiptState.UNDONE, session=""))
    await tools.runs.put_lane(run.id, lane if more else replace(lane, cursor=FOLDERS))
    return Progress(more=True)


async def _clear(tools: Toolbox, run: Run, library: Library, lane: LaneProgress) -> Progress:
    """The next contacts' folders and document locations, and at the end the rows for the library itself."""
    made: dict[str, bool] = {}
    async for receipt in tools.receipts.each(run.id):
        if receipt.contact and _in_library(receipt):
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
