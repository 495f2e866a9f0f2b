"""Uploading and downloading: block messages for notes, attachments and file columns; chunked and single PATCH."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from . import bodies, errors, records
from .column_security import check_read, check_write
from .columns import Column, Kind, TableSchema
from .files import Spool, Upload
from .people import privilege
from .tables import Row
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

OCTETS = "application/octet-stream"
BLOCK = 4 * 1024 * 1024
SINGLE = 128 * 1024 * 1024
WHOLE_DOWNLOAD = 16 * 1024 * 1024
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)\Z")
WANTED = re.compile(r"bytes=(\d+)-(\d*)\Z")


# file columns over HTTP


def put_file(org: Organisation, table: TableSchema, row_id: str, column: Column, request: Request) -> Answer:
    """PATCH of a file column: the whole, the start of chunks, or one chunk (a range says so before anything else)."""
    if row_id not in org.store(table.logical_name).rows:
        raise errors.no_record(table.logical_name, row_id)
    org.people.require(request.caller, privilege("Write", table), table.logical_name)
    check_write(org, table, request.caller, {column.logical_name}, "canupdate")
    found = RANGE.match(request.header("Content-Range") or "")
    if found is not None:
        return _put_chunk(org, table, row_id, column, request, found)
    name = request.query.get("x-ms-file-name") or unquote(request.header("x-ms-file-name") or "")
    if not name:
        raise errors.invalid("The header or parameter x-ms-file-name is required.", "0x80048d19")
    if request.header("x-ms-transfer-mode") == "chunked":
        token = org.new_id()
        org.files.uploads[token] = Upload(table.logical_name, row_id, column.logical_name, name, org.files.spool())
        location = f"{request.root}/{table.set_name}({row_id})/{column.logical_name}?sessiontoken={token}"
        return Answer(
            200,
            None,
            {
                "Location": location,
                "x-ms-chunk-size": str(BLOCK),
                "Accept-Ranges": "bytes",
                "Access-Control-Expose-Headers": "x-ms-chunk-size, Location",
            },
        )
    content = request.spool or request.body
    size = request.spool.size if request.spool is not None else len(request.body)
    if size > SINGLE:
        raise errors.DataverseError(413, "0x8004418a", "The request exceeds the maximum size of 128 MB.")
    check_room(column, size)
    keep_content(org, request, table, row_id, column, name, content)
    return Answer(204)


def _put_chunk(
    org: Organisation, table: TableSchema, row_id: str, column: Column, request: Request, found: re.Match[str]
) -> Answer:
    upload = org.files.uploads.get(request.query.get("sessiontoken", ""))
    place = (table.logical_name, row_id, column.logical_name)
    if upload is None or (upload.table, upload.row_id, upload.column) != place:
        raise errors.invalid("The session token of the upload is not valid.", "0x80090003")
    first, last, total = (int(group) for group in found.groups())
    if len(request.body) != last - first + 1 or len(request.body) > BLOCK:
        raise errors.invalid(f"The chunk is larger than {BLOCK} bytes or is not as long as its range.", "0x80090008")
    check_room(column, total)
    if first != upload.spool.size:
        raise errors.invalid(f"The next chunk must begin at {upload.spool.size}.", "0x80090008", 416)
    upload.spool.write(request.body)
    if upload.spool.size < total:
        return Answer(206)
    keep_content(org, request, table, row_id, column, upload.name, upload.spool)
    del org.files.uploads[request.query["sessiontoken"]]
    return Answer(204)


def check_room(column: Column, size: int) -> None:
    """Raises when a column does not take files of that size."""
    limit = (column.max_size_kb or 32_768) * 1024
    if size > limit:
        text = f"The file is larger than the {limit} bytes that {column.logical_name} takes."
        raise errors.invalid(text, "0x80044a02")


def keep_content(
    org: Organisation,
    request: Request,
    table: TableSchema,
    row_id: str,
    column: Column,
    name: str,
    content: bytes | Spool,
    *,
    mime_type: str = OCTETS,
) -> str:
    """Put bytes (a spool is used up) into the column of a row; answers the id of the file, or of an image's row."""
    check_write(org, table, request.caller, {column.logical_name}, "canupdate")
    with org.work(request.caller) as work:
        if column.kind is Kind.IMAGE:
            whole = b"".join(content.read()) if isinstance(content, Spool) else content
            if isinstance(content, Spool):
                content.discard()
            body = {column.logical_name: base64.b64encode(whole).decode("ascii")}
            records.update(work, table, row_id, body)
            return row_id
        bodies.check_extension(org, name)
        bodies.check_type(org, mime_type if mime_type != OCTETS else None)
        return _keep_file(work, table, row_id, column, name, mime_type, content)


def _keep_file(
    work: Work, table: TableSchema, row_id: str, column: Column, name: str, mime_type: str, content: bytes | Spool
) -> str:
    old = work.org.store(table.logical_name).rows[row_id]
    work.org.files.drop(work.transaction, old.get(column.logical_name))
    file_id = work.org.files.keep(work.transaction, name, mime_type, content)
    row = {**old, column.logical_name: file_id, f"{column.logical_name}_name": name}
    records.stamp_modified(work, row)
    work.transaction.put(table.logical_name, row_id, row)
    return file_id


def require_read(org: Organisation, request: Request, table: TableSchema) -> None:
    org.people.require(request.caller, privilege("Read", table), table.logical_name)


def delete_file(org: Organisation, table: TableSchema, row_id: str, column: Column, request: Request) -> Answer:
    old = org.store(table.logical_name).rows.get(row_id)
    if old is None:
        raise errors.no_record(table.logical_name, row_id)
    check_write(org, table, request.caller, {column.logical_name}, "canupdate")
    with org.work(request.caller) as work:
        org.files.drop(work.transaction, old.get(column.logical_name))
        gone = (column.logical_name, f"{column.logical_name}_name")
        row = {name: value for name, value in old.items() if name not in gone}
        records.stamp_modified(work, row)
        work.transaction.put(table.logical_name, row_id, row)
    return Answer(204)


def get_file(org: Organisation, table: TableSchema, row_id: str, column: Column, request: Request, raw: bool) -> Answer:
    """GET .../column/$value (bytes) or .../column (JSON with Base64), whole or a range."""
    row = org.store(table.logical_name).rows.get(row_id)
    if row is None:
        raise errors.no_record(table.logical_name, row_id)
    check_read(org, table, column.logical_name)
    stored = _image(row, column) if column.kind is Kind.IMAGE else org.files.row(row.get(column.logical_name))
    if stored is None:
        return Answer(204)
    first, last, status, headers = 0, stored["size"] - 1, 200, {}
    wanted = WANTED.match(request.header("Range") or "")
    if wanted is not None:
        first, last = int(wanted[1]), min(int(wanted[2] or last), last)
        headers["Content-Range"] = f"bytes {first}-{last}/{stored['size']}"
        status = 206
    elif stored["size"] > WHOLE_DOWNLOAD:
        raise errors.invalid("Files of more than 16 MB are downloaded in ranges.", "0x80090008")
    headers |= {
        "x-ms-file-name": quote(stored["name"]),
        "x-ms-file-size": str(stored["size"]),
        "mimetype": stored["mime_type"],
        "Content-Disposition": f'attachment; filename="{quote(stored["name"])}"',
    }
    if column.kind is Kind.IMAGE:
        content = stored["bytes"][first : last + 1]
    else:
        content = org.files.read(row[column.logical_name], first, last + 1)
    if raw:
        return Answer(status, content, headers, content_type="application/octet-stream")
    return Answer(status, {"value": base64.b64encode(content).decode("ascii")}, headers)


def _image(row: Row, column: Column) -> dict[str, Any] | None:
    text = row.get(column.logical_name)
    if text is None:
        return None
    content = base64.b64decode(text)
    return {"name": "image.png", "mime_type": "image/png", "size": len(content), "bytes": content}
