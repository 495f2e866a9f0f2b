"""One page of the journal, judged: what goes, what returns, what stays and why. The way back and its rehearsal both ask
here, so that what was foretold is what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from activities.dependents import Dependents
from activities.files import corrected, receipts_of
from activities.reading import present as rows_there
from activities.reading import versions
from activities.toolbox import Toolbox
from shared.dataverse.client import Dataverse
from shared.journal import undo as journal_undo
from shared.journal.entries import Entry, Page
from shared.mapping.compiled import ObjectMap
from shared.runs.model import LaneProgress, Run
from shared.staging import layout

STILL_USED = "still-used"


@dataclass(frozen=True, slots=True)
class Judged:
    """``deletes``: id, version. ``restores``: entry, version. ``held``: id, reason. ``already``: how many rows are as
    they were before. ``present``: the rows as they were read."""

    deletes: list[tuple[str, str]]
    restores: list[tuple[Entry, str]]
    held: list[tuple[str, str]]
    already: int
    present: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def counts(self, held: Collection[tuple[str, str]]) -> dict[str, int]:
        """Rows by action, when ``held`` ones stayed: those of this judgement, and whatever the target refused."""
        stayed = dict(held)
        return {
            "deleted": sum(id_ not in stayed for id_, _ in self.deletes),
            "restored": sum(entry.id not in stayed for entry, _ in self.restores),
            "already": self.already,
        }


def _nothing_went(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the pages of one object. ``us`` are the users the app writes as."""

    tools: Toolbox
    run: Run
    target: Dataverse
    object_map: ObjectMap
    dependents: Dependents
    us: Sequence[str]
    lanes: Sequence[LaneProgress]

    @classmethod
    async def of(cls, tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], name: str) -> Judge:
        """The judge of one object, who has looked at what may hang on its rows."""
        target = tools.target_of(run)
        us = await target.ours()
        dependents = await Dependents.of(target, maps[name].table, maps.values(), us=us)
        lanes = [lane for lane in await tools.runs.lanes(run.id, "load") if lane.object == name]
        return cls(tools, run, target, maps[name], dependents, us, lanes)

    async def judge(self, page: Page, *, went: Callable[[str], bool] = _nothing_went, whole: bool = False) -> Judged:
        """What undoing a page takes. ``went``: whether a row is to be taken for gone, or as it was, though it is not
        yet: a rehearsal changes nothing. ``whole``: read every column, also where versions are enough to judge by."""
        page = replace(page, entries=page.open)
        ids = [entry.id for entry in page.entries]
        receipts = await receipts_of(self.tools, self.run, self.object_map.object, ids)
        page = corrected(page, receipts)
        open_ = replace(page, entries=tuple(entry for entry in page.entries if not went(entry.id)))
        read = rows_there if whole or any(entry.before for entry in open_.entries) else versions
        present = await read(self.target, self.object_map, [entry.id for entry in open_.entries])
        todo = journal_undo.decide(open_, present, us=self.us, released=self._released)
        used = await self.dependents.used([id_ for id_, _ in todo.deletes], goes=went) if todo.deletes else set()
        held = [*todo.held, *((id_, STILL_USED) for id_ in sorted(used))]
        counted = await self._held_before(page, [id_ for id_, _ in held])
        held = [one for one in held if one[0] not in counted]
        deletes = [(id_, version) for id_, version in todo.deletes if id_ not in used]
        already = todo.done + len(page.entries) - len(open_.entries) + len(counted)
        return Judged(deletes, todo.restores, held, already, present)

    async def _held_before(self, page: Page, rows: Sequence[str]) -> set[str]:
        """Those of the held rows that a later generation wrote as well: its page has held them already."""
        generation = page.lane.split("|")[1]
        later = [lane for lane in self.lanes if layout.order_of(lane.generation) > layout.order_of(generation)]
        journal, found = await self.tools.journal(self.run.id), set()
        for row in rows if later else ():
            for lane in later:
                if await journal.holding(layout.journal_lane(lane.generation, lane.object, lane.lane), row):
                    found.add(row)
                    break
        return found

    def _released(self, row: str) -> bool:
        """Whether a person said that a row may go, or return to what it was, although somebody edited it."""
        said = self.run.release or {}
        return row in said.get("rows", ()) or self.object_map.table.name in said.get("tables", ())
