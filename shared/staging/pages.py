"""Records as bytes and back: one JSON object a line, compressed with zstd, with zstd's own checksum.

Equal records in equal order give equal bytes, so a shard that is written again after a crash is the same blob.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import zstandard

LEVEL = 3
LARGEST = 1 << 30
"""Bytes that one shard may expand to. Ours hold a few thousand records; anything near this was not written by us."""

_HEADER = 18
"""Bytes of zstd's longest frame header."""
_PIECE = 1 << 14


class Damaged(ValueError):
    """Bytes that are no shard, or not a whole one."""


def encode(records: Sequence[dict[str, Any]]) -> bytes:
    """A shard's bytes."""
    lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(lines)


def decode(content: bytes) -> list[dict[str, Any]]:
    """The records of a shard. Raises Damaged."""
    try:
        size = _size(content)
        lines = zstandard.ZstdDecompressor().decompress(content, allow_extra_data=False)
        if len(lines) != size:
            raise Damaged("the shard ends too early")
        return [orjson.loads(line) for line in lines.splitlines()]
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise Damaged("the shard cannot be read") from error


def iter_decode(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The records of a shard that arrives in pieces, one piece in memory at a time. Raises Damaged, at the end at the
    latest: what came before a fault has been given out by then."""
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    size, seen, rest = -1, 0, b""
    try:
        for piece in _pieces(chunks):
            size = _size(piece) if size < 0 else size
            plain = unpacker.decompress(piece)
            seen += len(plain)
            *lines, rest = (rest + plain).split(b"\n")
            yield from map(orjson.loads, lines)
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise Damaged("the shard cannot be read") from error
    if rest or seen != size or unpacker.unused_data or not unpacker.eof:
        raise Damaged("the shard ends too early")


def digest(content: bytes) -> str:
    """SHA-256 of a shard's compressed bytes, in hexadecimal: what an Address carries."""
    return hashlib.sha256(content).hexdigest()


def _size(content: bytes) -> int:
    """The expanded size that the frame's header states; ``encode`` always states one."""
    size: int = zstandard.get_frame_parameters(content).content_size
    if size > LARGEST:  # also the marks for "unknown" and "not a frame", which are near 2**64
        raise Damaged("the shard expands beyond any size that is written")
    return size


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces small enough to expand in memory, the first of them with the whole header."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) >= _HEADER:
            yield from (held[start : start + _PIECE] for start in range(0, len(held), _PIECE))
            held = b""
    if held:
        yield held
