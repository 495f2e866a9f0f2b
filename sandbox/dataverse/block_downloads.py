"""Downloading in blocks: the Initialize...BlocksDownload messages of notes, attachments and file columns."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import errors
from .block_uploads import FAMILIES, named_target
from .column_security import check_read
from .columns import Kind
from .values import guid
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Download:
    """One download under way: the bytes as they were when it began."""

    name: str
    content: bytes


def _begin(org: Organisation, request: Request, download: Download) -> Answer:
    token = org.new_id()
    org.files.downloads[token] = download
    body: dict[str, Any] = {
        "FileContinuationToken": token,
        "FileSizeInBytes": len(download.content),
        "FileName": download.name,
        "IsChunkingSupported": True,
    }
    return Answer(200, body)


def _initialize(family: str) -> Callable[[Organisation, Request], Answer]:
    names = FAMILIES[family]

    def message(org: Organisation, request: Request) -> Answer:
        table, target = named_target(org, request.json(), names.table)
        row_id = guid(target.get(table.primary_id)) or ""
        row = org.store(table.logical_name).rows.get(row_id)
        if row is None:
            raise errors.no_record(table.logical_name, row_id)
        if row.get(names.body) is None:
            raise errors.invalid("The row holds no file.", "0x80040217")
        return _begin(org, request, Download(str(row.get("filename") or ""), base64.b64decode(row[names.body])))

    return message


def _initialize_file(org: Organisation, request: Request) -> Answer:
    body = request.json()
    table, target = named_target(org, body, None)
    column = table.columns.get(str(body.get("FileAttributeName")))
    row_id = guid(target.get(table.primary_id)) or ""
    if column is None or column.kind is not Kind.FILE:
        raise errors.invalid("FileAttributeName must name a file column.", "0x80040203")
    row = org.store(table.logical_name).rows.get(row_id)
    if row is None:
        raise errors.no_record(table.logical_name, row_id)
    check_read(org, table, column.logical_name)
    stored = org.files.files.get(str(row.get(column.logical_name)))
    if stored is None:
        raise errors.invalid("The column holds no file.", "0x80040217")
    return _begin(org, request, Download(stored.name, stored.content))


def _block(org: Organisation, request: Request) -> Answer:
    body = request.json()
    download = org.files.downloads.get(str(body.get("FileContinuationToken")))
    if download is None:
        raise errors.invalid("The FileContinuationToken is not valid.", "0x80090003")
    offset, length = int(body.get("Offset", 0)), int(body.get("BlockLength", LARGEST))
    if not 0 < length <= LARGEST or not 0 <= offset <= len(download.content):
        raise errors.invalid(f"Offset and BlockLength (at most {LARGEST}) must lie in the file.", "0x80090008")
    data = base64.b64encode(download.content[offset : offset + length]).decode("ascii")
    if offset + length >= len(download.content):
        del org.files.downloads[str(body["FileContinuationToken"])]
    return Answer(200, {"Data": data})


DOWNLOAD_ACTIONS: dict[str, Callable[[Organisation, Request], Answer]] = {
    "InitializeAnnotationBlocksDownload": _initialize("Annotation"),
    "InitializeAttachmentBlocksDownload": _initialize("Attachment"),
    "InitializeFileBlocksDownload": _initialize_file,
    "DownloadBlock": _block,
}
