"""Pre-authenticated download addresses: valid for a few minutes, for anybody who has one, whole or in ranges."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from aiohttp import web

from .contents import Contents
from .errors import GraphError, not_found
from .site import Site
from .store import Item

LIFETIME = 300
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


class Downloads:
    """Signs addresses and serves what they lead to. A new process does not know the signatures of the last."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._key = secrets.token_bytes(32)

    def path(self, item: Item) -> str:
        return f"/download/{self._ticket(item, int(self._site.clock.now()) + LIFETIME)}"

    def _ticket(self, item: Item, expires: int) -> str:
        text = f"{item.library}.{item.id}.{expires}"
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}"

    def item(self, ticket: str) -> Item:
        library, _, rest = ticket.partition(".")
        item_id, _, rest = rest.partition(".")
        expires = rest.partition(".")[0]
        item = self._site.store.item(library, item_id)
        if item is None:
            raise not_found()
        genuine = expires.isdigit() and hmac.compare_digest(ticket, self._ticket(item, int(expires)))
        if not genuine or int(expires) < self._site.clock.now():
            raise GraphError(401, "unauthenticated", "The download address is not valid any more.")
        return item


async def serve(request: web.Request, contents: Contents, item: Item) -> web.StreamResponse:
    """The bytes, or the one range asked for (RFC 9110); several ranges are answered with the whole, as allowed."""
    start, stop, status = 0, item.size, 200
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{item.id},{item.version}"'}
    if found := _RANGE.fullmatch(request.headers.get("Range", "")):
        start, stop, status = int(found[1]), min(int(found[2] or item.size) + 1, item.size), 206
        if start >= item.size or stop <= start:
            headers["Content-Range"] = f"bytes */{item.size}"
            raise GraphError(416, "invalidRange", "The file has no such bytes.", headers=headers)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{item.size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = "application/octet-stream"
    response.content_length = stop - start
    await response.prepare(request)
    async for piece in contents.read(item.content, start, stop):
        await response.write(piece)
    await response.write_eof()
    return response
