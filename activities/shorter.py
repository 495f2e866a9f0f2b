"""Parts of a long note that it has no more: when it comes shorter, the rows of its last parts go, in the same batch.

Such a row holds what the source says no more, and nobody but us ever made it. One that somebody edited stays, and the
note is left to a person like any other row where both sides changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from activities.merging import Left, left_before
from activities.toolbox import Toolbox
from shared.dataverse.client import Dataverse
from shared.delta.removal import Removal, judge
from shared.loading.batches import EDITED, ETAG
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run

NOTES = "notes"
Beyond = Mapping[str, tuple[str, ...]]
"""Rows of parts that a note has no more, by the note's id."""


async def beyond(
    tools: Toolbox, run: Run, object_map: ObjectMap, records: Sequence[Mapping[str, Any]], *, generation: str
) -> tuple[dict[str, tuple[str, ...]], dict[str, Left]]:
    """Those of a delta's notes, and how earlier generations left all parts' rows, those that stay too."""
    parts = {str(record["id"]): _count(object_map, record) for record in records}
    ids = {object_map.row_id({"id": note}, n) for note, count in parts.items() for n in range(1, count + 1)}
    left = await left_before(tools, run, object_map.object, ids, generation=generation)
    found: dict[str, tuple[str, ...]] = {}
    further = {note: count + 1 for note, count in parts.items() if count}
    while further:
        rows = {note: object_map.row_id({"id": note}, n) for note, n in further.items()}
        there = await left_before(tools, run, object_map.object, set(rows.values()), generation=generation)
        left |= there
        further = {note: n + 1 for note, n in further.items() if rows[note] in there}
        found |= {note: (*found.get(note, ()), rows[note]) for note in further}
    return found, left


def _count(object_map: ObjectMap, record: Mapping[str, Any]) -> int:
    """How many parts a note has now. None where it does not go any more: that is another decision."""
    rows = object_map.rows(record)
    return len(rows) if isinstance(rows, list) else 0


def judged(
    rows: Iterable[str], present: Mapping[str, Mapping[str, Any]], left: Mapping[str, Left], *, number: int,
    overwrites: bool,
) -> Removal:  # fmt: skip
    """Which of these rows go. ``overwrites``: a person decided that those go too that somebody edited."""
    if overwrites:
        left = {id_: replace(left[id_], version=str(present[id_][ETAG])) for id_ in rows if id_ in present}
    return judge(rows, present, left=left, number=number)


async def take_out(target: Dataverse, object_map: ObjectMap, removal: Removal) -> Removal:
    """Delete them, each in the version that was judged; those that could not go are held."""
    if not removal.deletes:
        return removal
    results = await target.delete(object_map.table, list(removal.deletes.items()))
    return removal.holding({one.id: one.reason or EDITED for one in results if not one.ok})
