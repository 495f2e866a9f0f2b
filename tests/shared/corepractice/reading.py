"""How the tests read a file: all of it, or only its digest and what it took."""

from __future__ import annotations

import tracemalloc
from hashlib import sha256

from shared.corepractice.source import LARGEST_CHUNK, OpenFile, Source


async def all_of(source: Source, file_id: str, *, start: int = 0, version: str | None = None) -> bytes | None:
    async with source.open_file(file_id, start=start, version=version) as opened:
        if opened is None:
            return None
        assert opened.start == start
        found = [chunk async for chunk in opened.chunks]
    assert all(0 < len(chunk) <= LARGEST_CHUNK for chunk in found)
    return b"".join(found)


async def digest_and_peak(opened: OpenFile) -> tuple[str, int]:
    """The digest of what comes, and the memory it took at most."""
    digest = sha256()
    tracemalloc.start()
    try:
        async for chunk in opened.chunks:
            digest.update(chunk)
        return digest.hexdigest(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
