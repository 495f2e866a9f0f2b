"""Several things at once, all of them to their end: what was sent is not left alone because something else failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

R = TypeVar("R")


async def together(work: Iterable[Coroutine[Any, Any, R]]) -> list[R]:
    """The results, in order. When all have ended, the first failure is raised if there was one."""
    found = await asyncio.gather(*work, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found  # type: ignore[return-value]  # no exception is left among them
