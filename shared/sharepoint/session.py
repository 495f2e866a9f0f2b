"""One upload session of Graph's: its address, and the rules for what is sent there.

The rules are those of the page driveItem: createUploadSession. Slices go in order and in multiples of 320 KiB, without
a token; what broke off is as if it had never come; after any doubt the session is asked what it wants next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from shared.errors import Failure
from shared.sharepoint import faults, items
from shared.sharepoint.items import Found
from shared.sharepoint.transport import Broken, Graph, Reply, Waits

UNIT = 327_680
SLICE = 16 * UNIT
"""5 MiB: what is in memory of a file, and the least that Microsoft recommends for a slice."""

PIECE = 256 * 1024
_WHERE = "uploading a file"


class Over(Exception):
    """The session is gone: complete, cancelled or expired."""


class Back(Exception):
    """The session wants bytes again that it had confirmed, from ``wanted`` on."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.wanted = wanted


class Session:
    """Where the ``size`` bytes of one file go. ``url`` carries its own permission and is a secret."""

    def __init__(self, graph: Graph, url: str, *, size: int, content_type: str) -> None:
        self.url = url
        self._graph, self._size, self._content_type = graph, size, content_type

    async def send(self, content: bytearray, first: int, waits: Waits) -> Found | None:
        """One slice, however often it takes. The file, if it is complete with it."""
        begin, end = first, first + len(content)
        waits.renew()
        while True:
            reply = await self._put(memoryview(content)[first - begin :], first)
            if reply is not None and reply.status in (200, 201):
                return items.found(reply.json())
            taken = reply is not None and reply.status == 202
            wanted = items.next_expected(reply.json()) if reply is not None and taken else first
            if taken and wanted != first:
                waits.renew()
            else:
                self._judge(reply)
                if waited := await waits.another(reply.after if reply is not None else 0.0):
                    raise self._given_up(reply, waited)
                if reply is not None and reply.status == 429:
                    continue  # it was not even looked at
                wanted = await self.next_wanted(waits)
            if wanted is None or wanted >= end:
                return None
            if wanted < begin:
                raise Back(wanted)
            first = wanted

    async def _put(self, content: memoryview, first: int) -> Reply | None:
        """Send a slice once; None when the connection broke."""
        headers = {
            "Content-Length": str(len(content)),
            "Content-Range": f"bytes {first}-{first + len(content) - 1}/{self._size}",
            "Content-Type": self._content_type,
        }
        try:
            return await self._graph.bare("PUT", self.url, headers=headers, content=lambda: _cut(content))
        except Broken:
            return None

    async def next_wanted(self, waits: Waits) -> int | None:
        """The byte the session wants next, None when it has all. Raises Over."""
        while True:
            try:
                reply = await self._graph.bare("GET", self.url)
            except Broken:
                reply = None
            if reply is not None and reply.status == 200:
                wanted = items.next_expected(reply.json())
                return wanted if wanted is not None and wanted < self._size else None
            self._judge(reply)
            if waited := await waits.another(reply.after if reply is not None else 0.0):
                raise self._given_up(reply, waited)

    async def cancel(self) -> None:
        """Let go of a session that will not be used. Best effort: it expires by itself."""
        try:
            await self._graph.bare("DELETE", self.url)
        except Broken:
            return

    def _judge(self, reply: Reply | None) -> None:
        """Raise for an answer that no waiting mends."""
        if reply is None or reply.status in (202, 416) or faults.is_passing(reply.status):
            return
        # 401: the address's own permission has run out. 409: the name was taken meanwhile, by our own file perhaps.
        if reply.status in (401, 404, 409, 410):
            raise Over
        raise faults.failure(reply.status, reply.code(), _WHERE)

    def _given_up(self, reply: Reply | None, waited: float) -> Failure:
        if reply is None or not faults.is_passing(reply.status):
            return faults.unreachable(_WHERE, after=waited)
        return faults.failure(reply.status, reply.code(), _WHERE, after=waited)


async def _cut(content: memoryview) -> AsyncIterator[bytes]:
    """A slice in pieces: the connection copies what it is given."""
    for start in range(0, len(content), PIECE):
        yield bytes(content[start : start + PIECE])
