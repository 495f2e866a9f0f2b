"""The files of a part that goes back alone: each goes where its row has gone, and stays where its row stays.

The way back and its rehearsal walk the same receipts; the one acts, the other takes rows for gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from activities import auditing
from activities.files import MOST_LISTED, policy_of
from activities.library import Library
from activities.link import maps_left
from activities.toolbox import Toolbox
from activities.undo_files import in_library
from shared.attachments.receipts import Receipt, ReceiptState
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed_all
from shared.loading.waves import of_turn
from shared.runs.model import LaneProgress, Run
from shared.runs.parts import Part
from shared.wire.payloads import About, Progress

AT_A_TIME = 25
FOLDERS = "folders:"
STEP = "undo_part"


def _nothing_went(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Walk:
    """One look at the files of a part. ``went``: whether a row is to be taken for gone; ``acts``: whether anything is
    done about what is found."""

    tools: Toolbox
    run: Run
    part: Part
    library: Library | None
    went: Callable[[str], bool] = _nothing_went
    acts: bool = True

    @classmethod
    async def of(cls, tools: Toolbox, run: Run, part: Part) -> Walk:
        """The walk that acts."""
        policy = await policy_of(tools, run)
        return cls(tools, run, part, Library(tools, run, policy) if policy.site_url else None)

    async def next(self, lane: LaneProgress) -> LaneProgress:
        """The next receipts, then the next folders; done when there are no more."""
        lane = replace(lane, notes={"held": 0, "deleted": 0, "listed": [], "replaced": {}, **lane.notes})
        return await (self._folders if lane.cursor.startswith(FOLDERS) else self._files)(lane)

    async def _files(self, lane: LaneProgress) -> LaneProgress:
        some: list[Receipt] = []
        cursor = FOLDERS
        async for receipt in self.tools.receipts.each(self.run.id, after=lane.cursor):
            if len(some) == AT_A_TIME:
                cursor = lane.cursor
                break
            if self._is_ours(receipt):
                some.append(receipt)
            lane = replace(lane, cursor=receipt.row)
        for receipt in await self._without_row(some):
            lane = await self._file(lane, receipt)
        return replace(lane, cursor=cursor)

    def _is_ours(self, receipt: Receipt) -> bool:
        return receipt.object in self.part.objects and receipt.state is not ReceiptState.UNDONE

    async def _without_row(self, some: Sequence[Receipt]) -> list[Receipt]:
        maps, there = await maps_left(self.tools, self.run), set[str]()
        for name in {receipt.object for receipt in some}:
            rows = [receipt.row for receipt in some if receipt.object == name]
            table = maps[name].table
            there |= set(await self.tools.target_of(self.run).rows(table, rows, select=[table.primary_id]))
        return [receipt for receipt in some if receipt.row not in there or self.went(receipt.row)]

    async def _file(self, lane: LaneProgress, receipt: Receipt) -> LaneProgress:
        stays = ""
        if self.library and in_library(receipt):
            if self.acts:
                stays = await self.library.take_out(receipt)
            elif await self.library.stays(receipt):
                stays = "edited-since"
            lane = _counted(lane, receipt, stays)
        if self.acts and not stays:
            await self._tell(lane, "files-undone", receipt.row)
            undone = replace(receipt, state=ReceiptState.UNDONE, session="", item="", quick_xor="")
            await self.tools.receipts.put(self.run.id, replace(undone, old_item="", old_quick_xor=""))
        return lane

    async def _folders(self, lane: LaneProgress) -> LaneProgress:
        """The next folders of contacts none of whose files is left."""
        if self.library is None:
            return replace(lane, done=True)
        made, stay, ours = await self._by_contact(lane)
        todo = [one for one in sorted(made) if one not in stay and one > lane.cursor.removeprefix(FOLDERS)]
        for contact in todo[:AT_A_TIME]:
            lane = await self._folder(lane, contact, made_folder=made[contact], ours=ours[contact])
        more = len(todo) > AT_A_TIME
        if self.acts and made and not stay and not more:
            await self.library.forget()
        return replace(lane, done=not more, cursor=f"{FOLDERS}{todo[AT_A_TIME - 1]}" if more else lane.cursor)

    async def _by_contact(self, lane: LaneProgress) -> tuple[dict[str, bool], set[str], Counter[str]]:
        """Each contact with files in the library, and whether its folder is ours; those some of whose files stay; and
        how many are still to go."""
        made: dict[str, bool] = {}
        kept: list[Receipt] = []
        async for receipt in self.tools.receipts.each(self.run.id):
            if receipt.contact and in_library(receipt):
                made[receipt.contact] = made.get(receipt.contact, False) or receipt.made_folder
                if receipt.state is not ReceiptState.UNDONE:
                    kept.append(receipt)
        go = [] if self.acts else await self._without_row([receipt for receipt in kept if self._is_ours(receipt)])
        going = {receipt.row for receipt in go}
        stay = {receipt.contact for receipt in kept if receipt.row not in going} | set(lane.notes["replaced"])
        return made, stay, Counter(receipt.contact for receipt in go if receipt.item)

    async def _folder(self, lane: LaneProgress, contact: str, *, made_folder: bool, ours: int) -> LaneProgress:
        assert self.library is not None
        stays = ""
        if self.acts:
            stays = await self.library.clear(contact, made_folder=made_folder)
            await self._tell(lane, "folders-undone", contact)
        elif made_folder and await self.library.others_in(contact, ours):
            stays = "still-used"
        return _held(lane, contact, stays) if stays else lane

    async def _tell(self, lane: LaneProgress, kind: str, id_: str) -> None:
        (row,) = keyed_all(self.run.audit_key, [id_])
        facts = {"mark": f"{kind}/{row}", "undone": 1, "held": 0, "rows": [row]}
        await self.tools.audit.add(self.run.id, Event(kind, APP, facts), chain=auditing.chain_of(lane))


def _counted(lane: LaneProgress, receipt: Receipt, stays: str) -> LaneProgress:
    if not stays:
        return replace(lane, notes={**lane.notes, "deleted": lane.notes["deleted"] + 1})
    replaced = Counter(lane.notes["replaced"])
    replaced[receipt.contact] += 1
    return _held(replace(lane, notes={**lane.notes, "replaced": dict(replaced)}), receipt.attachment, stays)


def _held(lane: LaneProgress, what: str, why: str) -> LaneProgress:
    listed = [*lane.notes["listed"], ["sharepoint", what, why]][:MOST_LISTED]
    return replace(lane, notes={**lane.notes, "held": lane.notes["held"] + 1, "listed": listed})


async def undo_part_files(tools: Toolbox, about: About) -> Progress:
    """Take away the next files of the part that goes back. Nothing once the whole run has overtaken it."""
    run = await tools.run(about.run)
    if run.part is None:
        return Progress()
    lane = await tools.runs.lane(run.id, STEP, of_turn("files", run.part.number), "files", 0)
    if lane.done:
        return Progress()
    lane = await (await Walk.of(tools, run, run.part)).next(lane)
    if lane.done:
        await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=not lane.done)
