"""Answers that a client gets late, in part, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

TRICKLE_PIECES = 20
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing throws away what waits to be sent, and resets the connection."""


def hang_up(request: web.Request) -> web.Response:
    """Cut the connection; the answer returned is never seen, aiohttp only needs one to end the request."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


async def trickle(request: web.Request, body: bytes, answer: web.Response, seconds: float) -> web.StreamResponse:
    """The answer in pieces, over so many seconds."""
    slow = await _begun(request, body, answer)
    size = max(1, -(-len(body) // TRICKLE_PIECES))
    for start in range(0, len(body), size):
        await slow.write(body[start : start + size])
        await asyncio.sleep(seconds / TRICKLE_PIECES)
    await slow.write_eof()
    return slow


async def break_off(request: web.Request, body: bytes, answer: web.Response, silence: float) -> web.StreamResponse:
    """Half an answer, or nothing of one without a body; after so many seconds of silence a reset."""
    half = await _begun(request, body, answer) if body else None
    if half is not None:
        await half.write(body[: len(body) // 2])
    await asyncio.sleep(silence)
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    nothing = hang_up(request)
    return nothing if half is None else half


async def _begun(request: web.Request, body: bytes, answer: web.Response) -> web.StreamResponse:
    begun = web.StreamResponse(status=answer.status, headers=answer.headers)
    begun.content_length = len(body)
    await begun.prepare(request)
    return begun
