"""What a lane of the proof has found so far, kept in a blob beside the staged records, and read again by the verdict.

A blob, because a summary of ids outgrows a row of Table Storage. It says itself how many shards it covers, so a lane
that dies between the blob and its row counts no shard twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.money.seen import Seen
from shared.reconcile import conservation
from shared.reconcile.findings import Findings
from shared.reconcile.sketch import Sketch
from shared.runs.model import LaneProgress, Run
from shared.wire.payloads import Slice


def turn_of(generation: str) -> int:
    """Which proof a lane belongs to: its generation is ``base.3``, ``deltas.3`` or ``all.3``."""
    return int(generation.rpartition(".")[2])


def folder(run: str, turn: int) -> str:
    """Where one proof keeps what it found."""
    return f"{run}/proof/{turn:04d}"


def state_path(run: str, generation: str, name: str, lane: int) -> str:
    """Where one lane of a proof keeps what it found."""
    return f"{folder(run, turn_of(generation))}/{name}-{generation.partition('.')[0]}-{lane:03d}"


@dataclass(slots=True)
class LaneProof:
    """One lane's findings. ``through``: how many of its shards they cover; ``wrong``: the blobs that name the records
    whose rows are not as they should be; ``expected``: the rows of this run that it read; ``cells``: what the shard
    being read counts by provider and month. Each shard's have a blob of their own: of a large practice there are tens
    of thousands, and a lane would carry them all from shard to shard."""

    path: str
    through: int = 0
    findings: Findings = field(default_factory=Findings)
    expected: Sketch = field(default_factory=Sketch)
    wrong: list[str] = field(default_factory=list)
    cells: conservation.Cells = field(default_factory=dict)
    money: Seen = field(default_factory=Seen)
    _wrong_now: list[str] = field(default_factory=list)
    _held_now: list[str] = field(default_factory=list)

    @classmethod
    async def begun(cls, tools: Toolbox, slice_: Slice) -> LaneProof:
        """The lane's findings as they were kept last, or none yet."""
        path = state_path(slice_.run, slice_.generation, slice_.object, slice_.lane)
        kept = await tools.staging.find_bytes(path)
        return cls(path) if kept is None else _read(path, orjson.loads(kept))

    def saw(self, record: Mapping[str, Any], bucket: str) -> None:
        """A staged record and where it ended."""
        conservation.add(self.cells, conservation.cell(record), bucket)

    def note_wrong(self, source_id: str) -> None:
        """A record whose row is not as it should be: what a repair writes again."""
        self._wrong_now.append(source_id)

    def note_held(self, source_id: str) -> None:
        """A record whose row differs because of a person: only a repair that may overwrite writes it again."""
        self._held_now.append(source_id)

    async def keep(self, tools: Toolbox, shard: int | None) -> None:
        """Write the findings down, one more shard among them: ``shard`` is its place among the object's, None for what
        deltas brought. The same shard again writes the same."""
        if self._wrong_now or self._held_now:
            path = f"{self.path}-wrong-{self.through:06d}"
            wrong = {"shard": shard, "ids": self._wrong_now, "held": self._held_now}
            await tools.staging.write_bytes(path, orjson.dumps(wrong))
            self.wrong.append(path)
        if self.cells:
            await tools.staging.write_bytes(self._cells_path(self.through), orjson.dumps(self.cells))
        self.through += 1
        body = {
            "through": self.through,
            "findings": asdict(self.findings),
            "expected": self.expected.state(),
            "wrong": self.wrong,
            "money": asdict(self.money),
        }
        await tools.staging.write_bytes(self.path, orjson.dumps(body))

    async def each_cells(self, tools: Toolbox) -> AsyncIterator[conservation.Cells]:
        """The counts of each shard that the findings cover."""
        for shard in range(self.through):
            kept = await tools.staging.find_bytes(self._cells_path(shard))
            if kept is not None:
                yield orjson.loads(kept)

    def _cells_path(self, shard: int) -> str:
        return f"{self.path}-cells-{shard:06d}"


def _read(path: str, body: Mapping[str, Any]) -> LaneProof:
    findings, expected = Findings(**body["findings"]), Sketch.of(body["expected"])
    return LaneProof(path, int(body["through"]), findings, expected, list(body["wrong"]), money=Seen(**body["money"]))


async def each_lane(
    tools: Toolbox, run: Run, turn: int, of: Collection[str] | None = None
) -> AsyncIterator[tuple[LaneProgress, LaneProof]]:
    """Every lane of one proof of rows (``of``: those of some objects), with what it found."""
    for lane in await tools.runs.lanes(run.id, "reconcile"):
        if turn_of(lane.generation) == turn and (of is None or lane.object in of):
            path = state_path(run.id, lane.generation, lane.object, lane.lane)
            kept = await tools.staging.find_bytes(path)
            yield lane, LaneProof(path) if kept is None else _read(path, orjson.loads(kept))


async def said_about(tools: Toolbox, run: Run, turn: int, name: str, source_id: str) -> str:
    """What a proof says about one record of an object: ``wrong``, ``held``, or nothing where all is as it should be."""
    for lane in await tools.runs.lanes(run.id, "reconcile"):
        if lane.object != name or turn_of(lane.generation) != turn:
            continue
        kept = await tools.staging.find_bytes(state_path(run.id, lane.generation, lane.object, lane.lane))
        for path in orjson.loads(kept)["wrong"] if kept else ():
            body = orjson.loads(await tools.staging.read_bytes(path))
            if source_id in body["ids"] or source_id in body["held"]:
                return "wrong" if source_id in body["ids"] else "held"
    return ""


async def turns(tools: Toolbox, run: Run) -> int:
    """The number of the latest proof; 0 before the first."""
    return max((turn_of(lane.generation) for lane in await tools.runs.lanes(run.id, "reconcile")), default=0)
