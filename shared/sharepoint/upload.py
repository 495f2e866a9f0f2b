"""One file on its way up, going on wherever it broke, and proven to have arrived.

SharePoint ties an upload session to its file's name: a session whose address was lost holds the name until it expires.
A file that meets one takes the name beside it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from shared.errors import TryAgain
from shared.sharepoint import faults, files, items
from shared.sharepoint.faults import NameTaken
from shared.sharepoint.items import Found, Uploaded
from shared.sharepoint.names import beside, is_rewritten, made_of_ids
from shared.sharepoint.quickxor import EMPTY, QuickXor
from shared.sharepoint.session import PIECE, SLICE, Back, Over, Session
from shared.sharepoint.transport import Graph

CONFLICT = "@microsoft.graph.conflictBehavior"
_SESSIONS, _NAMES = 3, 4
_WHERE = "uploading a file"

OpenAt = Callable[[int], AsyncIterator[bytes]]
"""Gives a file's bytes from a place on."""

Keep = Callable[[str], Awaitable[None]]
"""Told the address of each new session before anything is sent. Whoever has it can write the file: it is a secret."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be where: ``size`` bytes in a folder under a name made of ids."""

    drive_id: str
    folder_id: str
    name: str
    size: int
    content_type: str = "application/octet-stream"


class _Blocked(Exception):
    """Another session, whose address nobody has, holds the name."""


class Upload:
    """The upload of one file; used once."""

    def __init__(self, graph: Graph, wanted: Wanted, open_at: OpenAt, keep: Keep | None) -> None:
        self._graph, self._wanted, self._open_at, self._keep = graph, wanted, open_at, keep
        self._whole: str | None = None  # the whole file's hash, once all of it has been read

    async def run(self, session_url: str | None) -> Uploaded:
        """Upload, or find it there already. Raises TryAgain, AskPerson (NameTaken among them) or Stop."""
        names = [beside(made_of_ids(self._wanted.name), number) for number in range(1, _NAMES + 1)]
        if session_url is not None:
            done = await self._resumed(self._session(session_url), names)
            if done is not None:
                return done
        for name in names:
            there = await self._find(name)
            if there is not None:
                return await self._same(there)
            try:
                return await (self._fresh(name) if self._wanted.size else self._empty(name))
            except _Blocked:
                continue
        raise TryAgain("sharepoint-upload-under-way", f"{_WHERE}: other uploads hold its name.", after=900.0)

    async def _resumed(self, session: Session, names: list[str]) -> Uploaded | None:
        """Go on with a session of before; None when it is over without having led to the file."""
        try:
            wanted = await session.next_wanted(self._graph.waits())
            if wanted is not None:
                return await self._verified(await self._send(session, wanted))
            await session.cancel()  # it has all the bytes and made no file of them
        except Over:
            pass
        for name in names:
            there = await self._find(name)
            if there is not None:
                return await self._same(there)
        return None

    async def _fresh(self, name: str) -> Uploaded:
        for _ in range(_SESSIONS):
            session = await self._create(name)
            if session is None:
                return await self._same_or_blocked(name)
            if self._keep is not None:
                await self._keep(session.url)
            try:
                return await self._verified(await self._send(session, 0))
            except Over:
                there = await self._find(name)
                if there is not None:
                    return await self._same(there)
            except Exception:
                if self._keep is None:  # nobody could go on with it, and it would hold the name
                    await session.cancel()
                raise
        raise TryAgain("sharepoint-session-lost", f"{_WHERE}: SharePoint forgot its upload sessions.", after=60.0)

    async def _empty(self, name: str) -> Uploaded:
        """A file of no bytes, which no session can carry."""
        path = f"{self._address(name)}/content?{CONFLICT}=fail"
        reply = await self._graph.send("PUT", path, where=_WHERE, content=b"", accept=(409,))
        if reply.status == 409:
            return await self._same_or_blocked(name)
        self._whole = EMPTY
        return await self._verified(items.found(reply.json()))

    async def _create(self, name: str) -> Session | None:
        """A new session; None when the name is taken, by a file or by another session."""
        body = {"item": {CONFLICT: "fail", "name": name}}
        path = f"{self._address(name)}/createUploadSession"
        reply = await self._graph.send("POST", path, where=_WHERE, body=body, accept=(409,))
        if reply.status == 409:
            return None
        url = reply.json().get("uploadUrl")
        if not isinstance(url, str):
            raise items.unreadable("an upload session without an address")
        return self._session(url)

    async def _send(self, session: Session, begin: int) -> Found:
        """Everything from byte ``begin`` on. Raises Over when the session ends before the file is complete."""
        for _ in range(_SESSIONS):
            try:
                return await self._send_from(session, begin)
            except Back as back:
                begin = back.wanted
        raise TryAgain("sharepoint-session-lost", f"{_WHERE}: SharePoint loses parts of it.", after=60.0)

    async def _send_from(self, session: Session, begin: int) -> Found:
        """The same. What is before ``begin`` is read for the hash only."""
        size, quick_xor, buffer = self._wanted.size, QuickXor(), bytearray()
        waits = self._graph.waits()
        async for piece in _pieces(self._open_at(0)):
            buffer += piece[max(0, begin - quick_xor.length) :]
            quick_xor.update(piece)
            # The last slice waits for the end of the file, so that a file longer than it said never becomes one.
            while len(buffer) > SLICE and quick_xor.length <= size:
                rest = buffer[SLICE:]
                del buffer[SLICE:]
                await session.send(buffer, begin, waits)
                buffer = rest
                begin += SLICE
            if quick_xor.length > size:
                break
        if quick_xor.length != size:
            await session.cancel()
            raise faults.size_differs()
        self._whole = quick_xor.text()
        done = await session.send(buffer, begin, waits)
        if done is None:
            await session.cancel()  # it has all the bytes and made no file of them
            raise Over
        return done

    async def _same_or_blocked(self, name: str) -> Uploaded:
        there = await self._find(name)
        if there is None:
            raise _Blocked
        return await self._same(there)

    async def _same(self, there: Found) -> Uploaded:
        """What is there, if it is this very file. Raises NameTaken when it is something else."""
        if there.is_folder or there.size != self._wanted.size:
            raise NameTaken(_WHERE)
        kept = await files.hash_of(self._graph, self._wanted.drive_id, there)
        if kept != await self._hash():
            raise NameTaken(_WHERE)
        return Uploaded(there.item_id, there.web_url, there.size, kept, there.name)

    async def _verified(self, arrived: Found) -> Uploaded:
        """The file just made, if its bytes are those that were sent. It is removed if they are not."""
        drive_id = self._wanted.drive_id
        is_whole = arrived.size == self._wanted.size
        kept = await files.hash_of(self._graph, drive_id, arrived) if is_whole else ""
        if kept != self._whole:
            await files.delete(self._graph, drive_id, arrived.item_id)
            raise faults.bytes_differ(rewritten=is_rewritten(arrived.name))
        return Uploaded(arrived.item_id, arrived.web_url, arrived.size, kept, arrived.name)

    async def _hash(self) -> str:
        """The whole file's hash; read from the source when it has not been yet."""
        if self._whole is None:
            quick_xor = QuickXor()
            async for piece in _pieces(self._open_at(0)):
                quick_xor.update(piece)
            self._whole = quick_xor.text()
        return self._whole

    async def _find(self, name: str) -> Found | None:
        return await files.find(self._graph, self._wanted.drive_id, self._wanted.folder_id, name)

    def _session(self, url: str) -> Session:
        return Session(self._graph, url, size=self._wanted.size, content_type=self._wanted.content_type)

    def _address(self, name: str) -> str:
        return f"drives/{self._wanted.drive_id}/items/{self._wanted.folder_id}:/{made_of_ids(name)}:"


async def _pieces(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The source's pieces, cut small, and the source closed at the end if it can be."""
    async with AsyncExitStack() as stack:
        if isinstance(source, AsyncGenerator):
            await stack.enter_async_context(aclosing(source))
        async for piece in source:
            for start in range(0, len(piece), PIECE):
                yield piece[start : start + PIECE]
