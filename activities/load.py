"""Load what is staged, shard by shard: the batches of one side by side, as far as the pace lets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from activities import auditing
from activities.batch import Work, work_for, write
from activities.link import object_maps
from activities.removing import remove
from activities.toolbox import Toolbox
from shared.dataverse.together import together
from shared.errors import AskPerson
from shared.runs.model import LaneProgress, Run
from shared.runs.parts import ROLLED_BACK
from shared.vocabulary import Tally
from shared.wire.payloads import Progress, Slice

PAGES_OF_A_SHARD = 10_000
FORGIVEN = 20
"""Rows a lane may set aside before their share counts: in a small clinic one bad row is a large share."""


async def load(tools: Toolbox, slice_: Slice) -> Progress:
    """Load the slice's next shard: its batches side by side, as far as the pace lets them.

    Which records make a batch is fixed by the shard, so a shard that is repeated after a crash has the same batches,
    and finds in the journal how far each of them came.
    """
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if slice_.generation in run.removals:
        return await remove(tools, run, lane)
    object_map = (await object_maps(tools, run))[slice_.object]
    shards = (await tools.runs.shards(run.id, slice_.generation, object_map.source))[slice_.lane :: slice_.lanes]
    shard = int((lane.cursor or "0").partition(":")[0])
    if shard >= len(shards):
        return await _over(tools, run, lane)
    records = await tools.staging.read_shard(shards[shard])
    if slice_.object in run.put_back:
        return await _left_out(tools, run, lane, len(records), number=shard, of=len(shards))
    work = replace(await work_for(tools, run, slice_, object_map, records), shard=shards[shard].path)
    done = _Shard(tools, run, lane)
    size, first = tools.settings.batch_rows, shard * PAGES_OF_A_SHARD
    await together(
        done.batch(work, records[start : start + size], page=first + start // size)
        for start in range(0, len(records), size)
    )
    lane = replace(done.lane, cursor=str(shard + 1))
    if shard + 1 == len(shards):
        return await _over(tools, run, lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=True)


class _Shard:
    """The batches of one shard. Where too many rows are set aside, those that have not begun do not begin."""

    def __init__(self, tools: Toolbox, run: Run, lane: LaneProgress) -> None:
        self.lane = lane
        self._tools = tools
        self._run = run
        self._stopped = False

    async def batch(self, work: Work, records: Sequence[dict[str, Any]], *, page: int) -> None:
        """One of them, in its turn."""
        async with self._tools.batches:
            if self._stopped:
                return
            try:
                tally, reasons = await write(work, records, page=page)
                self.lane = _further(self.lane, tally, reasons)
                _not_too_many(self._tools, self._run, self.lane)
            except BaseException:
                self._stopped = True
                raise


async def _left_out(tools: Toolbox, run: Run, lane: LaneProgress, count: int, *, number: int, of: int) -> Progress:
    """A shard of an object that somebody had put back: a change at the source does not bring single rows of it."""
    lane = replace(_further(lane, Tally(excluded=count), {ROLLED_BACK: count}), cursor=str(number + 1))
    if number + 1 == of:
        return await _over(tools, run, lane)
    await tools.runs.put_lane(run.id, lane)
    return Progress(more=True)


async def _over(tools: Toolbox, run: Run, lane: LaneProgress) -> Progress:
    await auditing.close(tools, run, auditing.chain_of(lane))
    await tools.runs.put_lane(run.id, replace(lane, done=True))
    return Progress()


def _further(lane: LaneProgress, tally: Tally, reasons: Mapping[str, int]) -> LaneProgress:
    sums = {name: lane.reasons.get(name, 0) + reasons.get(name, 0) for name in {*lane.reasons, *reasons}}
    return replace(lane, tally=lane.tally + tally, reasons=sums)


def _not_too_many(tools: Toolbox, run: Run, lane: LaneProgress) -> None:
    share = run.option("set_aside_share")
    limit = tools.settings.set_aside_share if share is None else float(share)
    tally = lane.tally
    seen = tally.created + tally.updated + tally.excluded + tally.set_aside
    if tally.set_aside > FORGIVEN and tally.set_aside > limit * seen and not run.overlook_set_aside:
        raise AskPerson(
            "too-many-set-aside",
            f"{tally.set_aside} of {seen} {lane.object} could not be written: {', '.join(sorted(lane.reasons))}.",
            remedy="Mend the cause and resume, resume as it is to go on without them, or roll back.",
        )
