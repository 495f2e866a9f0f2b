"""Notes and attachments hold their file inside the row, as Base64: the cap on it, and where it really is kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import errors
from .columns import TableSchema
from .files import INLINE, Spool
from .tables import Row
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

BLOCKED = "The attachment is either not a valid type or is too large. It cannot be uploaded or downloaded."
SLICE = 4 * 1024 * 1024


def organisation_row(org: Organisation) -> Row:
    return next(iter(org.store("organization").rows.values()))


def check_extension(org: Organisation, file_name: str | None) -> None:
    """Raises when the organisation blocks files of that name's kind."""
    blocked = str(organisation_row(org).get("blockedattachments", "")).lower().split(";")
    extension = (file_name or "").rpartition(".")[2].lower()
    if extension and extension in blocked:
        raise errors.invalid(BLOCKED, "0x80043e09")


def check_type(org: Organisation, mime_type: str | None) -> None:
    """Raises when the organisation allows only other MIME types, or blocks this one."""
    row, wanted = organisation_row(org), (mime_type or "").lower()
    lists = [
        [one.strip().lower() for one in str(row.get(name) or "").split(";") if one.strip()]
        for name in ("blockedmimetypes", "allowedmimetypes")
    ]
    blocked, allowed = lists
    if wanted and (wanted in blocked if not allowed else wanted not in allowed):
        raise errors.invalid(BLOCKED, "0x80043e09")


def check_cap(org: Organisation, length: int) -> None:
    """Raises when a body would be longer, in Base64, than the organisation takes at this moment."""
    limit = organisation_row(org)["maxuploadfilesize"]
    if length > limit:
        raise errors.invalid(f"Attachment file size is too big. The limit is {limit} bytes.", "0x80044a02")


def take_in(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any], body: str) -> None:
    """Put the Base64 that a write brought into a file, and its id into the row. Without one, see that the row fits."""
    check_extension(work.org, row.get("filename"))
    check_type(work.org, row.get("mimetype"))
    if body not in changes:
        return
    before = work.org.store(table.logical_name).rows.get(row[table.primary_id], {})
    text = changes[body]
    if text is None:
        row.pop("filesize", None)
    else:
        check_cap(work.org, len(text))
        hold(work, row, body, _decoded(work, text, body))
    work.org.files.drop(work.transaction, before.get(body))


def hold(work: Work, row: Row, body: str, content: bytes | Spool) -> None:
    """Let a row that is not stored yet hold these bytes."""
    name, mime_type = str(row.get("filename") or ""), str(row.get("mimetype") or "")
    row["filesize"] = content.size if isinstance(content, Spool) else len(content)
    row[body] = work.org.files.keep(work.transaction, name, mime_type, content)


def _decoded(work: Work, text: str, body: str) -> bytes | Spool:
    if len(text) <= INLINE:
        return _bytes(text, body)
    if "=" in text[:-2]:
        raise _no_base64(body)
    spool = work.org.files.spool()
    try:
        for start in range(0, len(text), SLICE):
            spool.write(_bytes(text[start : start + SLICE], body))
    except errors.DataverseError:
        spool.discard()
        raise
    return spool


def _bytes(text: str, body: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise _no_base64(body) from None


def _no_base64(body: str) -> errors.DataverseError:
    return errors.invalid(f"The value of '{body}' is not Base64.", "0x80040203")
