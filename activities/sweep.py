"""Look through a table for rows of this run that nobody expected: what the comparison by id cannot see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from activities.link import object_maps
from activities.proof import folder, turn_of
from activities.toolbox import Toolbox
from shared.mapping.compiled import NUMBER
from shared.reconcile.sketch import Sketch
from shared.runs.model import Run
from shared.wire.payloads import Progress, Slice

SECONDS_AT_A_TIME = 45.0


@dataclass(slots=True)
class Swept:
    """One table as far as it was looked through: a summary of the ids that bear the run's number, the place to go on
    from, and at the end how many rows somebody else made since the run began."""

    there: Sketch = field(default_factory=Sketch)
    link: str = ""
    done: bool = False
    others: int = 0


async def sweep(tools: Toolbox, slice_: Slice) -> Progress:
    """Read the next pages of ids of a table; ``object`` is its name."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    swept = await found_in(tools, run, turn_of(slice_.generation), slice_.object)
    target = tools.target_of(run)
    maps = (await object_maps(tools, run)).values()
    table = next(object_map.table for object_map in maps if object_map.table.name == slice_.object)
    deadline = time.monotonic() + SECONDS_AT_A_TIME
    while not swept.done:
        ours = f"{NUMBER} eq {run.number}"
        rows, swept.link = await target.page(table, select=[], filter=ours, link=swept.link)
        swept.there.add_all(str(row[table.primary_id]) for row in rows)
        swept.done = not swept.link
        if swept.done:
            since = run.registered_at.replace("+00:00", "Z")
            others = " and ".join(f"_createdby_value ne {us}" for us in await target.ours())
            # Rows that were made in another user's name are ours all the same: they bear the run's number.
            theirs = f"({NUMBER} ne {run.number} or {NUMBER} eq null)"
            swept.others = await target.count(table, f"createdon ge {since} and {others} and {theirs}")
        if swept.done or time.monotonic() > deadline:
            await tools.staging.write_bytes(_path(run, slice_), orjson.dumps(_body(swept)))
            break
    await tools.runs.put_lane(run.id, replace(lane, done=swept.done))
    return Progress(more=not swept.done)


async def found_in(tools: Toolbox, run: Run, turn: int, table: str) -> Swept:
    """What was found in a table so far."""
    kept = await tools.staging.find_bytes(f"{folder(run.id, turn)}/sweep-{table}")
    if kept is None:
        return Swept()
    body: Mapping[str, Any] = orjson.loads(kept)
    return Swept(Sketch.of(body["there"]), body["link"], body["done"], body["others"])


def _path(run: Run, slice_: Slice) -> str:
    return f"{folder(run.id, turn_of(slice_.generation))}/sweep-{slice_.object}"


def _body(swept: Swept) -> dict[str, Any]:
    return {"there": swept.there.state(), "link": swept.link, "done": swept.done, "others": swept.others}
