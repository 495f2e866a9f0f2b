"""Downloading in blocks: the Initialize...BlocksDownload messages of notes, attachments and file columns."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import errors
from .block_uploads import FAMILIES, named_target
from .column_security import check_read
from .columns import Kind
from .file_columns import require_read
from .files import Download
from .values import guid
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

LARGEST = 4 * 1024 * 1024


def _begin(org: Organisation, request: Request, name: str, file_id: Any, *, message: str) -> Answer:
    row = org.files.row(file_id)
    if row is None:
        raise errors.invalid("The row holds no file.", "0x80040217")
    body: dict[str, Any] = {
        "@odata.context": f"{request.root}/$metadata#Microsoft.Dynamics.CRM.Initialize{message}BlocksDownloadResponse",
        "FileContinuationToken": org.files.download(Download(name, file_id, row["size"])),
        "FileSizeInBytes": row["size"],
        "FileName": name,
    }
    if message == "File":
        body["IsChunkingSupported"] = True
    return Answer(200, body)


def _initialize(family: str) -> Callable[[Organisation, Request], Answer]:
    names = FAMILIES[family]

    def message(org: Organisation, request: Request) -> Answer:
        table, target = named_target(org, request.json(), names.table)
        row_id = guid(target.get(table.primary_id)) or ""
        row = org.store(table.logical_name).rows.get(row_id)
        if row is None:
            raise errors.no_record(table.logical_name, row_id)
        require_read(org, request, table)
        return _begin(org, request, str(row.get("filename") or ""), row.get(names.body), message=family)

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
    require_read(org, request, table)
    file_id = row.get(column.logical_name)
    name = str((org.files.row(file_id) or {}).get("name", ""))
    return _begin(org, request, name, file_id, message="File")


def _block(org: Organisation, request: Request) -> Answer:
    body = request.json()
    download = org.files.downloads.get(str(body.get("FileContinuationToken")))
    if download is None or org.files.row(download.file_id) is None:
        raise errors.invalid("The FileContinuationToken is not valid.", "0x80090003")
    offset, length = int(body.get("Offset", 0)), int(body.get("BlockLength", LARGEST))
    if not 0 < length <= LARGEST or not 0 <= offset <= download.size:
        raise errors.invalid(f"Offset and BlockLength (at most {LARGEST}) must lie in the file.", "0x80090008")
    data = base64.b64encode(org.files.read(download.file_id, offset, offset + length)).decode("ascii")
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.DownloadBlockResponse"
    return Answer(200, {"@odata.context": context, "Data": data})


DOWNLOAD_ACTIONS: dict[str, Callable[[Organisation, Request], Answer]] = {
    "InitializeAnnotationBlocksDownload": _initialize("Annotation"),
    "InitializeAttachmentBlocksDownload": _initialize("Attachment"),
    "InitializeFileBlocksDownload": _initialize_file,
    "DownloadBlock": _block,
}
