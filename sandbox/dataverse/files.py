"""The bytes: content of file columns, and uploads that arrive in blocks.

State only; the three protocols that reach it (block messages, chunked PATCH, single PATCH) are `uploads`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StoredFile:
    name: str
    mime_type: str
    content: bytes


@dataclass
class Upload:
    """One upload under way: for which row and column, under which name, and the blocks received."""

    table: str
    row_id: str
    column: str
    name: str
    body: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, bytes] = field(default_factory=dict)
    received: bytearray = field(default_factory=bytearray)


class FileRoom:
    """Files by id, and uploads by token. An upload that is not committed does not outlive the process."""

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.uploads: dict[str, Upload] = {}
        self.downloads: dict[str, Any] = {}

    def replay(self, file_id: str, value: Any) -> None:
        if value is None:
            self.files.pop(file_id, None)
        else:
            content = base64.b64decode(value["content"])
            self.files[file_id] = StoredFile(value["name"], value["mime_type"], content)

    def snapshot(self) -> Iterator[tuple[str, str, str, Any]]:
        for file_id, stored in self.files.items():
            yield "file", "", file_id, document_of(stored)


def document_of(stored: StoredFile) -> dict[str, str]:
    content = base64.b64encode(stored.content).decode("ascii")
    return {"name": stored.name, "mime_type": stored.mime_type, "content": content}
