"""Put the conservation equation together: the source's counts, the extraction's, and what the proof saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activities import documents
from activities.counting import counted
from activities.erased import Erased
from activities.proof import each_lane
from activities.reconcile import latest
from activities.toolbox import Toolbox
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import DERIVED
from shared.reconcile.conservation import Account, Cells, Equation, pour, siblings, totals
from shared.runs.model import Run


async def publish_conservation(
    tools: Toolbox, run: Run, turn: int, maps: Mapping[str, ObjectMap], gone: Erased
) -> dict[str, Any]:
    """Publish the document ``conservation``; whether it holds, and how much is broken, for the verdict. Records that
    were ``gone`` before the proof, because somebody was erased, are excluded."""
    listed = (await documents.need(tools, run.id, "inventory"))["objects"]
    equation = Equation()
    for name, objects in readings(maps).items():
        source = maps[objects[0]].source
        staged, beside = await counted(tools, run.id, source)
        from_lists = sum(staged.values())
        for at, count in beside.items():
            staged[at] = staged.get(at, 0) + count
        base, later = await _seen(tools, run, turn, objects)
        pour(base, gone.cells.get(source, {}))
        account = Account(
            source=None if source not in listed else int(listed[source]["records"]),
            listed=from_lists,
            # What was derived from other records was never extracted: it counts as it is read.
            extracted=totals(base) if source in DERIVED else staged,
            base=base,
            later=later,
            brought=len(await latest(tools, run, source)),
        )
        equation.add(name, account)
    body = equation.document()
    await documents.publish(tools, run.id, "conservation", body)
    return {"holds": body["holds"], "broken": body["broken"][:20]}


async def _seen(tools: Toolbox, run: Run, turn: int, objects: Sequence[str]) -> tuple[Cells, Cells]:
    """What the proof saw of a source's records, of the first extraction and of the deltas, part by part."""
    base: Cells = {}
    later: Cells = {}
    of_first: tuple[Cells, Cells] = ({}, {})
    async for lane, proof in each_lane(tools, run, turn, of=objects):
        late = not lane.generation.startswith("base")
        async for cells in proof.each_cells(tools):
            pour(later if late else base, cells)
            if len(objects) > 1 and lane.object == objects[0]:
                pour(of_first[late], cells)
    if len(objects) == 1:
        return base, later
    return siblings(base, of_first[False]), siblings(later, of_first[True])


def readings(maps: Mapping[str, ObjectMap]) -> dict[str, list[str]]:
    """The rules whose records have to add up, together where they share a source's records among them."""
    shared = {one.source for one in maps.values() if one.rule.only} | {"attachments"}
    found: dict[str, list[str]] = {}
    for name, one in maps.items():
        found.setdefault(one.source if one.source in shared else name, []).append(name)
    return found
