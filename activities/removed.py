"""The records whose rows a person had taken out of the target, because the source has them no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.runs.model import Run
from shared.staging import layout


def _path(run: Run, generation: str, name: str) -> str:
    return f"{run.id}/removed/{generation}/{name}"


async def note(tools: Toolbox, run: Run, generation: str, name: str, page: int, went: Mapping[str, str]) -> None:
    """Keep which records of an object one page of a removal took out, by id with the rule that says why. One lane
    writes each object, and the same page again says the same."""
    kept = await tools.staging.find_bytes(_path(run, generation, name))
    pages: dict[str, dict[str, str]] = orjson.loads(kept) if kept else {}
    pages[str(page)] = dict(went)
    await tools.staging.write_bytes(_path(run, generation, name), orjson.dumps(pages))


async def of_object(tools: Toolbox, run: Run, name: str, source: str) -> dict[str, str]:
    """The records of an object that have no row any more, by id with the rule that says why. One that came back, and
    was staged again since, is none of them."""
    found: dict[str, str] = {}
    for generation in map(layout.delta, range(1, run.generation + 1)) if run.removals else ():
        if generation in run.removals:
            kept = await tools.staging.find_bytes(_path(run, generation, name))
            for went in (orjson.loads(kept) if kept else {}).values():
                found |= went
        for address in await tools.runs.shards(run.id, generation, source) if found else ():
            if generation not in run.removals:
                staged = await tools.staging.snapshot(address)
                found = {id_: why for id_, why in found.items() if id_ not in staged}
    return found


async def records_of(tools: Toolbox, run: Run, source: str) -> set[str]:
    """The records of a source object of which no rule has a row any more."""
    lanes = [one for one in await tools.runs.lanes(run.id, "load") if one.generation in run.removals]
    names = {one.object for one in lanes if one.notes.get("source") == source}
    went = [set(await of_object(tools, run, name, source)) for name in sorted(names)]
    return set.intersection(*went) if went else set()


async def told(tools: Toolbox, run: Run) -> dict[str, dict[str, Any]]:
    """What each removal did, by generation and object: how many rows went, and why others stayed."""
    found: dict[str, dict[str, Any]] = {}
    for lane in await tools.runs.lanes(run.id, "load"):
        if lane.generation in run.removals and lane.notes:
            said = {"removed": int(lane.notes["removed"]), "held": dict(sorted(lane.reasons.items()))}
            found.setdefault(lane.generation, {})[lane.object] = {**said, "listed": lane.notes["listed"]}
    return found
