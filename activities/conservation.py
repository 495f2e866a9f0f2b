"""Put the conservation equation together: the source's counts, the extraction's, and what the proof saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activities import documents
from activities.counting import counted
from activities.erased import Erased
from activities.proof import LaneProof
from activities.reconcile import latest
from activities.toolbox import Toolbox
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import DERIVED
from shared.reconcile.conservation import Account, Cells, Equation, merged, siblings
from shared.runs.model import LaneProgress, Run

Lanes = Sequence[tuple[LaneProgress, LaneProof]]


async def publish_conservation(
    tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], lanes: Lanes, gone: Erased
) -> dict[str, Any]:
    """Publish the document ``conservation``; whether it holds, and how much is broken, for the verdict. Records that
    were ``gone`` before the proof, because somebody was erased, are excluded."""
    listed = (await documents.need(tools, run.id, "inventory"))["objects"]
    equation = Equation()
    for name, objects in readings(maps).items():
        source = maps[objects[0]].source
        extracted, beside = await counted(tools, run.id, source)
        base = [_of(lanes, one, "base") for one in objects]
        later = [_of(lanes, one, "deltas") for one in objects]
        several = len(objects) > 1
        account = Account(
            source=None if source not in listed else int(listed[source]["records"]),
            listed=sum(extracted.values()),
            # What was derived from other records was never extracted: it counts as it is read.
            extracted=_totals(base[0]) if source in DERIVED else _totals(merged([_one(extracted), _one(beside)])),
            base=merged([siblings(base, base[0]) if several else base[0], gone.cells.get(source, {})]),
            later=siblings(later, later[0]) if several else later[0],
            brought=len(await latest(tools, run, source)),
        )
        equation.add(name, account)
    body = equation.document()
    await documents.publish(tools, run.id, "conservation", body)
    return {"holds": body["holds"], "broken": body["broken"][:20]}


def readings(maps: Mapping[str, ObjectMap]) -> dict[str, list[str]]:
    """The rules whose records have to add up, together where they share a source's records among them."""
    shared = {one.source for one in maps.values() if one.rule.only} | {"attachments"}
    found: dict[str, list[str]] = {}
    for name, one in maps.items():
        found.setdefault(one.source if one.source in shared else name, []).append(name)
    return found


def _of(lanes: Lanes, name: str, generation: str) -> Cells:
    return merged(
        proof.cells for lane, proof in lanes if lane.object == name and lane.generation.startswith(generation)
    )


def _totals(cells: Cells) -> dict[str, int]:
    return {at: sum(buckets.values()) for at, buckets in cells.items()}


def _one(counts: Mapping[str, int]) -> Cells:
    return {at: {"staged": count} for at, count in counts.items()}
