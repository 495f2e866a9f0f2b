"""The bytes on disk: written as they come, cut back when a slice breaks off, never whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from aiohttp import StreamReader

from .quick_xor import QuickXor

PIECE = 64 * 1024


@dataclass(frozen=True)
class Digest:
    """What is known of a file's bytes. `quick_xor_hash` is Base64, `sha256` hexadecimal."""

    size: int
    sha256: str
    quick_xor_hash: str


class Contents:
    """A folder of files named by their content id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, name: str) -> None:
        self._path(name).touch(mode=0o600, exist_ok=False)

    async def receive(self, name: str, *, offset: int, length: int | None, stream: StreamReader) -> int:
        """Write a request's body at `offset`; the bytes written. More than `length` is not read.

        What was written of a body that broke off stays behind `offset` and is overwritten by the next try.
        """
        received = 0
        with self._open(name, "r+b") as file:
            os.ftruncate(file.fileno(), offset)
            file.seek(offset)
            while piece := await stream.read(PIECE):
                received += len(piece)
                if length is not None and received > length:
                    break
                file.write(piece)
        return received

    def append(self, name: str, piece: bytes) -> None:
        with self._open(name, "ab") as file:
            file.write(piece)

    def cut(self, name: str, size: int) -> None:
        os.truncate(self._path(name), size)

    async def digest(self, name: str) -> Digest:
        return await asyncio.to_thread(self._digest, name)

    def _digest(self, name: str) -> Digest:
        size, sha256, quick_xor = 0, hashlib.sha256(), QuickXor()
        with self._open(name, "rb") as file:
            while piece := file.read(PIECE):
                size += len(piece)
                sha256.update(piece)
                quick_xor.update(piece)
        return Digest(size, sha256.hexdigest(), quick_xor.text())

    async def read(self, name: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `stop`. A file removed meanwhile is read to its end all the same."""
        with self._open(name, "rb") as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE, stop - start))):
                start += len(piece)
                yield piece

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def sweep(self, known: set[str]) -> None:
        """Remove what no item and no session speaks of: leftovers of a process that was killed."""
        self.remove(path.name for path in self.folder.iterdir() if path.name not in known)

    def _open(self, name: str, mode: str) -> BinaryIO:
        return cast(BinaryIO, open(self._path(name), mode))

    def _path(self, name: str) -> Path:
        return self.folder / name
