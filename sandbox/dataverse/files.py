"""The bytes of files: those of file columns and those inside notes and attachments, and what is on its way.

A file is a row of a table of its own (`@file`), so that it is journalled and rolled back with the rows around it; the
row that holds the file has its id where a client sees Base64 or a file id. Small content is in that row, large content
is a file on disk beside the journal (or in a temporary folder), written before the row and removed after it.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .tables import Change, Row, Table, Transaction

FILES = "@file"
INLINE = 64 * 1024
PIECE = 3 * 1024 * 1024
"""Read at once. A multiple of three, so that Base64 of pieces is Base64 of the whole."""
MOST_DOWNLOADS = 1000


class Spool:
    """Bytes that arrive: on disk, with their count and digest known as soon as they are all there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        path.touch(exist_ok=False)

    def write(self, content: bytes) -> None:
        # Opened for each piece: an upload that nobody ever finishes must not hold on to a descriptor.
        with self.path.open("ab") as file:
            file.write(content)
        self._digest.update(content)
        self.size += len(content)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def read(self) -> Iterator[bytes]:
        return _pieces(self.path, 0, self.size)

    def slice(self, start: int, length: int) -> bytes:
        return b"".join(_pieces(self.path, start, start + length))


@dataclass
class Upload:
    """One upload under way: for which row and column, under which name, and the blocks received, in one spool."""

    table: str
    row_id: str
    column: str
    name: str
    spool: Spool
    blocks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where a block begins in the spool, and its length. A block that is sent again is there again, further on."""


@dataclass(frozen=True)
class Download:
    name: str
    file_id: str
    size: int


class FileRoom:
    """Files by id, and uploads by token. An upload that is not committed does not outlive the process."""

    def __init__(self, table: Callable[[str], Table], new_id: Callable[[], str], folder: Path | None) -> None:
        self._table, self._new_id, self._folder = table, new_id, folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.uploads: dict[str, Upload] = {}
        self.downloads: OrderedDict[str, Download] = OrderedDict()

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="dataverse-files-")
            self._folder = Path(self._temporary.name)
        (self._folder / "arriving").mkdir(parents=True, exist_ok=True)
        return self._folder

    def spool(self) -> Spool:
        return Spool(self.folder / "arriving" / str(uuid.uuid4()))

    # files

    def keep(self, transaction: Transaction, name: str, mime_type: str, content: bytes | Spool) -> str:
        """Make a file of these bytes (a spool is used up); answers its id."""
        file_id = self._new_id()
        row: Row = {"name": name, "mime_type": mime_type}
        if isinstance(content, Spool):
            row |= {"size": content.size, "sha256": content.sha256}
            content.path.rename(self.folder / file_id)
        else:
            row |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            if len(content) <= INLINE:
                row["content"] = base64.b64encode(content).decode("ascii")
            else:
                (self.folder / file_id).write_bytes(content)
        transaction.put(FILES, file_id, row)
        return file_id

    def drop(self, transaction: Transaction, file_id: Any) -> None:
        if self.row(file_id) is not None:
            transaction.put(FILES, file_id, None)

    def drop_all(self, transaction: Transaction, rows: Iterable[Row], columns: Iterable[str]) -> None:
        """The files of columns that go, or of a whole table."""
        names = list(columns)
        for row in rows:
            for name in names:
                self.drop(transaction, row.get(name))

    def row(self, file_id: Any) -> Row | None:
        """{name, mime_type, size, sha256}, or None when there is no such file."""
        return self._table(FILES).rows.get(file_id)

    def read(self, file_id: str, start: int = 0, stop: int | None = None) -> bytes:
        row = self._table(FILES).rows[file_id]
        stop = row["size"] if stop is None else min(stop, row["size"])
        if "content" in row:
            return base64.b64decode(row["content"])[start:stop]
        return b"".join(_pieces(self.folder / file_id, start, stop))

    def encoded(self, file_id: str) -> str:
        """The whole content as Base64."""
        row = self.row(file_id)
        if row is None:
            # A journal from before files had a table of their own holds the text itself.
            return file_id
        if "content" in row:
            return str(row["content"])
        pieces = _pieces(self.folder / file_id, 0, row["size"])
        return "".join(base64.b64encode(piece).decode("ascii") for piece in pieces)

    def about(self, file_id: Any) -> dict[str, Any] | None:
        """What an export says of a file: the same for the same content."""
        row = self.row(file_id)
        return None if row is None else {"name": row["name"], "size": row["size"], "sha256": row["sha256"]}

    # what happens with the transaction around a file

    def settle(self, changes: Iterable[Change]) -> None:
        """The changes are kept: content of removed files goes."""
        self._unlink(row_id for table, row_id, _, new in changes if table == FILES and new is None)

    def undo(self, changes: Iterable[Change]) -> None:
        """The changes are about to be taken back: content of new files goes."""
        self._unlink(row_id for table, row_id, old, _ in changes if table == FILES and old is None)

    def _unlink(self, ids: Iterable[str]) -> None:
        for file_id in list(ids):
            if self._folder is not None:
                (self._folder / file_id).unlink(missing_ok=True)

    def download(self, download: Download) -> str:
        """A token for a download; it serves as often as it is used, until a thousand others have come."""
        token = self._new_id()
        self.downloads[token] = download
        while len(self.downloads) > MOST_DOWNLOADS:
            self.downloads.popitem(last=False)
        return token

    def tidy(self) -> None:
        """At the start: what was arriving when the last process died never arrived."""
        if self._folder is not None and self._folder.exists():
            shutil.rmtree(self._folder / "arriving", ignore_errors=True)
            known = self._table(FILES).rows
            self._unlink(path.name for path in self._folder.iterdir() if path.is_file() and path.name not in known)

    def close(self) -> None:
        for upload in self.uploads.values():
            upload.spool.discard()
        self.uploads.clear()
        if self._temporary is not None:
            self._temporary.cleanup()


def _pieces(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            piece = file.read(min(PIECE, stop - start))
            if not piece:
                return
            start += len(piece)
            yield piece


def in_order(spool: Spool, blocks: Iterable[tuple[int, int]], fresh: Callable[[], Spool]) -> Spool:
    """The blocks of a spool in this order; the spool itself where that is how they lie in it."""
    wanted = list(blocks)
    at, straight = 0, True
    for start, length in wanted:
        straight = straight and start == at
        at += length
    if straight and at == spool.size:
        return spool
    ordered = fresh()
    for start, length in wanted:
        ordered.write(spool.slice(start, length))
    spool.discard()
    return ordered
