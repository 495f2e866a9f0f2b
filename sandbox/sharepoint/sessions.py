"""Upload sessions by Graph's rules: in order, in multiples of 320 KiB, resumable, one for a name, never for ever."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass, replace

from aiohttp import StreamReader

from .errors import GraphError, invalid, name_exists, not_found, quota_reached, range_refused
from .site import Site
from .store import Item, Session

UNIT = 327_680
LARGEST_SLICE = 60 * 1024 * 1024
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


@dataclass(frozen=True)
class Slice:
    """Bytes `first` to `last` (inclusive) of `total`."""

    first: int
    last: int
    total: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(content_range: str | None, content_length: int | None) -> Slice:
    """The slice a PUT announces. Raises GraphError for what no slice may be."""
    found = _RANGE.fullmatch(content_range or "")
    if found is None:
        raise invalid("Content-Range must read: bytes first-last/total.", inner="invalidRange")
    piece = Slice(int(found[1]), int(found[2]), int(found[3]))
    if not piece.first <= piece.last < piece.total:
        raise invalid("The Content-Range is no part of a file.", inner="invalidRange")
    if content_length is None:
        raise GraphError(411, "lengthRequired", "A Content-Length is needed.")
    if content_length != piece.length:
        raise invalid("Content-Length and Content-Range disagree.", inner="fragmentLengthMismatch")
    if piece.length >= LARGEST_SLICE:
        raise GraphError(413, "requestTooLarge", "A request must carry less than 60 MiB.")
    if piece.length % UNIT and piece.last + 1 != piece.total:
        raise invalid("All slices but the last must be multiples of 327,680 bytes.", inner="invalidFragmentSize")
    return piece


class Sessions:
    """The sessions of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._locks: dict[str, asyncio.Lock] = {}

    def create(self, parent: Item, name: str, conflict: str, declared: int | None) -> Session:
        site, now = self._site, self._site.clock.now()
        other = site.store.session_for(parent, name)
        if other is not None and other.expires <= now:
            self._end(other)
        elif other is not None:
            # OneDrive/onedrive-api-docs#747: SharePoint ties a session to its name, whatever the conflict behaviour.
            raise name_exists("An upload session already exists for this file")
        if conflict == "fail" and site.store.child(parent, name) is not None:
            raise name_exists()
        if declared is not None and declared > site.remaining(parent.library):
            raise quota_reached()
        session_id = secrets.token_urlsafe(24)
        session = Session(
            id=session_id,
            library=parent.library,
            parent=parent.id,
            name=name,
            conflict=conflict,
            declared=declared,
            total=None,
            received=0,
            content=session_id,
            expires=now + site.behaviour.session_seconds,
        )
        site.contents.create(session.content)
        with site.store.transaction():
            site.store.put_session(session)
        return session

    def status(self, session_id: str) -> Session:
        """The session; GraphError 404 once it is complete, cancelled or expired."""
        found = self._site.store.session(session_id)
        if found is not None and found.expires <= self._site.clock.now():
            self._end(found)
            found = None
        if found is None:
            raise not_found("The upload session was not found")
        return found

    def cancel(self, session_id: str) -> None:
        self._end(self.status(session_id))

    async def receive(self, session_id: str, piece: Slice, stream: StreamReader) -> tuple[Session, Item | None, bool]:
        """Take a slice. With the last one comes the item, and whether it is new."""
        self.status(session_id)
        async with self._locks.setdefault(session_id, asyncio.Lock()):
            session = self.status(session_id)
            self._check(session, piece)
            contents = self._site.contents
            written = await contents.receive(
                session.content, offset=session.received, length=piece.length, stream=stream
            )
            if written != piece.length:
                contents.cut(session.content, session.received)
                raise invalid("The body is not as long as it said.", inner="fragmentLengthMismatch")
            expires = self._site.clock.now() + self._site.behaviour.session_seconds
            after = replace(session, total=piece.total, received=piece.last + 1, expires=expires)
            if after.received < piece.total:
                self._save(after)
                return after, None, False
            return await self._complete(after)

    async def _complete(self, session: Session) -> tuple[Session, Item | None, bool]:
        site = self._site
        parent = site.store.item(session.library, session.parent)
        if parent is None:
            raise not_found("The folder of the upload is gone.")
        digest = await site.kept_digest(session.name, session.content)
        try:
            item, new = site.keep(
                parent, session.name, session.conflict, content=session.content, digest=digest, ended=session.id
            )
        except GraphError:
            # Documented: the session outlives a conflict or a lack of space at the last slice.
            site.contents.cut(session.content, session.received)
            self._save(session)
            raise
        self._locks.pop(session.id, None)
        return session, item, new

    def _check(self, session: Session, piece: Slice) -> None:
        known = session.total if session.total is not None else session.declared
        if known is not None and piece.total != known:
            raise invalid("The total size differs from what was said before.", inner="invalidRange")
        if piece.first < session.received:
            raise range_refused("fragmentOverlap", "The slice was received before.")
        if piece.first > session.received:
            raise range_refused("fragmentOutOfOrder", "An earlier slice is missing.")

    def _save(self, session: Session) -> None:
        with self._site.store.transaction():
            self._site.store.put_session(session)

    def _end(self, session: Session) -> None:
        with self._site.store.transaction():
            self._site.store.remove_session(session.id)
        self._site.contents.remove([session.content])
        self._locks.pop(session.id, None)
