"""Which rows may be there before a load begins: looked up once per object in a few requests, not batch by batch.

A row that nobody made yet need not be asked for before it is made, and on a fresh target that is every row. What counts
as made is a row that bears the number of any run, or that a patient was matched to; what a load itself has made since,
its journal knows.
"""

from __future__ import annotations

import asyncio
from array import array

from activities.link import object_maps
from activities.toolbox import Toolbox
from shared.mapping.compiled import NUMBER, ObjectMap
from shared.mapping.crosswalk import holds, index, united
from shared.runs.model import Run
from shared.staging import layout

AT_A_TIME = 4


class There:
    """The rows of one object that may be there; without an index any may be."""

    def __init__(self, known: array[int] | None) -> None:
        self._known = known

    def may_hold(self, row: str) -> bool:
        """Whether a row may be there: sure only where the answer is no."""
        return self._known is None or holds(self._known, row)


async def look(tools: Toolbox, run: Run, generation: str) -> None:
    """Look for the rows of every object, before the first of a base is written. A delta is about few rows, most of
    which are there: it asks for them by id."""
    if generation != layout.BASE:
        return
    maps, room = await object_maps(tools, run), asyncio.Semaphore(AT_A_TIME)

    async def one(object_map: ObjectMap) -> None:
        async with room:
            found = await _rows(tools, run, object_map)
        await tools.staging.write_bytes(_path(run, object_map.object), found.tobytes())

    await asyncio.gather(*(one(object_map) for object_map in maps.values()))


async def _rows(tools: Toolbox, run: Run, object_map: ObjectMap) -> array[int]:
    found = [index(object_map.crosswalk.matched.values())]
    target, table = tools.target_of(run), object_map.table
    async for page in target.pages(table, select=[], filter=f"{NUMBER} ne null"):
        found.append(index(str(row[table.primary_id]).lower() for row in page))
    return await asyncio.to_thread(united, found)


async def there(tools: Toolbox, run: Run, name: str, generation: str) -> There:
    """What ``look`` found for one object."""
    kept = await tools.staging.find_bytes(_path(run, name)) if generation == layout.BASE else None
    if kept is None:
        return There(None)
    known = array("Q")
    known.frombytes(kept)
    return There(known)


def _path(run: Run, name: str) -> str:
    return f"{run.id}/there/{name}"
