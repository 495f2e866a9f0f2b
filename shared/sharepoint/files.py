"""Files that are in the library already: found, read back, compared, removed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from shared.errors import Stop
from shared.sharepoint import faults, items
from shared.sharepoint.items import Found
from shared.sharepoint.names import made_of_ids
from shared.sharepoint.quickxor import QuickXor
from shared.sharepoint.transport import Broken, Graph, Waits, retry_after

_PART = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", re.ASCII)
_PIECE = 256 * 1024
_OVER = (401, 403, 404, 410)
"""A download address is good for a few minutes; after that it answers one of these."""


async def find(graph: Graph, drive_id: str, folder_id: str, name: str) -> Found | None:
    """What has that name in the folder; None when nothing has. The name is made of ids: it is part of an address."""
    path = f"drives/{drive_id}/items/{folder_id}:/{made_of_ids(name)}"
    reply = await graph.send("GET", path, where="looking for a file", accept=(404,))
    return None if reply.status == 404 else items.found(reply.json())


async def item(graph: Graph, drive_id: str, item_id: str) -> Found | None:
    """The file or folder of that id; None when it is gone."""
    reply = await graph.send("GET", f"drives/{drive_id}/items/{item_id}", where="looking at a file", accept=(404,))
    return None if reply.status == 404 else items.found(reply.json())


async def delete(graph: Graph, drive_id: str, item_id: str) -> None:
    """Remove a file, or a folder with all that is in it. Gone already is as good."""
    await graph.send("DELETE", f"drives/{drive_id}/items/{item_id}", where="removing a file", accept=(404,))


async def hash_of(graph: Graph, drive_id: str, there: Found) -> str:
    """The file's QuickXorHash: as Graph gives it or, where it gives none, of the bytes read back."""
    if there.quick_xor_hash is None:
        fresh = await item(graph, drive_id, there.item_id)
        if fresh is not None and fresh.quick_xor_hash is not None:
            return fresh.quick_xor_hash
        quick_xor = QuickXor()
        async for piece in download(graph, drive_id, there.item_id):
            quick_xor.update(piece)
        return quick_xor.text()
    return there.quick_xor_hash


async def download(graph: Graph, drive_id: str, item_id: str) -> AsyncIterator[bytes]:
    """A file's bytes in pieces of at most 256 KiB; a connection that breaks is mended where it broke.

    Raises AskPerson when the file is gone, Stop when it changes while it is read.
    """
    waits, reading = graph.waits(), _Reading()
    while not reading.is_complete:
        path = f"drives/{drive_id}/items/{item_id}/content"
        reply = await graph.send("GET", path, where="reading a file")
        url = reply.headers.get("location", "")
        if reply.status != 302 or not url:
            raise items.unreadable("a file's content without a redirect")
        try:
            async for piece in reading.rest(graph, url, waits):
                yield piece
        except Broken:
            if waited := await waits.another(reading.asked_wait):
                raise faults.unreachable("reading a file", after=waited) from None


class _Reading:
    """How far the reading of one file has come."""

    def __init__(self) -> None:
        self.place = 0
        self.is_complete = False
        self.asked_wait = 0.0
        self._version: str | None = None

    async def rest(self, graph: Graph, url: str, waits: Waits) -> AsyncIterator[bytes]:
        """The bytes from the place on. Raises Broken where the answer ends too soon or another address may help."""
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={self.place}-"} if self.place else {})}
        async with graph.reading(url, headers) as response:
            self.asked_wait = retry_after(response.headers)
            if faults.is_passing(response.status_code) or response.status_code in _OVER:
                raise Broken(str(response.status_code))
            start, size = self._part(response.status_code, dict(response.headers))
            version = response.headers.get("etag")
            if self.place and version != self._version:
                raise _changed()
            self._version, position = version, start
            async for piece in response.aiter_raw(_PIECE):
                fresh = piece[max(0, self.place - position) :]
                position += len(piece)
                if fresh:
                    self.place += len(fresh)
                    waits.renew()
                    yield fresh
            if size is not None and position != size:
                raise Broken("too short")
            self.is_complete = True

    def _part(self, status: int, headers: dict[str, str]) -> tuple[int, int | None]:
        """From which byte on the answer's body is, and where the file ends."""
        if status == 206:
            found = _PART.fullmatch(headers.get("content-range", ""))
            if found is None or int(found[1]) != self.place:
                raise items.unreadable("another part of a file than was asked for")
            return self.place, int(found[2])
        if status == 200:
            length = headers.get("content-length", "")
            return 0, int(length) if length.isascii() and length.isdigit() else None
        if status == 416:
            raise _changed()
        raise faults.failure(status, "", "reading a file")


def _changed() -> Stop:
    return Stop("sharepoint-file-changed", "A file of the library changed while it was being read.")
