"""Files after they arrived: read back and proved, reported, and taken away again on the way back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from activities.library import Library
from activities.link import object_maps
from activities.toolbox import Toolbox
from shared.attachments.receipts import Receipt, ReceiptState
from shared.attachments.router import Route
from shared.errors import Failure, TryAgain
from shared.journal.entries import Entry, Page
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run
from shared.wire.payloads import About, Progress, Slice

FILES_AT_A_TIME = 25
MOST_LISTED = 200
WITH_FILES = frozenset({"attachments", "documents"})


@dataclass(slots=True)
class FileFindings:
    """What the proof of files has found so far."""

    files: int = 0
    bytes: int = 0
    differs: int = 0
    missing: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    listed: list[list[str]] = field(default_factory=list)


async def prove_files(tools: Toolbox, slice_: Slice) -> Progress:
    """Read the next files back, each byte of them, and compare their digests with what was read from the source."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    maps = await object_maps(tools, run)
    found = FileFindings(**lane.notes) if lane.notes else FileFindings()
    seen, cursor = 0, lane.cursor
    async for key, receipt in tools.receipts.each(run.id, after=lane.cursor):
        if int(key[:8], 16) % slice_.lanes == slice_.lane:
            await _prove(tools, run, maps, receipt, found)
            seen += 1
        cursor = key
        if seen == FILES_AT_A_TIME:
            break
    done = seen < FILES_AT_A_TIME
    await tools.runs.put_lane(run.id, replace(lane, cursor=cursor, notes=asdict(found), done=done))
    return Progress(more=not done)


async def _prove(
    tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], receipt: Receipt, found: FileFindings
) -> None:
    if receipt.state is ReceiptState.REFUSED:
        found.refused[receipt.reason] = found.refused.get(receipt.reason, 0) + 1
        _list(found, receipt, receipt.reason)
        return
    if receipt.state is not ReceiptState.DONE:
        found.missing += 1
        _list(found, receipt, "not-brought")
        return
    found.files += 1
    hashed, size = hashlib.sha256(), 0
    try:
        async for chunk in _back(tools, run, maps, receipt):
            hashed.update(chunk)
            size += len(chunk)
    except TryAgain:
        raise
    except Failure:
        found.missing += 1
        _list(found, receipt, "missing")
        return
    found.bytes += size
    if (size, hashed.hexdigest()) != (receipt.size, receipt.sha256):
        found.differs += 1
        _list(found, receipt, "differs")


def _back(tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], receipt: Receipt) -> AsyncIterator[bytes]:
    target = tools.target_of(run)
    if receipt.route == Route.SHAREPOINT:
        return Library(tools, run).read(receipt)
    if receipt.route == Route.FILE_COLUMN:
        one = maps[receipt.object]
        return target.read_file_column(one.table, receipt.row, f"{one.prefix}_file")
    return target.read_note_file(receipt.row)


def _list(found: FileFindings, receipt: Receipt, what: str) -> None:
    if len(found.listed) < MOST_LISTED:
        found.listed.append([receipt.object, receipt.row, receipt.attachment, what])


async def files_found(tools: Toolbox, run: Run, turn: int) -> dict[str, Any]:
    """The findings of all lanes of one proof, for the verdict."""
    lanes = await tools.runs.lanes(run.id, "prove_files", f"files.{turn}")
    total: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    listed: list[list[str]] = []
    for lane in lanes:
        total.update({name: int(lane.notes[name]) for name in ("files", "bytes", "differs", "missing")})
        refused.update(lane.notes["refused"])
        listed += lane.notes["listed"]
    counts = {name: total[name] for name in ("files", "bytes", "differs", "missing")}
    return {**counts, "refused": dict(sorted(refused.items())), "listed": listed[:MOST_LISTED]}


async def with_versions(tools: Toolbox, run: Run, name: str, ids: Iterable[str]) -> dict[str, str]:
    """The row versions that bringing files left behind, by row: the journal only knows those from before."""
    if name not in WITH_FILES:
        return {}
    wanted = set(ids)
    return {one.row: one.version async for _, one in tools.receipts.each(run.id) if one.row in wanted and one.version}


def corrected(page: Page, versions: Mapping[str, str]) -> Page:
    """A journal page as if it had been settled after the files were brought."""
    entries = tuple(_corrected(entry, versions) for entry in page.entries)
    return replace(page, entries=entries)


def _corrected(entry: Entry, versions: Mapping[str, str]) -> Entry:
    return replace(entry, version=versions.get(entry.id, entry.version)) if entry.version else entry


async def undo_files(tools: Toolbox, about: About) -> Progress:
    """Take away what lies outside Dataverse: files in the library, then folders and document locations of ours.

    A note's file goes with its note, and a file column's with its row.
    """
    run = await tools.run(about.run)
    folders: set[str] = set()
    seen = 0
    async for _, receipt in tools.receipts.each(run.id):
        if receipt.route != Route.SHAREPOINT or receipt.state is ReceiptState.UNDONE:
            continue
        library = Library(tools, run)
        await library.take_out(receipt)
        folders.add(receipt.contact)
        await tools.receipts.put(run.id, replace(receipt, state=ReceiptState.UNDONE))
        seen += 1
        if seen == FILES_AT_A_TIME:
            return Progress(more=True)
    await _clear(tools, run)
    return Progress()


async def _clear(tools: Toolbox, run: Run) -> None:
    """Folders and rows, once every file of ours is out of them."""
    contacts = {one.contact async for _, one in tools.receipts.each(run.id) if one.route == Route.SHAREPOINT}
    if not contacts:
        return
    library = Library(tools, run)
    for contact in sorted(contacts - {""}):
        await library.clear(contact)
    await library.forget()
