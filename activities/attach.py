"""Bring the bytes: each file streamed from the source to where it goes, hashed on its way, with a receipt."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activities.library import Library
from activities.link import object_maps
from activities.toolbox import Toolbox
from shared.attachments.note import upload_name
from shared.attachments.receipts import Receipt, ReceiptState
from shared.attachments.router import Route, route, size_of
from shared.corepractice.source import Source
from shared.dataverse.client import Dataverse
from shared.dataverse.results import Result
from shared.errors import Stop
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run
from shared.wire.payloads import Progress, Slice

SECONDS_AT_A_TIME = 45.0
MISSING, CHANGED = "file-missing-in-source", "file-damaged-in-source"
ONE_FILE_S = {"bundle-damaged": CHANGED, "file-changed": CHANGED, CHANGED: CHANGED, MISSING: MISSING}
"""What goes wrong with one file of a source; the others are none the worse for it."""
FILE_COLUMN = "File"


@dataclass(slots=True)
class Seen:
    """What passed by on its way: counted and hashed, never held."""

    size: int = 0
    sha256: str = ""


async def attach(tools: Toolbox, slice_: Slice) -> Progress:
    """Bring the files of the slice's next shard, as many as a call has time for."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    object_map = (await object_maps(tools, run))[slice_.object]
    shards = (await tools.runs.shards(run.id, slice_.generation, object_map.source))[slice_.lane :: slice_.lanes]
    shard, _, place = (lane.cursor or "0:0").partition(":")
    number, at = int(shard), int(place)
    deadline = time.monotonic() + SECONDS_AT_A_TIME
    while number < len(shards):
        records = await tools.staging.read_shard(shards[number])
        while at < len(records):
            await bring(tools, run, object_map, records[at])
            at += 1
            await tools.runs.put_lane(run.id, replace(lane, cursor=f"{number}:{at}"))
            if time.monotonic() > deadline:
                return Progress(more=True)
        number, at = number + 1, 0
    await tools.runs.put_lane(run.id, replace(lane, cursor=f"{number}:0", done=True))
    return Progress()


async def bring(tools: Toolbox, run: Run, object_map: ObjectMap, record: Mapping[str, Any]) -> None:
    """Bring one file, unless it is there already. Safe to repeat after a crash between any two lines."""
    rows = object_map.rows(record)
    if not isinstance(rows, list):
        return
    row, target = rows[0].id, tools.target_of(run)
    before = await tools.receipts.get(run.id, str(record["id"]))
    if before and before.state is ReceiptState.DONE and before.sha256 == (record.get("sha256") or before.sha256):
        return
    if row not in await target.rows(object_map.table, [row], select=[]):
        return
    going = Receipt(
        str(record["id"]), object_map.object, route(record, object_map.files).route, row, ReceiptState.INTENDED,
        contact=str(rows[0].values.get("objectid") or ""),
        item=before.item if before else "",
        drive=before.drive if before else "",
        folder=before.folder if before else "",
    )  # fmt: skip
    await tools.receipts.put(run.id, going)
    source = await tools.source_of(run)
    await tools.receipts.put(run.id, await _sent(tools, run, object_map, record, going, source))


async def _sent(
    tools: Toolbox, run: Run, object_map: ObjectMap, record: Mapping[str, Any], going: Receipt, source: Source
) -> Receipt:
    """The receipt after the file has gone out, or could not."""
    seen, target = Seen(), tools.target_of(run)
    try:
        done, going = await _send(tools, run, object_map, record, going, source, seen)
    except Stop as stop:
        if stop.code not in ONE_FILE_S:
            raise
        done = Result(going.row, False, ONE_FILE_S[stop.code])
    reason = (done.reason or "refused") if not done.ok else _wrong(record, seen)
    if reason:
        await _take_back(tools, run, object_map, going)
    there = (await target.rows(object_map.table, [going.row], select=[])).get(going.row, {})
    state = ReceiptState.REFUSED if reason else ReceiptState.DONE
    version = str(there.get("@odata.etag", ""))
    return replace(going, state=state, reason=reason, size=seen.size, sha256=seen.sha256, version=version)


async def _send(
    tools: Toolbox,
    run: Run,
    object_map: ObjectMap,
    record: Mapping[str, Any],
    going: Receipt,
    source: Source,
    seen: Seen,
) -> tuple[Result, Receipt]:
    target, name = tools.target_of(run), str(record.get("name") or "file")[:255]
    kind = str(record.get("content_type") or "application/octet-stream")[:256]

    def read() -> AsyncIterator[bytes]:
        return _bytes(source, record, seen)

    if going.route == Route.SHAREPOINT:
        return await _to_library(tools, run, record, going, read, seen)
    if going.route == Route.FILE_COLUMN:
        column = f"{object_map.prefix}_{FILE_COLUMN}".lower()
        done = await target.write_file_column(
            object_map.table, going.row, column, name=name, content_type=kind, read=read
        )
        return done, going
    done = await target.write_note_file(going.row, name=name, content_type=kind, size=size_of(record) or 0, read=read)
    return done, going


async def _to_library(
    tools: Toolbox, run: Run, record: Mapping[str, Any], going: Receipt, read: Any, seen: Seen
) -> tuple[Result, Receipt]:
    library = Library(tools, run)
    place = await library.folder_of(going.contact)
    if not going.item:
        item = await library.upload(place, upload_name(going.attachment), size_of(record) or 0, read)
        going = replace(going, drive=place.drive, folder=place.folder, item=item)
        # Kept before the file gets the name people see: nothing could find it afterwards.
        await tools.receipts.put(run.id, replace(going, size=seen.size, sha256=seen.sha256))
    else:
        async for _ in read():
            pass  # hashed again: what was kept of the first time is not trusted
    await library.show(going.item, record)
    return Result(going.row, True), going


async def _bytes(source: Source, record: Mapping[str, Any], seen: Seen) -> AsyncIterator[bytes]:
    """A file's bytes from its beginning, counted and hashed as they pass. Stop for one that is not there or has
    another size than the source says: nobody should commit half a file."""
    hashed = hashlib.sha256()
    seen.size, seen.sha256 = 0, ""
    async with source.open_file(str(record["file_id"])) as opened:
        if opened is None:
            raise Stop(MISSING, "A file of the source is not there.")
        async for chunk in opened.chunks:
            hashed.update(chunk)
            seen.size += len(chunk)
            yield chunk
    if seen.size != size_of(record):
        raise Stop(CHANGED, "A file of the source has another size than its record says.")
    seen.sha256 = hashed.hexdigest()


def _wrong(record: Mapping[str, Any], seen: Seen) -> str:
    """Why what was read is not the file that the source spoke of; nothing when it is."""
    declared = str(record.get("sha256") or "").lower()
    return CHANGED if declared and declared != seen.sha256 else ""


async def _take_back(tools: Toolbox, run: Run, object_map: ObjectMap, going: Receipt) -> None:
    """Remove what arrived of a file that is not the one it should be."""
    target: Dataverse = tools.target_of(run)
    if going.route == Route.NOTE:
        empty = {object_map.table.primary_id: going.row, "documentbody": None, "filename": None, "mimetype": None}
        await target.update(object_map.table, [empty])
    elif going.route == Route.SHAREPOINT and going.item:
        await Library(tools, run).remove(going)
