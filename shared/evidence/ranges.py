"""Which stretch of a pack an HTTP header ``Range`` asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


class Unsatisfiable(Exception):
    """The bytes that are asked for are not there."""


def stretch(asked: str, size: int, *, most: int) -> tuple[int, int] | None:
    """Where it starts and how long it is, at most ``most`` bytes: a server may answer with less than was asked for.

    None when the whole is asked for, also by what is no range of bytes or several at once: those may be ignored.
    Raises Unsatisfiable.
    """
    found = _ONE.fullmatch(asked.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        first, last = str(max(size - int(last), 0)), ""
    start, end = int(first), min(int(last or size - 1), size - 1)
    if last and int(last) < int(first):
        return None
    if start > end:
        raise Unsatisfiable
    return start, min(end - start + 1, most)
