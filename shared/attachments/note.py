"""What a note says about its file, and under which names a file lies in SharePoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shared.attachments.router import FilesPolicy, Route, extension, route
from shared.richtext.sanitise import from_plain
from shared.sharepoint.names import readable

LONGEST_STEM = 100
"""Characters of the original name that are kept: SharePoint counts the whole address, folders included."""
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def upload_name(attachment_id: str) -> str:
    """The name a file is uploaded under: it is part of an address, so it is made of ids. It has no suffix, because
    SharePoint writes into files that arrive as Office, PDF, HTML or JPEG."""
    return _NOT_PLAIN.sub("-", attachment_id).replace(".", "-")[:100] or "file"


def final_name(record: Mapping[str, Any]) -> str:
    """The name people see afterwards: the original one, told apart by the attachment's id."""
    name = str(record.get("name") or "file")
    suffix = extension(name)
    stem = name[: -len(suffix) - 1] if suffix else name
    return readable(f"{stem[:LONGEST_STEM]} ({upload_name(str(record['id']))})" + (f".{suffix}" if suffix else ""))


def note_text(record: Mapping[str, Any], policy: FilesPolicy, *, contact_id: str) -> str:
    """The note's text, the same on every attempt: what the file is, and where its bytes are."""
    lines = [("File", record.get("name")), ("Category", _words(record.get("category")))]
    lines += [("Captured", record.get("captured_at")), ("SHA-256", record.get("sha256"))]
    if route(record, policy).route is Route.SHAREPOINT:
        where = f"SharePoint library {policy.library}, folder {contact_id}, file {final_name(record)}"
        lines.append(("Stored in", where))
    return from_plain("\n".join(f"{label}: {value}" for label, value in lines if value))


def _words(value: Any) -> str:
    return str(value or "").replace("_", " ").capitalize()
