"""What can be said of a file's bytes without having them: which part an answer holds, and why one cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.corepractice.answers import malformed
from shared.errors import Stop

_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_NO_PART = re.compile(r"bytes \*/(\d{1,18})", re.ASCII)
_FROM_THE_BEGINNING = "Read it again from its beginning."
_OK, _PARTIAL, _BEYOND = 200, 206, 416


@dataclass(frozen=True, slots=True)
class Part:
    """What an answer's headers say: the whole file's ``size``, and from which byte on its body is."""

    start: int
    size: int | None
    content_type: str | None
    version: str | None
    is_empty: bool = False


def part(status: int, headers: Mapping[str, str], asked: int) -> Part:
    """The part that an answer holds when the bytes from ``asked`` on were asked for (RFC 9110, section 14).

    A source may give the whole file all the same. Raises Stop when the answer cannot be put together with what was
    read before. ``headers`` are looked up by their names in lower case.
    """
    content_type, version = headers.get("content-type"), headers.get("etag")
    if headers.get("content-encoding", "identity") != "identity":
        raise malformed("a file is compressed though that was not asked for")
    if status == _BEYOND:
        found = _NO_PART.fullmatch(headers.get("content-range", ""))
        size = int(found[1]) if found else None
        if size != asked:
            raise beyond_the_end(asked, size)
        return Part(asked, size, None, version, is_empty=True)
    if status == _PARTIAL:
        found = _PART.fullmatch(headers.get("content-range", ""))
        if found is None or int(found[1]) != asked or (found[3] != "*" and int(found[2]) + 1 != int(found[3])):
            raise malformed("it gives another part of a file than was asked for")
        return Part(asked, int(found[2]) + 1, content_type, version)
    length = headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() else None
    if size is not None and size < asked:
        raise beyond_the_end(asked, size)
    return Part(0, size, content_type, version)


def changed() -> Stop:
    """A file is another than the one whose reading was to go on."""
    return Stop("file-changed", "A file of the source has changed while it was being read.", remedy=_FROM_THE_BEGINNING)


def beyond_the_end(start: int, size: int | None) -> Stop:
    """A reading was to go on behind the end of a file."""
    end = "its end" if size is None else f"its end at {size}"
    return Stop(
        "file-changed",
        f"A file of the source was to be read from byte {start} on, which is beyond {end}.",
        remedy=_FROM_THE_BEGINNING,
    )
