"""Bring the bytes: each file streamed from the source to where it goes, hashed on its way, with a receipt."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from activities import auditing
from activities.library import Library, Read
from activities.link import object_maps
from activities.merging import merged_rows
from activities.toolbox import Toolbox
from shared.attachments.receipts import Receipt, ReceiptState, abandoned, begun, refused
from shared.attachments.router import Route, content_type, declared_sha256, file_name, mark, route, size_of
from shared.dataverse.client import Dataverse
from shared.dataverse.results import Result
from shared.errors import Stop, TryAgain
from shared.loading.batches import EDITED, edited_by_another
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run
from shared.schema.model import Kind
from shared.wire.payloads import Progress, Slice

SECONDS_AT_A_TIME, FILES_AT_A_TIME = 45.0, 50
SIDE_BY_SIDE, BYTES_SIDE_BY_SIDE = 4, 3 << 20
"""A lane brings a few files at once, as long as they fit one block together: four lanes then hold four blocks."""
MISSING, DAMAGED = "file-missing-in-source", "file-damaged-in-source"
ANOTHER_THERE = "another-file-there"
ONE_FILE_S = frozenset({"bundle-damaged", "file-changed", "file-size-differs", DAMAGED})
"""What goes wrong with one file of a source; the others are none the worse for it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What every file of one slice needs. ``us`` are the users we write as, ``chain`` what the audit trail calls us.
    ``overwrites``: a person decided that what people changed since is to be written over. ``merged`` are the rows that
    hold a person's changes beside ours, whoever was the last to write."""

    tools: Toolbox
    run: Run
    map: ObjectMap
    target: Dataverse
    us: Sequence[str]
    overwrites: bool = False
    chain: str = ""
    merged: frozenset[str] = frozenset()

    @property
    def library(self) -> Library:
        """Where files go that no note takes."""
        return Library(self.tools, self.run, self.map.files)

    @property
    def file_column(self) -> str:
        """The column of this object that holds files, or nothing: then files belong to notes."""
        return next((field.target for field in self.map.rule.fields if field.kind is Kind.FILE), "")

    async def put(self, receipt: Receipt) -> None:
        """Write a receipt down."""
        await self.tools.receipts.put(self.run.id, receipt)

    async def settle(self, receipt: Receipt) -> None:
        """Write down how it ended with a file: first in the audit trail, since a file that has its receipt is not
        looked at again."""
        await auditing.attached(self.tools, self.run, receipt, chain=self.chain)
        await self.put(receipt)


@dataclass(slots=True)
class Seen:
    """What passed by on its way: counted and hashed, never held."""

    size: int = 0
    sha256: str = ""


async def attach(tools: Toolbox, slice_: Slice) -> Progress:
    """Bring the next files of the slice's shards, as many as a call has time for."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    over, chain = slice_.generation == run.overwrites, auditing.chain_of(lane)
    merged = await merged_rows(tools, run, slice_.object, slice_.generation)
    work = replace(await work_on(tools, run, slice_.object), overwrites=over, chain=chain, merged=merged)
    shards = (await tools.runs.shards(run.id, slice_.generation, work.map.source))[slice_.lane :: slice_.lanes]
    shard, _, place = (lane.cursor or "0:0").partition(":")
    number, at, brought = int(shard), int(place), 0
    deadline = time.monotonic() + SECONDS_AT_A_TIME
    while number < len(shards):
        records = await tools.staging.read_shard(shards[number])
        while at < len(records):
            some = side_by_side(records[at : at + SIDE_BY_SIDE])
            brought += await _bring_all(work, some)
            at += len(some)
            await tools.runs.put_lane(run.id, replace(lane, cursor=f"{number}:{at}"))
            if brought >= FILES_AT_A_TIME or time.monotonic() > deadline:
                return Progress(more=True)
        number, at = number + 1, 0
    await auditing.close(tools, run, work.chain)
    await tools.runs.put_lane(run.id, replace(lane, cursor=f"{number}:0", done=True))
    return Progress()


async def work_on(tools: Toolbox, run: Run, name: str) -> Work:
    """What the files of one object need."""
    target = tools.target_of(run)
    object_map = (await object_maps(tools, run))[name]
    return Work(tools, run, object_map, target, await target.ours())


def side_by_side(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """As many of the first records as fit into memory together; a large file goes alone."""
    total = 0
    for count, record in enumerate(records):
        total += size_of(record) or 0
        if count and total > BYTES_SIDE_BY_SIDE:
            return records[:count]
    return records


async def _bring_all(work: Work, records: Iterable[Mapping[str, Any]]) -> int:
    """Bring them, and let each come to its end before the first failure is raised. How many had to be brought."""
    found = await asyncio.gather(*(bring(work, record) for record in records), return_exceptions=True)
    for failure in found:
        if isinstance(failure, BaseException):
            raise failure
    return sum(1 for brought in found if brought is True)


async def bring(work: Work, record: Mapping[str, Any]) -> bool:
    """Bring one file, unless it is there already. Safe to repeat after a crash between any two lines."""
    rows = work.map.rows(record)
    if not isinstance(rows, list):
        return False
    way = route(record, work.map.files).route
    fresh = Receipt(
        str(record["id"]), work.map.object, way.value, rows[0].id, ReceiptState.INTENDED, mark(record, way),
        contact=str(rows[0].values.get("objectid") or ""),
    )  # fmt: skip
    before = await work.tools.receipts.get(work.run.id, fresh.row)
    if before and before.state is ReceiptState.DONE and before.mark == fresh.mark:
        return False
    there = await _row(work, fresh.row)
    if there is None:
        return False
    edited = (edited_by_another(there, us=work.us) or fresh.row in work.merged) and not work.overwrites
    going = begun(replace(fresh, edited=edited), before)
    if stale := abandoned(fresh, before):
        await work.library.delete(stale)
    if edited and before and (before.state is ReceiptState.DONE or before.reason == EDITED):
        await work.settle(refused(going, EDITED))
    elif before is None and way is not Route.SHAREPOINT and has_file(work, there):
        await work.settle(await _found_there(work, record, going, there))
    else:
        await work.put(going)
        await work.settle(await _brought(work, record, going, there))
    return True


async def _row(work: Work, row: str) -> dict[str, Any] | None:
    columns = [work.file_column, f"{work.file_column}_name"] if work.file_column else ["filename", "mimetype"]
    return (await work.target.rows(work.map.table, [row], select=["modifiedby", *columns])).get(row)


def has_file(work: Work, there: Mapping[str, Any]) -> bool:
    """Whether a row has a file now."""
    return bool(there.get(work.file_column or "filename"))


async def _found_there(work: Work, record: Mapping[str, Any], going: Receipt, there: Mapping[str, Any]) -> Receipt:
    """A file that was there before this run: the very same is as good as brought, another one is left alone.

    Its bytes could not be put back on the way back.
    """
    seen = Seen()
    try:
        async for _ in _bytes(work, record, seen):
            pass
    except Stop as stop:
        return refused(going, _reason(stop))
    same_name = there.get(f"{work.file_column}_name" if work.file_column else "filename") == file_name(record)
    if same_name and await digest_of(stored(work, going)) == seen.sha256:
        return replace(going, state=ReceiptState.DONE, size=seen.size, sha256=seen.sha256)
    return refused(going, ANOTHER_THERE)


async def _brought(work: Work, record: Mapping[str, Any], going: Receipt, there: Mapping[str, Any]) -> Receipt:
    """The receipt after the file has gone out, or could not."""
    try:
        done = await _send(work, record, going, there)
    except Stop as stop:
        # As it was last written down: a folder may have been made meanwhile.
        kept = await work.tools.receipts.get(work.run.id, going.row)
        done = refused(kept or going, _reason(stop))
    if going.edited:
        return done
    # What the upload left behind: unless somebody else was quicker than this question, it is ours.
    now = await _row(work, going.row)
    ours = now is not None and not edited_by_another(now, us=work.us)
    return replace(done, version=str(now["@odata.etag"]) if now and ours else "")


async def _send(work: Work, record: Mapping[str, Any], going: Receipt, there: Mapping[str, Any]) -> Receipt:
    seen = Seen()

    def read() -> AsyncIterator[bytes]:
        return _bytes(work, record, seen)

    replaces = going.old_item and not going.item and not work.overwrites
    if replaces and await work.library.is_edited(going.old_item, going.old_quick_xor):
        return refused(going, EDITED)
    if going.route == Route.SHAREPOINT:
        return await _to_library(work, record, going, there, read, seen)
    done = await _to_row(work, record, going, read)
    if done.ok and done.already and await digest_of(stored(work, going)) != seen.sha256:
        # A lost answer is settled by name and size, which an earlier version of the file may share.
        raise TryAgain("upload-unsettled", "A file's upload left an earlier version of it.", after=5.0)
    if not done.ok:
        return refused(going, DAMAGED if done.reason in ONE_FILE_S else (done.reason or "refused"))
    if going.old_item:
        await work.library.delete(going.old_item)  # an earlier version of it went into the library
    going = replace(going, old_item="", old_quick_xor="", item="", quick_xor="", session="")
    return replace(going, state=ReceiptState.DONE, size=seen.size, sha256=seen.sha256)


async def _to_row(work: Work, record: Mapping[str, Any], going: Receipt, read: Read) -> Result:
    name, kind = file_name(record), content_type(record)
    if going.route == Route.FILE_COLUMN:
        return await work.target.write_file_column(
            work.map.table, going.row, work.file_column, name=name, content_type=kind, read=read
        )
    return await work.target.write_note_file(
        going.row, name=name, content_type=kind, size=size_of(record) or 0, read=read
    )


async def _to_library(
    work: Work, record: Mapping[str, Any], going: Receipt, there: Mapping[str, Any], read: Read, seen: Seen
) -> Receipt:
    going = await work.library.store(going, record, read, keep=work.put, seen=lambda: (seen.size, seen.sha256))
    if has_file(work, there) and not going.edited:
        # An earlier version was small enough for the note itself.
        empty = {work.map.table.primary_id: going.row, "documentbody": None, "filename": None, "mimetype": None}
        await work.target.update(work.map.table, [empty])
    return replace(going, state=ReceiptState.DONE, old_item="", old_quick_xor="")


def _reason(stop: Stop) -> str:
    """Why one file is set aside. Raises what is more than one file's matter."""
    if stop.code == MISSING:
        return MISSING
    if stop.code in ONE_FILE_S:
        return DAMAGED
    raise stop


async def _bytes(work: Work, record: Mapping[str, Any], seen: Seen) -> AsyncIterator[bytes]:
    """A file's bytes from its beginning, counted and hashed as they pass.

    Stop for one that is not there, or is not what its record says: before its last chunk has been given, so that
    nobody commits it.
    """
    hashed, size, declared = hashlib.sha256(), size_of(record), declared_sha256(record)
    seen.size, seen.sha256 = 0, ""
    source = await work.tools.source_of(work.run)
    async with source.open_file(str(record["file_id"])) as opened:
        if opened is None:
            raise Stop(MISSING, "A file of the source is not there.")
        held = b""
        async for chunk in opened.chunks:
            hashed.update(chunk)
            seen.size += len(chunk)
            if size is not None and seen.size > size:
                raise Stop(DAMAGED, "A file of the source is larger than its record says.")
            if held:
                yield held
            held = chunk
    if seen.size != size or (declared and declared != hashed.hexdigest()):
        raise Stop(DAMAGED, "A file of the source has other bytes than its record says.")
    seen.sha256 = hashed.hexdigest()
    if held:
        yield held


def stored(work: Work, receipt: Receipt) -> AsyncIterator[bytes]:
    """A file's bytes as they are in the target now."""
    if receipt.route == Route.SHAREPOINT:
        return work.library.read(receipt.item)
    if receipt.route == Route.FILE_COLUMN:
        return work.target.read_file_column(work.map.table, receipt.row, work.file_column)
    return work.target.read_note_file(receipt.row)


async def digest_of(chunks: AsyncIterator[bytes]) -> str:
    """The SHA-256 of a stream."""
    hashed = hashlib.sha256()
    async for chunk in chunks:
        hashed.update(chunk)
    return hashed.hexdigest()
