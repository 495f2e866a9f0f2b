"""What the source changed in rows that somebody edited at the target since: what goes in, and what people decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activities.files import left_behind, receipts_of
from activities.toolbox import Toolbox
from activities.tracing import rows_from
from shared.delta import three_way
from shared.journal.entries import MERGED, Entry
from shared.loading.batches import EDITED, KEPT, Weigh
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from shared.runs.model import Run
from shared.staging import layout


@dataclass(frozen=True, slots=True)
class Left(Entry):
    """An entry that an earlier generation left; ``shard`` is where the record lies that its row was written from."""

    shard: str = ""


async def left_before(tools: Toolbox, run: Run, name: str, ids: Collection[str], *, generation: str) -> dict[str, Left]:
    """The entries that earlier generations of this run left for these rows: first before-value, last version."""
    left: dict[str, Left] = {}
    journal, before = await tools.journal(run.id), layout.order_of(generation)
    lanes = [lane for lane in await tools.runs.lanes(run.id, "load") if lane.object == name]
    for lane in sorted(lanes, key=lambda lane: layout.order_of(lane.generation)):
        if layout.order_of(lane.generation) >= before:
            continue
        for page in await journal.pages_with(layout.journal_lane(lane.generation, lane.object, lane.lane), ids):
            for entry in page.open:  # what was put back since is not ours any more
                if entry.id in ids and entry.version:
                    first = left.get(entry.id, entry)
                    left[entry.id] = Left(entry.id, first.before, entry.version, page.shard)
    receipts = await receipts_of(tools, run, name, left)
    return {id_: replace(entry, version=left_behind(entry, receipts.get(id_)).version) for id_, entry in left.items()}


async def weigh(
    tools: Toolbox,
    run: Run,
    object_map: ObjectMap,
    left: Mapping[str, Left],
    edited: Mapping[str, str],
    *,
    generation: str,
) -> Weigh | None:
    """How ``edited`` rows (with the ids of their records) go together with what the source says now: by what was
    written into them the last time, and by what a person decided about this ``generation``. A row of which that is not
    known any more is left alone."""
    shards: dict[str, set[str]] = {}
    for id_ in edited:
        if id_ in left:
            shards.setdefault(left[id_].shard, set()).add(id_)
    then: dict[str, Row] = {}
    for shard, ids in sorted(shards.items()):
        then |= {id_: row for id_, (row, _) in (await rows_from(tools, run, object_map, shard, ids)).items()}
    disputed: dict[str, tuple[str, ...]] = {}
    for id_ in then:
        aside = await tools.runs.aside_of(run.id, object_map.object, edited[id_])
        disputed[id_] = three_way.read(aside[1]).disputed if aside and aside[0] == EDITED else ()

    decided = _decided(run, object_map.object, generation)

    def judged(row: Row, there: Mapping[str, Any]) -> three_way.Merge | None:
        if row.id not in then:
            return None
        taken = decided.get(edited[row.id], {})
        return three_way.merge(object_map, then[row.id], row, there, disputed=disputed[row.id], taken=taken)

    return judged if then else None


def _decided(run: Run, name: str, generation: str) -> dict[str, dict[str, str]]:
    """What a person decided about fields in dispute: by source id, then by column, whose value it is to be. It holds
    for the generation that carries it out: who changes such a field later disputes it again."""
    choices: dict[str, dict[str, str]] = {}
    mine = run.repair is not None and run.repaired_by.partition(":")[2] == generation
    for one in run.repair.get("fields", ()) if run.repair and mine else ():
        if one["object"] == name:
            choices.setdefault(one["source"], {})[one["column"]] = one["take"]
    return choices


async def merged_rows(tools: Toolbox, run: Run, name: str, generation: str) -> frozenset[str]:
    """The rows of one object in which a delta left a person's changes beside ours. The base brings each file for the
    first time, or finds it brought by the sample: there is nothing of anybody's to write over."""
    if generation == layout.BASE:
        return frozenset()
    journal, found = await tools.journal(run.id), set[str]()
    for lane in await tools.runs.lanes(run.id, "load"):
        if lane.object == name and lane.generation == generation:
            async for page in journal.each(layout.journal_lane(generation, name, lane.lane)):
                found |= {entry.id for entry in page.entries if entry.version == MERGED}
    return frozenset(found)


async def note_kept(tools: Toolbox, run: Run, object_map: ObjectMap, merged: Mapping[str, three_way.Merge]) -> None:
    """Keep in mind which fields are not what the source says because of a person; forget what is settled."""
    kept = {source_id: (KEPT, one.spelled()) for source_id, one in merged.items() if one.kept}
    await tools.runs.put_asides(run.id, object_map.object, kept)
    for source_id in merged.keys() - kept.keys():
        await tools.runs.drop_aside(run.id, object_map.object, source_id)
