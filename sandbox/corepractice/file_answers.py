"""Files over HTTP: type, name, tag and single ranges, the large ones streamed piece by piece."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from sandbox.corepractice.files import PIECE, StoredFile


class Refused(Exception):
    """A request for a file that cannot be answered; the message is for the caller."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


async def answer(request: web.Request, stored: StoredFile) -> web.StreamResponse:
    """All of the file, the range asked for, or 304. Raises Refused."""
    etag = f'"{stored.etag}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    headers = {
        "Content-Type": stored.content_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name, safe='')}",
        "ETag": etag,
        "Accept-Ranges": "bytes",
    }
    if "Range" not in request.headers or request.headers.get("If-Range", etag) != etag:
        return await _send(request, stored, range(stored.size), status=200, headers=headers)
    wanted = _wanted(request, stored.size)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{stored.size}"
    return await _send(request, stored, wanted, status=206, headers=headers)


def _wanted(request: web.Request, size: int) -> range:
    if "," in request.headers["Range"]:
        raise Refused(501, "not_implemented", "One range at a time.")
    try:
        wanted = request.http_range
    except ValueError:
        message = "Range must be bytes=FROM-TO, bytes=FROM- or bytes=-LENGTH."
        raise Refused(400, "bad_request", message) from None
    start, stop, _ = wanted.indices(size)
    if start >= stop:
        raise Refused(416, "range_not_satisfiable", "Beyond the end.", **{"Content-Range": f"bytes */{size}"})
    return range(start, stop)


async def _send(
    request: web.Request, stored: StoredFile, wanted: range, *, status: int, headers: dict[str, str]
) -> web.StreamResponse:
    pieces = stored.read(wanted.start, wanted.stop)
    if len(wanted) <= PIECE:
        return web.Response(status=status, body=b"".join(pieces), headers=headers)
    stream = web.StreamResponse(status=status, headers=headers)
    stream.content_length = len(wanted)
    await stream.prepare(request)
    if request.method != "HEAD":
        for piece in pieces:
            await stream.write(piece)
    await stream.write_eof()
    return stream
