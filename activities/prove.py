"""Prove the files: for every staged attachment, read its file back whole and compare it with what the source says.

The way, the name, the type and the digest are worked out anew from the staged record. Of the receipts only this is
believed: that a file could not go, and where in the library one lies.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from activities.attach import Work, has_file, stored, work_on
from activities.reconcile import latest
from activities.toolbox import Toolbox
from shared.attachments.findings import FileFindings
from shared.attachments.note import final_name
from shared.attachments.receipts import Receipt, ReceiptState
from shared.attachments.router import Route, content_type, declared_sha256, file_name, mark, route, size_of
from shared.errors import AskPerson
from shared.wire.payloads import Progress, Slice

SECONDS_AT_A_TIME, FILES_AT_A_TIME = 45.0, 50
NOT_BROUGHT, GONE = "not-brought", "missing"


async def prove_files(tools: Toolbox, slice_: Slice) -> Progress:
    """Prove the next files of the slice's shards; what deltas brought is proved apart, each record's latest word."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    work = await work_on(tools, run, slice_.object)
    found = FileFindings(**lane.notes) if lane.notes else FileFindings()
    later = await latest(tools, run, work.map.source)
    shard, _, place = (lane.cursor or "0:0").partition(":")
    records, shards = await _records(work, slice_, int(shard), later)
    deadline, number, at = time.monotonic() + SECONDS_AT_A_TIME, int(shard), int(place)
    while at < len(records) and at - int(place) < FILES_AT_A_TIME and time.monotonic() < deadline:
        await prove(work, records[at], found)
        at += 1
    if at >= len(records):
        number, at = number + 1, 0
    done = number >= shards
    await tools.runs.put_lane(run.id, replace(lane, cursor=f"{number}:{at}", notes=asdict(found), done=done))
    return Progress(more=not done)


async def _records(
    work: Work, slice_: Slice, shard: int, later: Mapping[str, dict[str, Any]]
) -> tuple[Sequence[dict[str, Any]], int]:
    """The records of the lane's current shard, and how many shards it has."""
    if slice_.generation.startswith("deltas"):
        return list(later.values()), 1
    shards = (await work.tools.runs.shards(work.run.id, "base", work.map.source))[slice_.lane :: slice_.lanes]
    staged = await work.tools.staging.read_shard(shards[shard]) if shard < len(shards) else []
    return [record for record in staged if str(record["id"]) not in later], len(shards)


async def prove(work: Work, record: Mapping[str, Any], found: FileFindings) -> None:
    """Prove one file, if its record has a row. Whether the row itself is right is the reconciler's question."""
    rows = work.map.rows(record)
    if not isinstance(rows, list):
        return
    row, way = rows[0].id, route(record, work.map.files).route
    columns = [work.file_column, f"{work.file_column}_name"] if work.file_column else ["filename", "mimetype"]
    there = (await work.target.rows(work.map.table, [row], select=columns)).get(row)
    if there is None:
        return
    address = (work.map.object, row, str(record["id"]))
    receipt = await work.tools.receipts.get(work.run.id, row)
    if receipt is not None and receipt.state is ReceiptState.REFUSED:
        found.add_refused(address, receipt.reason)
    elif receipt is None or receipt.state is not ReceiptState.DONE or receipt.mark != mark(record, way):
        found.add_missing(address, NOT_BROUGHT)
    elif way is not Route.SHAREPOINT and not has_file(work, there):
        found.add_missing(address, GONE)
    else:
        await _read_back(work, record, receipt, there, found, address)


async def _read_back(
    work: Work,
    record: Mapping[str, Any],
    receipt: Receipt,
    there: Mapping[str, Any],
    found: FileFindings,
    address: tuple[str, str, str],
) -> None:
    hashed, size = hashlib.sha256(), 0
    try:
        async for chunk in stored(work, receipt):
            hashed.update(chunk)
            size += len(chunk)
    except AskPerson as gone:
        # A person cannot help here: the finding is what tells them. Anything else (a token, a privilege) is no finding.
        if gone.code not in ("sharepoint-missing", "row-missing"):
            raise
        found.add_missing(address, GONE)
        return
    digest = hashed.hexdigest()
    same = size == size_of(record) and digest == receipt.sha256 and digest == (declared_sha256(record) or digest)
    found.add_read(address, size, ("" if same else "bytes-differ") or await _about(work, record, receipt, there))


async def _about(work: Work, record: Mapping[str, Any], receipt: Receipt, there: Mapping[str, Any]) -> str:
    """What is wrong about a file besides its bytes."""
    if receipt.route == Route.SHAREPOINT:
        item = await work.library.item(receipt.item)
        if item is None or item.name != final_name(record):
            return "name-differs"
        return "" if await work.library.is_shown_on(receipt.contact) else "not-shown-on-contact"
    if work.file_column:
        return "" if there.get(f"{work.file_column}_name") == file_name(record) else "name-differs"
    if there.get("filename") != file_name(record):
        return "name-differs"
    return "" if str(there.get("mimetype")).lower() == content_type(record).lower() else "type-differs"
