"""Prove it: recompute what every row should be from the staged source, and read the target back.

Nothing here looks at what the loader counted. A record that was set aside is believed only if its row is really absent,
if it was somebody else who changed the row last, or if a person decided to leave it as it is. One that was put back is
believed only if no row of ours is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from activities import removed
from activities.link import object_maps
from activities.proof import LaneProof
from activities.reading import ahead, present
from activities.survey import records
from activities.toolbox import Toolbox
from shared.dataverse.client import Dataverse
from shared.delta import three_way
from shared.diff.compare import Scales
from shared.loading.batches import EDITED, KEPT, created_by, edited_by_another
from shared.mapping.compiled import ObjectMap
from shared.mapping.composed.notes import is_whole
from shared.mapping.rows import Excluded, Row, SetAside
from shared.money.seen import Ledger
from shared.reconcile.conservation import ELSEWHERE, REPLACED
from shared.reconcile.verdict import LEFT_AS_IT_IS
from shared.richtext.header import without_header
from shared.runs.model import Run
from shared.runs.parts import ROLLED_BACK
from shared.vocabulary import ANOTHER_RULE
from shared.wire.payloads import Progress, Slice

Record = dict[str, Any]
There = Mapping[str, Any] | None
Expected = list[tuple[int, list[Row] | Excluded | SetAside]]
"""What records should have become, each by its place in the shard: it is decoded again when its row has come."""
RECORDS_AT_ONCE = 250
"""What is known of them twice over, of two parts in each lane, is most of what a proof holds."""
TEXT = "notetext"


async def reconcile(tools: Toolbox, slice_: Slice) -> Progress:
    """Compare the slice's next shard; what deltas brought is compared in one go, each record's latest word."""
    run = await tools.run(slice_.run)
    lane = await tools.runs.lane(run.id, slice_.step, slice_.generation, slice_.object, slice_.lane)
    if lane.done:
        return Progress()
    object_map = (await object_maps(tools, run))[slice_.object]
    proof = await LaneProof.begun(tools, slice_)
    rewritten = slice_.generation.startswith("deltas")
    shards = [] if rewritten else await tools.runs.shards(run.id, "base", object_map.source)
    of_lane = shards[slice_.lane :: slice_.lanes]
    if proof.through < max(len(of_lane), 1):
        staged: Sequence[Record]
        if rewritten:
            staged, later = list((await latest(tools, run, object_map.source)).values()), frozenset[str]()
        else:
            staged = await tools.staging.read_shard(of_lane[proof.through])
            later = await _replaced(tools, run, object_map.source)
        target = tools.target_of(run)
        us = await target.ours()
        ours, ledger = "updated" if rewritten else "created", Ledger.of(object_map)
        gone = await removed.of_object(tools, run, object_map.object, object_map.source)
        await _Comparison(tools, run, object_map, target, us, proof, ours, ledger, gone, later).of(staged)
        await proof.keep(tools, None if rewritten else slice_.lane + proof.through * slice_.lanes)
    done = proof.through >= max(len(of_lane), 1)
    await tools.runs.put_lane(run.id, replace(lane, cursor=str(proof.through), done=done))
    return Progress(more=not done)


async def _replaced(tools: Toolbox, run: Run, name: str) -> frozenset[str]:
    """The ids of an object's records of which a delta brought a later word."""
    mark = (run.id, run.generation, name)
    if mark not in tools.replaced:
        # Every shard asks: the ids are kept, and those of an earlier generation let go.
        ids = frozenset(await latest(tools, run, name))
        tools.replaced = {kept: them for kept, them in tools.replaced.items() if kept[:2] == mark[:2]} | {mark: ids}
    return tools.replaced[mark]


async def latest(tools: Toolbox, run: Run, name: str) -> dict[str, Record]:
    """The last version of every record that any delta brought. A delta is small: it fits in memory."""
    last: dict[str, Record] = {}
    for number in range(1, run.generation + 1):
        async for record in records(tools, run, f"delta-{number:04d}", name):
            last[str(record["id"])] = record
    return last


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The comparison of one shard's records with the rows they should have become. ``ours``: the bucket of a record
    whose row this run created; ``gone``: records that have no row any more, and by which rule; ``later``: records of
    which a delta brought a later word, which are compared by that."""

    tools: Toolbox
    run: Run
    map: ObjectMap
    target: Dataverse
    us: Sequence[str]
    proof: LaneProof
    ours: str
    ledger: Ledger | None
    gone: Mapping[str, str]
    later: Collection[str]

    async def of(self, staged: Sequence[Record]) -> None:
        """Compare them all. The next rows are read while these are weighed."""
        scales = Scales(self.map)
        starts = range(0, len(staged), RECORDS_AT_ONCE)
        parts = (self._expected(staged, start) for start in starts)
        async for expected, there in ahead(parts, partial(self._read, staged)):
            for place, result in expected:
                record = staged[place]
                if isinstance(result, list):
                    await self._judge(record, [(row, there.get(row.id)) for row in result], scales)
                else:
                    self._without_row(record, result, there.get(self.map.row_id(record)))
            expected.clear()  # two loops hold on to both of them until they have the next
            there.clear()
        self.proof.findings.add_weighed(scales)

    def _expected(self, staged: Sequence[Record], start: int) -> Expected:
        found: Expected = []
        for place in range(start, min(start + RECORDS_AT_ONCE, len(staged))):
            record = staged[place]
            if str(record["id"]) in self.later:
                self.proof.findings.replaced += 1
                self.proof.saw(record, REPLACED)
            else:
                found.append((place, self._becomes(record)))
        self.proof.findings.records += len(found)
        return found

    def _becomes(self, record: Record) -> list[Row] | Excluded | SetAside:
        """What a record should have become. That a row which a person had taken out is really gone shows when the
        table is looked through: nobody expects it there."""
        found, rule = self.map.rows(record), self.gone.get(str(record["id"]))
        return Excluded(rule) if rule and isinstance(found, list) else found

    async def _read(self, staged: Sequence[Record], expected: Expected) -> dict[str, dict[str, Any]]:
        ids = [row.id for _, result in expected if isinstance(result, list) for row in result]
        # A later word may not fit where an earlier one did: then the row is as that left it.
        ids += [self.map.row_id(staged[place]) for place, result in expected if isinstance(result, SetAside)]
        return await present(self.target, self.map, ids)

    def _without_row(self, record: Record, result: Excluded | SetAside, there: There) -> None:
        if isinstance(result, Excluded):
            self.proof.findings.add_excluded(result.rule)
            self._saw(record, ELSEWHERE if result.rule == ANOTHER_RULE else "excluded", [])
        else:
            ours = created_by(self.run.number, there)
            if ours:
                self.proof.expected.add(self.map.row_id(record))
            self.proof.findings.add_set_aside(result.reason, ours=ours)
            self._saw(record, "set-aside", [])

    def _saw(self, record: Record, bucket: str, found: Sequence[tuple[Row, There]]) -> None:
        self.proof.saw(record, bucket)
        if self.ledger:
            self.ledger.saw(self.proof.money, record, bucket, found)

    async def _judge(self, record: Record, found: Sequence[tuple[Row, There]], scales: Scales) -> None:
        """Weigh a record's rows. The first of them says in which bucket the record ends."""
        source_id, buckets, all_right = str(record["id"]), [], True
        for row, there in found:
            findings, ours, further = self.proof.findings, created_by(self.run.number, there), row.part > 1
            if ours:
                self.proof.expected.add(row.id)
                if self.map.object == "notes":
                    findings.add_author(named=bool(row.writer))
            kept = there is not None and not ours
            wrong = scales.weigh(row, there, record, kept=kept)
            # Looked up one by one, and only here: the whole list would be read again for every shard.
            aside = await self.tools.runs.aside_of(self.run.id, self.map.object, source_id) if wrong else None
            edited = edited_by_another(there, us=self.us)
            if aside and (there is None or _excused(*aside, [name for name, _ in wrong], edited=edited)):
                reason = aside[0]
                findings.add_set_aside(reason, ours=ours, further=further)
                scales.weigh(row, there, record, kept=kept, times=-1)
                buckets.append("set-aside")
                if there is not None:
                    self.proof.note_held(source_id)
                continue
            if wrong and not ours and not edited and self.map.object in self.run.put_back:
                if not further:
                    findings.add_excluded(ROLLED_BACK)
                scales.weigh(row, there, record, kept=kept, times=-1)
                buckets.append("excluded")
                continue
            name = self.map.table.name
            findings.add_row(name, row.id, wrong, there=there is not None, ours=ours, further=further, edited=edited)
            buckets.append("missing" if there is None else self.ours if ours else "matched")
            all_right = all_right and not wrong
        if len(found) > 1 and all_right and "set-aside" not in buckets:
            all_right = self._is_whole(record, found)
        self._saw(record, buckets[0], found)
        if not all_right:
            self.proof.note_wrong(source_id)

    def _is_whole(self, record: Record, found: Sequence[tuple[Row, There]]) -> bool:
        """Put a long note's parts together again, as they were read back."""
        texts = [str((there or {}).get(TEXT) or "") for _, there in found]
        texts = [one if row.writer else without_header(one) for one, (row, _) in zip(texts, found, strict=True)]
        whole = is_whole(record, texts)
        self.proof.findings.add_whole(self.map.table.name, found[0][0].id, TEXT, whole=whole)
        return whole


def _excused(reason: str, columns: str, wrong: Collection[str], *, edited: bool) -> bool:
    """Whether it is for a person that these columns of a row are not what the source says."""
    if reason == LEFT_AS_IT_IS or (reason == EDITED and edited):
        return True
    return reason in (EDITED, KEPT) and three_way.read(columns).stands >= set(wrong)
