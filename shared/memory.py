"""What the C library keeps of the memory that was given back to it."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Of malloc.h."""
ARENAS = 2
LARGE = 1 << 20
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
