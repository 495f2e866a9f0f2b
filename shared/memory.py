"""What libraries keep of memory that nobody needs any more, and how they are made to give it back."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import orjson

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of malloc.h."""
ARENAS = 2
LARGE = 1 << 17
"""Bytes. What is as large comes from the system and goes back to it: shards, and bodies of requests and answers."""


def give_back() -> None:
    """Have what is no longer used given back to the system: an instance of Azure Functions is paid by its size.

    Left alone, glibc makes up to eight arenas for each core, so that what one thread has given back lies there while
    another asks for more; and it learns from large blocks that were freed to keep the next ones, up to 32 MB each.
    Only what is allocated later is affected, so it is for the app's first line.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has none, and no arenas
        if mallopt is not None:
            mallopt(M_ARENA_MAX, ARENAS)
            mallopt(M_MMAP_THRESHOLD, LARGE)
            mallopt(M_TRIM_THRESHOLD, 16 * LARGE)


def trim() -> None:
    """Give back now what lies free between what is used, which glibc keeps by itself. For the end of a piece of work:
    it takes a millisecond, and five to ten where there are tens of megabytes to give."""
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim is not None:
            malloc_trim(0)


def lasting_json(value: Any) -> bytes:
    """``orjson.dumps`` for what lies in memory a while, in as many bytes as it has.

    What orjson itself answers keeps all of the buffer that it wrote into, four to sixteen thousand bytes for a record
    of some hundred: its call to shrink it does nothing (home-assistant/core#181245 tells why).
    """
    return bytes(memoryview(orjson.dumps(value)))
