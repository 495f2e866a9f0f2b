"""The way back, rehearsed: the same judgement over the same journal, without a write (N5).

What earlier pages would take away is taken for gone: eight bytes a row, kept with the staged records.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from activities import components
from activities.held import note, place, write_down
from activities.judging import Judge, Judged
from activities.link import maps_left
from activities.schema import LANE
from activities.toolbox import Toolbox
from activities.undo import PAGES_AT_A_TIME, journal_lane, pages_left
from activities.undo_schema import is_ours
from activities.way_back import of_that_turn
from shared.journal.entries import Page
from shared.journal.tally import Tally
from shared.journal.went import Went, packed
from shared.runs.model import LaneProgress, Run
from shared.wire.payloads import Progress, Slice

STEP = "rehearse"
ROWS_PER_WRITE = 100


async def rehearse(tools: Toolbox, slice_: Slice) -> Progress:
    """Judge the next pages of one journal lane as the way back would come to them."""
    run = replace(await tools.run(slice_.run), release=None)
    lane = await tools.runs.lane(run.id, STEP, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    maps = await maps_left(tools, run)
    if slice_.object not in maps:
        return Progress()
    journal, began = await tools.journal(run.id), asyncio.get_running_loop().time()
    name = journal_lane(slice_)
    pages = pages_left(lane, [number for number, _ in await journal.pages(name)])
    judge = await Judge.of(tools, run, maps, slice_.object)
    rules = [] if run.rehearsing else rules_about(await journal.read(LANE), judge)
    earlier, now = await rows_that_went(tools, run), Went()
    walk = _Walk(lane, Tally.of(lane.notes), Counter(lane.notes.get("emptied", {})))
    going: list[str] = []
    for number in pages[:PAGES_AT_A_TIME]:
        page = await journal.get(name, number)
        if page is None or not page.open:
            continue
        judged = await judge.judge(page, went=lambda row: row in earlier or row in now, whole=True)
        await write_down(judge, page, judged.held, step=STEP, turn=run.rehearsals_asked)
        gone = walk.note(judge, page, judged, rules)
        now.add(packed(gone))
        going += gone
    if going:
        at = f"{run.id}/rehearsal/{run.rehearsals_asked}/{name.replace('|', '-')}-{pages[0]:08d}"
        await tools.staging.write_bytes(at, packed(going))
        walk.went.append(at)
    more = len(pages) > PAGES_AT_A_TIME
    cursor = str(pages[:PAGES_AT_A_TIME][-1]) if pages else ""
    notes = walk.notes(seconds=asyncio.get_running_loop().time() - began)
    await tools.runs.put_lane(run.id, replace(lane, notes=notes, cursor=cursor, done=not more))
    return Progress(more=more)


class _Walk:
    """What one lane's pages add up to."""

    def __init__(self, lane: LaneProgress, tally: Tally, emptied: Counter[str]) -> None:
        self.tally, self.emptied, self._before = tally, emptied, lane.notes
        self.went = list(lane.notes.get("went", ()))
        self._reads, self._writes = int(lane.notes.get("reads", 0)), int(lane.notes.get("writes", 0))

    def note(self, judge: Judge, page: Page, judged: Judged, rules: Iterable[str]) -> list[str]:
        """Count a page; the rows of it that are to be taken for gone, or for as they were."""
        self.tally.add(page.table, judged.counts(judged.held), judged.held)
        note(self.tally, place(judge, page, step=STEP, turn=judge.run.rehearsals_asked), judged.held)
        befores: dict[str, Mapping[str, Any]] = {id_: {} for id_, _ in judged.deletes}
        befores |= {entry.id: entry.before or {} for entry, _ in judged.restores}
        self.emptied[page.table] += len(judged.deletes)
        for rule in rules:
            self.emptied[f"{page.table}|{rule}"] += sum(
                matches(judged.present[id_], rule) and not matches(before, rule) for id_, before in befores.items()
            )
        self._reads += 1 + len(judge.dependents.links)
        self._writes += ceil(len(judged.deletes) / ROWS_PER_WRITE) + ceil(len(judged.restores) / ROWS_PER_WRITE)
        return list(befores)

    def notes(self, *, seconds: float) -> dict[str, Any]:
        """What the lane keeps."""
        return {
            **self.tally.notes(),
            "went": self.went,
            "emptied": dict(self.emptied),
            "reads": self._reads,
            "writes": self._writes,
            "seconds": round(float(self._before.get("seconds", 0)) + seconds, 3),
        }


def rules_about(schema: Iterable[Page], judge: Judge) -> list[str]:
    """Which rows keep a part in use that this run added to the object's table, as rules of Dataverse."""
    rules: list[str] = []
    for page in schema:
        kind, owner, *rest = page.entries[0].id.split("|")
        if owner == judge.object_map.table.name and is_ours(page) and kind in ("field", "lookup", "options"):
            rules += components.held_by(judge.object_map.table, kind, rest)
    return list(dict.fromkeys(rules))


def matches(row: Mapping[str, Any], rule: str) -> bool:
    """Whether a row is one of those that a rule of ``components.held_by`` is about."""
    column, operator, value = rule.split(" ")
    found = row.get(column)
    return found is not None if operator == "ne" else str(found) == value


async def rows_that_went(tools: Toolbox, run: Run) -> Went:
    """What the pages that were judged so far would take away. Kept in this process, and only added to."""
    key = f"{run.id}/{run.rehearsals_asked}"
    went, known = tools.went.setdefault(key, (Went(), set()))
    lanes = await tools.runs.lanes(run.id, STEP)
    paths = {path for lane in lanes if of_that_turn(lane, run.rehearsals_asked) for path in lane.notes.get("went", ())}
    for path in sorted(paths - known):
        content = await tools.staging.read_bytes(path)
        if path not in known:  # another lane may have read it meanwhile
            known.add(path)
            went.add(content)
    return went
