"""What a note says about its file, and under which names a file lies in SharePoint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from shared.attachments.router import FilesPolicy, Route, extension, route
from shared.richtext.sanitise import from_plain
from shared.sharepoint.names import readable

_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
LONGEST_STEM = 100
"""Characters of the original name that are kept: SharePoint counts the whole address, folders included."""
_LONGEST_LINE = 1_000


def upload_name(attachment_id: str) -> str:
    """The name a file is uploaded under: it is part of an address, so it is made of ids. It has no suffix, because
    SharePoint writes into files that arrive as Office, PDF, HTML or JPEG."""
    if _PLAIN.fullmatch(attachment_id):
        return attachment_id
    # SharePoint takes no notice of case, and what is left out here may be all that tells two ids apart.
    digest = hashlib.sha256(attachment_id.encode()).hexdigest()[:12]
    return f"{_NOT_PLAIN.sub('-', attachment_id).strip('-')[:27]}-{digest}".lstrip("-")


def final_name(record: Mapping[str, Any]) -> str:
    """The name people see afterwards: the original one, told apart by the attachment's id."""
    name = str(record.get("name") or "file")
    suffix = extension(name)
    stem = name[: -len(suffix) - 1] if suffix else name
    suffix = suffix if len(suffix) < 10 else ""
    return readable(f"{stem[:LONGEST_STEM]} ({upload_name(str(record['id']))})" + (f".{suffix}" if suffix else ""))


def note_text(record: Mapping[str, Any], policy: FilesPolicy, *, contact_id: str) -> str:
    """The note's text, the same on every attempt: what the file is, and where its bytes are."""
    where = "this note"
    if route(record, policy).route is Route.SHAREPOINT:
        where = f"SharePoint library {policy.library}, folder {contact_id}, file {final_name(record)}"
    lines = [("File", record.get("name")), ("Category", _words(record.get("category")))]
    lines += [("Captured", record.get("captured_at")), ("SHA-256", record.get("sha256")), ("Stored in", where)]
    return from_plain("\n".join(f"{label}: {_one_line(value)}" for label, value in lines if value))


def _one_line(value: Any) -> str:
    """A name with line breaks in it must not look like another line of the note."""
    return " ".join(str(value).split())[:_LONGEST_LINE]


def _words(value: Any) -> str:
    return str(value or "").replace("_", " ").capitalize()
