"""A stream of bytes cut into blocks as Dataverse takes them: all but the last of one size, with ids of one length."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import orjson

Read = Callable[[], AsyncIterator[bytes]]
"""Gives a file's bytes from their beginning, in pieces of any size; called again for another try."""

SIZE = 3 * 1024 * 1024
"""Bytes in one block: Dataverse takes less than four megabytes (0x80090008), and a quarter goes to Base64."""


async def cut(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes in blocks; none of an empty file. The source is closed at the end, or when we are."""
    held = bytearray()
    try:
        async for piece in pieces:
            held += piece
            while len(held) >= SIZE:
                yield bytes(memoryview(held)[:SIZE])
                del held[:SIZE]
        if held:
            yield bytes(held)
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


def block_id(number: int) -> str:
    """The id of a block: Base64 of ten digits, for all must have one length."""
    return base64.b64encode(f"{number:010d}".encode()).decode()


def block_body(name: str, token: str, block: bytes) -> bytes:
    """The words that bring one block. Put together by hand: for a text of four megabytes, orjson takes sixty-four."""
    words = orjson.dumps({"BlockId": name, "FileContinuationToken": token})
    return b"".join((words[:-1], b',"BlockData":"', base64.b64encode(block), b'"}'))


def block_data(body: bytes) -> bytes:
    """The bytes of one block out of its answer, read without orjson for the same reason. ValueError without any."""
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("Data"), str):
        raise ValueError("a block without Data")
    return base64.b64decode(found["Data"], validate=True)
