"""What a person decides about: rows that stay on the way back because somebody edited them, before, ours and theirs.

The values lie with the staged records, a blob for each page of the journal, and go when those go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from activities.judging import Judge
from activities.reading import present
from activities.toolbox import Toolbox
from activities.tracing import rows_from
from shared.diff.compare import compare
from shared.journal.entries import Page
from shared.journal.tally import Tally
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row

EDITED = "edited-since"
MOST_PLACES = 20
"""How many pages of a lane are written down with their values; all held rows are counted and listed by id."""


def place(judge: Judge, page: Page, *, step: str, turn: int) -> str:
    """Where the held rows of a page lie in the container ``staging``."""
    return f"{judge.run.id}/held/{step}-{turn}/{page.lane.replace('|', '-')}-{page.number:08d}"


def note(tally: Tally, at: str, held: Iterable[tuple[str, str]]) -> None:
    """Note on a lane where ``write_down`` has kept a page's edited rows."""
    if len(tally.held_at) < MOST_PLACES and any(why == EDITED for _, why in held):
        tally.held_at.append(at)


async def write_down(
    judge: Judge,
    page: Page,
    held: Iterable[tuple[str, str]],
    *,
    step: str,
    turn: int,
) -> None:
    """Keep what there is to decide about a page's edited rows, should it have any."""
    edited = [id_ for id_, why in held if why == EDITED]
    there = await present(judge.target, judge.object_map, edited) if edited else {}
    if not there:
        return
    records = await rows_from(judge.tools, judge.run, judge.object_map, page.shard, set(there))
    before = {entry.id: entry.before for entry in page.entries}
    rows = [_told(judge.object_map, id_, before[id_], row, records.get(id_)) for id_, row in there.items()]
    await judge.tools.staging.write_bytes(place(judge, page, step=step, turn=turn), orjson.dumps(rows))


def _told(
    object_map: ObjectMap,
    id_: str,
    before: Mapping[str, Any] | None,
    there: Mapping[str, Any],
    ours: tuple[Row, dict[str, Any]] | None,
) -> dict[str, Any]:
    """One row: every field in which it is not as we left it; all of its fields where that is not known any more."""
    row, record = ours or (None, {})
    fields = [
        {"column": one.column, "before": _before(object_map, before, one.column), "ours": one.expected,
         "theirs": one.actual}
        for one in (compare(object_map, row, there, record) if row else ())
        if one.outcome.wrong
    ]  # fmt: skip
    return {
        "table": object_map.table.name,
        "row": id_,
        "object": object_map.object,
        "source": str(record.get("id", "")),
        "was_there_before": before is not None,
        "fields": fields,
    }


def _before(object_map: ObjectMap, before: Mapping[str, Any] | None, name: str) -> Any:
    column = object_map.by_name.get(name)
    return None if before is None else before.get(column.read if column else name)


async def rows_held(tools: Toolbox, places: Sequence[str], *, most: int) -> list[dict[str, Any]]:
    """What was written down at those places, at most so many rows."""
    rows: list[dict[str, Any]] = []
    for one in places:
        if len(rows) >= most:
            break
        rows += orjson.loads(await tools.staging.read_bytes(one))
    return rows[:most]
