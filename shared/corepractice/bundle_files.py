"""The attachments' bytes in a bundle: ``files/<file id>/<name>``, streamed out of the zip.

An entry is read from its beginning even when only its end is wanted: what is skipped is a stream of its own to unpack,
and the zip's checksum of the whole then still vouches for it.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from shared.corepractice.bundle_archive import FILES, Archive, refused
from shared.corepractice.files import beyond_the_end, changed
from shared.corepractice.source import LARGEST_CHUNK, OpenFile

Entries = dict[str, zipfile.ZipInfo]


def by_id(archive: Archive) -> Entries:
    """The entries that are files, by their ids. Raises Stop when two claim to be the same file, or one has no id."""
    found: Entries = {}
    for name, info in archive.entries.items():
        if not name.startswith(FILES):
            continue
        file_id, slash, _ = name.removeprefix(FILES).partition("/")
        if not slash:
            raise refused("file-unnamed", f"The bundle has an entry under {FILES} that is in no file's folder.")
        if file_id in found:
            raise refused("duplicate-file", f"The bundle has two entries under {FILES} for one file.")
        found[file_id] = info
    return found


@asynccontextmanager
async def opened(
    archive: Archive, info: zipfile.ZipInfo, *, start: int, version: str | None
) -> AsyncIterator[OpenFile]:
    """One entry as an open file, from a byte on."""
    present = f"{info.CRC:08x}-{info.file_size}"
    if version is not None and version != present:
        raise changed()
    if start > info.file_size:
        raise beyond_the_end(start, info.file_size)
    with archive.damage_in(info.filename):
        content = await asyncio.to_thread(archive.entry, info.filename)
    try:
        chunks = _chunks(archive, info, content, start)
        yield OpenFile(info.file_size, None, present, start, chunks)
    finally:
        await asyncio.to_thread(content.close)


async def _chunks(archive: Archive, info: zipfile.ZipInfo, content: IO[bytes], start: int) -> AsyncIterator[bytes]:
    place = 0
    while True:
        with archive.damage_in(info.filename):
            # A chunk ends where the reading is to start, so that none has to be cut.
            most = min(LARGEST_CHUNK, start - place) if place < start else LARGEST_CHUNK
            chunk = await asyncio.to_thread(content.read, most)
            if not chunk and place != info.file_size:
                raise EOFError
        if not chunk:
            return
        place += len(chunk)
        if place > start:
            yield chunk
