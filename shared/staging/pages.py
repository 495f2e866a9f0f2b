"""Records as bytes and back: one JSON object a line, compressed with zstd, with zstd's own checksum.

Equal records in equal order give equal bytes, so a shard that is written again after a crash is the same blob.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import orjson
import zstandard

from shared.memory import lasting_json

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
    if not isinstance(records, Records):
        given, records = records, Records()
        records.add(given)
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(records.text())


class Records(Sequence[dict[str, Any]]):
    """The records of a shard, each decoded when it is looked at, and each time anew: as JSON they take less than half
    of the memory. A part of them is such a sequence again."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._lines = list(lines)

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Some more, encoded at once."""
        self._lines += map(lasting_json, records)

    @property
    def size(self) -> int:
        """How many bytes of JSON they are."""
        return sum(map(len, self._lines))

    def parts(self, *, most: int, room: int) -> Iterator[Records]:
        """All of them in turn, so many at a time or as many as have that many bytes; one that has more is alone."""
        first = size = 0
        for at, line in enumerate(self._lines):
            if at > first and (at - first == most or size + len(line) > room):
                yield self[first:at]
                first, size = at, 0
            size += len(line)
        if self._lines:
            yield self[first:]

    def text(self) -> bytes:
        """All of them, a line each."""
        return b"".join(line + b"\n" for line in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> Records: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | Records:
        if isinstance(at, slice):
            return Records(self._lines[at])
        found: dict[str, Any] = orjson.loads(self._lines[at])
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(orjson.loads, self._lines)


def decode(content: bytes) -> Records:
    """The records of a shard. Raises Damaged, for a line that is no JSON only where it is looked at."""
    try:
        size = _size(content)
        lines = zstandard.ZstdDecompressor().decompress(content, allow_extra_data=False)
        if len(lines) != size:
            raise Damaged("the shard ends too early")
        return Records(lines.splitlines())
    except zstandard.ZstdError as error:
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
