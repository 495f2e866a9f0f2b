"""Uploading in blocks: notes, email attachments and file columns by Initialize, UploadBlock and Commit messages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import errors, records
from .bodies import check_cap, hold
from .columns import Kind, TableSchema
from .file_columns import BLOCK, OCTETS, check_room, delete_file, keep_content
from .files import Spool, Upload, in_order
from .people import privilege
from .values import guid
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation


MOST_BLOCK_ID = 64


# block messages


@dataclass(frozen=True)
class Family:
    """One of the two families of rows that hold a file in a Base64 column."""

    table: str
    body: str
    answer: str


FAMILIES = {
    "Annotation": Family("annotation", "documentbody", "AnnotationId"),
    "Attachment": Family("activitymimeattachment", "body", "ActivityMimeAttachmentId"),
}


def named_target(org: Organisation, body: dict[str, Any], table_name: str | None) -> tuple[TableSchema, dict[str, Any]]:
    """The table and the row that a block message is about."""
    target = body.get("Target")
    kind = target.get("@odata.type") if isinstance(target, dict) else None
    if not isinstance(target, dict) or not isinstance(kind, str):
        raise errors.invalid("Target with @odata.type is required.", "0x80040203")
    name = kind.rpartition(".")[2]
    table = org.catalogue.table(name)
    if table is None or table_name not in (None, name):
        raise errors.invalid(f"Target cannot be of the type {kind}.", "0x80040203")
    return table, target


def _initialize(family: str) -> Callable[[Organisation, Request], Answer]:
    def message(org: Organisation, request: Request) -> Answer:
        table, target = named_target(org, request.json(), FAMILIES[family].table)
        row_id = guid(target.get(table.primary_id)) or org.new_id()
        return _begin(org, request, (table.logical_name, row_id, "", str(target.get("filename") or "")))

    return message


def _initialize_file(org: Organisation, request: Request) -> Answer:
    body = request.json()
    table, target = named_target(org, body, None)
    column = table.columns.get(str(body.get("FileAttributeName")))
    row_id = guid(target.get(table.primary_id))
    if column is None or column.kind is not Kind.FILE or row_id is None or not body.get("FileName"):
        raise errors.invalid("FileAttributeName, FileName and the id of the Target are required.", "0x80040203")
    if not org.row_exists(table.logical_name, row_id):
        raise errors.missing_target(table.logical_name, row_id)
    return _begin(org, request, (table.logical_name, row_id, column.logical_name, str(body["FileName"])))


def _begin(org: Organisation, request: Request, whither: tuple[str, str, str, str]) -> Answer:
    token = org.new_id()
    org.files.uploads[token] = Upload(*whither, org.files.spool())
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#Edm.String", "FileContinuationToken": token})


def _upload(org: Organisation, body: dict[str, Any]) -> Upload:
    upload = org.files.uploads.get(str(body.get("FileContinuationToken")))
    if upload is None:
        raise errors.invalid("The FileContinuationToken is not valid.", "0x80090003")
    return upload


def _upload_block(org: Organisation, request: Request) -> Answer:
    body = request.json()
    upload = _upload(org, body)
    try:
        block_id = base64.b64decode(str(body["BlockId"]), validate=True)
        block = base64.b64decode(str(body["BlockData"]), validate=True)
    except (KeyError, binascii.Error):
        raise errors.invalid("BlockId and BlockData must be Base64.", "0x80040203") from None
    if len(block) > BLOCK:
        raise errors.invalid(f"The block is larger than {BLOCK} bytes.", "0x80090008")
    name = str(body["BlockId"])
    alike = next(iter(upload.blocks), name)
    if len(block_id) > MOST_BLOCK_ID or len(base64.b64decode(alike)) != len(block_id):
        raise errors.invalid("Block ids must be of equal length, at most 64 bytes.", "0x80040203")
    upload.blocks[name] = (upload.spool.size, len(block))
    upload.spool.write(block)
    return Answer(204)


def _wanted(upload: Upload, body: dict[str, Any]) -> list[tuple[int, int]]:
    names = body.get("BlockList")
    if not isinstance(names, list) or any(name not in upload.blocks for name in names):
        raise errors.invalid("BlockList names a block that was not uploaded.", "0x80040203")
    return [upload.blocks[name] for name in names]


def _joined(org: Organisation, upload: Upload, wanted: list[tuple[int, int]]) -> Spool:
    """The whole content; the upload's own spool is used up by it."""
    upload.spool = in_order(upload.spool, wanted, org.files.spool)
    return upload.spool


def _commit(name: str) -> Callable[[Organisation, Request], Answer]:
    family = FAMILIES[name]

    def message(org: Organisation, request: Request) -> Answer:
        body = request.json()
        upload = _upload(org, body)
        table, target = named_target(org, body, family.table)
        wanted = _wanted(upload, body)
        size = sum(length for _, length in wanted)
        check_cap(org, (size + 2) // 3 * 4)
        row = {key: value for key, value in target.items() if key not in ("@odata.type", table.primary_id)}
        row.pop(family.body, None)
        exists = org.row_exists(table.logical_name, upload.row_id)
        if exists and name == "Attachment":
            raise errors.invalid("Attachment blocks can only create a row.", "0x80040203")
        verb = "Write" if exists else "Create"
        org.people.require(request.caller, privilege(verb, table), table.logical_name)
        with org.work(request.caller) as work:
            if exists:
                records.update(work, table, upload.row_id, row)
            else:
                records.create(work, table, row, row_id=upload.row_id)
            _hold(work, table, upload.row_id, family.body, _joined(org, upload, wanted))
        del org.files.uploads[str(body["FileContinuationToken"])]
        context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.Commit{name}BlocksUploadResponse"
        return Answer(200, {"@odata.context": context, family.answer: upload.row_id, "FileSizeInBytes": size})

    return message


def _hold(work: Work, table: TableSchema, row_id: str, body: str, content: Spool) -> None:
    row = dict(work.org.store(table.logical_name).rows[row_id])
    work.org.files.drop(work.transaction, row.get(body))
    hold(work, row, body, content)
    if table.logical_name == "annotation":
        row["isdocument"] = True
    work.transaction.put(table.logical_name, row_id, row)


def _commit_file(org: Organisation, request: Request) -> Answer:
    body = request.json()
    upload = _upload(org, body)
    table = org.catalogue.tables[upload.table]
    wanted = _wanted(upload, body)
    size = sum(length for _, length in wanted)
    column = table.columns[upload.column]
    check_room(column, size)
    name, mime_type = str(body.get("FileName") or upload.name), str(body.get("MimeType") or OCTETS)
    content = _joined(org, upload, wanted)
    file_id = keep_content(org, request, table, upload.row_id, column, name, content, mime_type=mime_type)
    del org.files.uploads[str(body["FileContinuationToken"])]
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.CommitFileBlocksUploadResponse"
    return Answer(200, {"@odata.context": context, "FileId": file_id, "FileSizeInBytes": size})


def _delete_file_by_id(org: Organisation, request: Request) -> Answer:
    file_id = guid(request.json().get("FileId"))
    for table in org.catalogue.tables.values():
        for column in table.columns.values():
            if column.kind is Kind.FILE and file_id is not None:
                for row in org.store(table.logical_name).having(column.logical_name, file_id):
                    return delete_file(org, table, row[table.primary_id], column, request)
    raise errors.missing_target("fileattachment", str(file_id))


UPLOAD_ACTIONS: dict[str, Callable[[Organisation, Request], Answer]] = {
    "InitializeAnnotationBlocksUpload": _initialize("Annotation"),
    "InitializeAttachmentBlocksUpload": _initialize("Attachment"),
    "InitializeFileBlocksUpload": _initialize_file,
    "UploadBlock": _upload_block,
    "CommitAnnotationBlocksUpload": _commit("Annotation"),
    "CommitAttachmentBlocksUpload": _commit("Attachment"),
    "CommitFileBlocksUpload": _commit_file,
    "DeleteFile": _delete_file_by_id,
}
