"""Files as the town serves them: read in pieces, so that one of 300 MB takes no more memory than one of 300 bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = 2**20


@dataclass(frozen=True)
class StoredFile:
    """`etag` changes when the bytes do; `read(start, stop)` yields them piece by piece."""

    name: str
    content_type: str
    size: int
    etag: str
    read: Callable[[int, int], Iterator[bytes]]

    @property
    def content(self) -> bytes:
        """All of it at once: for small files."""
        return b"".join(self.read(0, self.size))


def held(name: str, content_type: str, content: bytes, *, digest: str) -> StoredFile:
    """A small file that is made when asked for."""
    return StoredFile(name, content_type, len(content), digest, lambda start, stop: iter((content[start:stop],)))


def on_disk(name: str, content_type: str, path: Path) -> StoredFile:
    about = path.stat()
    tag = f"{about.st_mtime_ns:x}-{about.st_size:x}"
    return StoredFile(name, content_type, about.st_size, tag, lambda start, stop: _pieces(path, start, stop))


def _pieces(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (piece := file.read(min(PIECE, stop - start))):
            start += len(piece)
            yield piece
