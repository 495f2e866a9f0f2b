"""Rows of the target as a map compares them: with the parties of activities, which lie in a table of their own; and
reading ahead, so that neither side waits for the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeVar

from shared.dataverse.client import Dataverse
from shared.mapping.compiled import PARTIES_READ, ObjectMap
from shared.mapping.composed import talk

P = TypeVar("P")
R = TypeVar("R")


async def present(target: Dataverse, object_map: ObjectMap, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of those ids that are there, with every column the map knows."""
    wanted = list(ids)
    found = await target.rows(object_map.table, wanted, select=object_map.select)
    if object_map.has_parties and found:
        parties = await target.parties(list(found))
        for id_, row in found.items():
            ours = [party for party in parties.get(id_, ()) if party[0] in talk.OURS]
            row[PARTIES_READ] = talk.written(ours)
    return found


async def versions(target: Dataverse, object_map: ObjectMap, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of those ids that are there, with no more than their version and who changed them last."""
    return await target.rows(object_map.table, ids, select=object_map.last_changed)


async def ahead(parts: Iterable[P], read: Callable[[P], Awaitable[R]]) -> AsyncIterator[tuple[P, R]]:
    """Each part with what ``read`` found for it, in turn; the next is being read meanwhile."""
    under_way: deque[tuple[P, asyncio.Task[R]]] = deque()
    try:
        for part in parts:
            under_way.append((part, asyncio.ensure_future(read(part))))
            if len(under_way) > 1:
                first, found = under_way.popleft()
                yield first, await found
        while under_way:
            first, found = under_way.popleft()
            yield first, await found
    finally:
        for _, unread in under_way:
            unread.cancel()
