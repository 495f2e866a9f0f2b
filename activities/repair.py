"""What a person does about a verdict: have everything compared again, or have what is wrong written again (A18).

A repair is a delta out of the staged records themselves: the records whose rows or files are not as they should be
become a generation of their own, and go the way of any other: with a journal, so that it can be undone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from activities import auditing, documents, neighbours, snapshots
from activities.changes import CHANGES, pending
from activities.conflicts import CONFLICTS
from activities.extract import previous
from activities.link import object_maps
from activities.money import latest_words
from activities.proof import each_lane, turns
from activities.reception import KEY_HOLDER, Outcome
from activities.reconcile import latest
from activities.survey import records
from activities.toolbox import Toolbox
from activities.tracing import words_of
from shared import answers, bodies, gates, intake
from shared.answers import Answer
from shared.attachments.receipts import ReceiptState
from shared.audit.event import Event
from shared.loading.batches import EDITED
from shared.mapping.compiled import ObjectMap
from shared.mapping.crosswalk import fingerprint
from shared.reconcile.verdict import LEFT_AS_IT_IS
from shared.runs import parts
from shared.runs.model import LaneProgress, Run
from shared.staging import layout
from shared.vocabulary import Phase, Tally
from shared.wire.payloads import About

OVERWRITE, SET_ASIDE, RESOLVE, RELOAD, REMOVE = "overwrite", "set-aside", "resolve", "reload", "remove"
Wrong = tuple[str, dict[str, Any]]
"""An object, and a staged record of it whose row or file is not as it should be."""


async def verify(tools: Toolbox, run: Run, *, who: str = KEY_HOLDER) -> Outcome:
    """Have everything compared again. The verdict gets a new version."""
    refusal = gates.judge_verify(run)
    if refusal:
        return Outcome(answers.refused(refusal))
    await tools.audit.add(run.id, Event("verify-asked", who, {"phase": run.phase.value}))
    return await _proof_asked(tools, run, "verify")


async def ask(tools: Toolbox, run: Run, body: bytes, *, who: str = KEY_HOLDER) -> Outcome:
    """Have what the latest verdict found wrong put right, and everything compared again."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = bodies.repair(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    if asked.how == RESOLVE:
        shown, body_of = await tools.runs.document(run.id, CONFLICTS), await documents.read(tools, run.id, CONFLICTS)
        refusal = gates.judge_choices(run, asked, shown, body_of)
    elif asked.how == RELOAD:
        refusal = gates.judge_reload(run)
    elif asked.how == REMOVE:
        gone = {name: set(some) for name, some in (await pending(tools, run)).items()}
        refusal = gates.judge_removal(run, asked, await tools.runs.document(run.id, CHANGES), gone)
    else:
        refusal = gates.judge_repair(run, asked.how, await documents.read(tools, run.id, "verdict"))
    if refusal is None and run.ended:
        refusal = await neighbours.claim(tools, run)
    if refusal:
        return Outcome(answers.refused(refusal))
    at, turn = datetime.now(UTC).isoformat(timespec="seconds"), await turns(tools, run)
    repair = {**asked.model_dump(), "turn": str(turn), "at": at}
    if asked.how == RELOAD:
        repair |= {"objects": sorted(run.put_back)}
    facts = {"phase": run.phase.value, "how": asked.how, "by": asked.by, "turn": turn}
    await tools.audit.add(run.id, Event("repair-asked", who, facts))
    await tools.runs.note(run.id, repair=orjson.dumps(repair).decode())
    return await _proof_asked(tools, run, "repair")


async def _proof_asked(tools: Toolbox, run: Run, asked: str) -> Outcome:
    number = run.proofs_asked + 1
    await tools.runs.note(run.id, proofs_asked=number)
    answer = Answer(202, {"run": run.id, "asked": asked})
    if run.phase is Phase.FINISHED:
        # Its story has ended; a proof is a story of its own.
        return Outcome(answer, start=("verify", f"{run.id}-verify-{number}"))
    return Outcome(answer, wake=tuple(await tools.runs.take_waiters(run.id)))


async def begin_proof(tools: Toolbox, about: About) -> About:
    """A proof begins, and serves everybody who asked for one before now. Answers with the generation to load first,
    where somebody asked for a repair of the latest verdict; without one where nobody did."""
    run = await tools.run(about.run)
    await tools.runs.note(run.id, proofs_begun=run.proofs_asked)
    turn = await turns(tools, run)
    if run.repair is None or int(run.repair["turn"]) != turn:
        return About(run.id)
    maps = await object_maps(tools, run)
    if run.repair["how"] == SET_ASIDE:
        async for name, record in _wrong(tools, run, maps, turn):
            await tools.runs.put_asides(run.id, name, {str(record["id"]): (LEFT_AS_IT_IS, "")})
        return About(run.id)
    generation = await _generation(tools, run, turn)
    if _overwrites(run):
        await tools.runs.note(run.id, overwrites=generation)
    if run.repair["how"] == REMOVE and generation not in run.removals:
        await tools.runs.note(run.id, removes=" ".join((*run.removals, generation)))
        run = await tools.run(run.id)
    await _stage(tools, run, maps, turn, generation)
    if run.repair and run.repair["how"] == RELOAD:
        await tools.runs.note(run.id, parts=parts.spelled(parts.asked_again(run.parts)))
    await tools.runs.note(run.id, generation=int(generation.removeprefix("delta-")))
    return About(run.id, generation)


def _overwrites(run: Run) -> bool:
    return run.repair is not None and run.repair["how"] == OVERWRITE


async def _generation(tools: Toolbox, run: Run, turn: int) -> str:
    """The repair's place among the deltas: the next one, and the same again after a crash."""
    kept, _, generation = run.repaired_by.partition(":")
    if kept == str(turn):
        return generation
    begun = [lane.generation for lane in await tools.runs.lanes(run.id, "extract") if lane.generation != "base"]
    number = int(max(begun).removeprefix("delta-")) if begun else 0
    generation = f"delta-{number + 1:04d}"
    await tools.runs.note(run.id, repaired_by=f"{turn}:{generation}")
    return generation


async def _stage(tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], turn: int, generation: str) -> None:
    """Stage the wrong records, a shard per thousand, and say that this generation was extracted: the next pickup goes
    on from where the last one did."""
    waiting: dict[str, dict[str, dict[str, Any]]] = {}
    shards: dict[str, int] = {}
    counts: dict[str, int] = {}

    async def write(source: str) -> None:
        found = list(waiting.pop(source).values())
        number = shards.get(source, 0)
        address = await tools.staging.write_shard(run.id, source, generation, number, found)
        await tools.runs.put_shard(run.id, source, generation, number, address)
        await auditing.staged(tools, run, source, generation, number, address)
        shards[source], counts[source] = number + 1, counts.get(source, 0) + len(found)

    async for name, record in _wrong(tools, run, maps, turn):
        source = maps[name].source
        waiting.setdefault(source, {})[str(record["id"])] = record
        if source == "attachments" and generation not in run.removals:
            await _send_again(tools, run, maps[name], record)
        if len(waiting[source]) >= tools.settings.shard_records:
            await write(source)
    for source in list(waiting):
        await write(source)
    for source in {object_map.source for object_map in maps.values()}:
        before = await tools.runs.lane(run.id, "extract", previous(generation), source, 0)
        notes = {**before.notes, "shards": shards.get(source, 0), "counts": {}, "again": True}
        tally = Tally(extracted=counts.get(source, 0))
        await tools.runs.put_lane(
            run.id, LaneProgress("extract", generation, source, done=True, tally=tally, notes=notes)
        )


async def _wrong(tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], turn: int) -> AsyncIterator[Wrong]:
    """Every staged record that the latest proof found wrong, a shard in memory at a time; some of them twice. Those
    with the fields that a person decided about, where that is what was asked for."""
    if run.repair is not None and run.repair["how"] == RESOLVE:
        for name, source_id in sorted({(one["object"], one["source"]) for one in run.repair["fields"]}):
            words = await words_of(tools, run, maps[name].source, source_id)
            yield name, dict(words[-1].record)
        return
    if run.repair is not None and run.repair["how"] == RELOAD:
        for name in run.repair["objects"]:
            async for record in latest_words(tools, run, maps[name].source):
                yield name, dict(record)
    if run.repair is not None and run.repair["how"] == REMOVE:
        async for name, record in _gone(tools, run, maps):
            yield name, record
        return
    async for lane, proof in each_lane(tools, run, turn):
        source = maps[lane.object].source
        shards = await tools.runs.shards(run.id, "base", source) if proof.wrong else []
        for path in proof.wrong:
            body = orjson.loads(await tools.staging.read_bytes(path))
            ids, place = {*body["ids"], *(body["held"] if _overwrites(run) else ())}, body["shard"]
            later = place is None
            found = (
                (await latest(tools, run, source)).values() if later else await tools.staging.read_shard(shards[place])
            )
            for record in found:
                if str(record["id"]) in ids:
                    yield lane.object, record
    async for name, record in _wrong_files(tools, run, maps, turn):
        yield name, record


async def _gone(tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap]) -> AsyncIterator[Wrong]:
    """The latest word of each record that is gone from the source and whose row a person said may go as well."""
    said: Mapping[str, Any] = run.repair or {}
    for source, gone in (await pending(tools, run)).items():
        named = {one["source"] for one in said["records"] if one["object"] == source}
        wanted = set(gone) if source in said["objects"] else named & set(gone)
        name = next((name for name, one in maps.items() if one.source == source), None)
        last: dict[str, dict[str, Any]] = {}
        marks, after = set(map(fingerprint, wanted)), layout.delta(run.generation + 1)
        async for _, record in snapshots.words(tools, run, source, marks if name else (), before=after):
            last[str(record["id"])] = dict(record)
        for id_ in sorted(wanted & set(last)):
            assert name is not None
            yield name, last[id_]


async def _wrong_files(tools: Toolbox, run: Run, maps: Mapping[str, ObjectMap], turn: int) -> AsyncIterator[Wrong]:
    ids: dict[str, set[str]] = {}
    for lane in await tools.runs.lanes(run.id, "prove_files"):
        if lane.generation.endswith(f".{turn}") and lane.notes:
            refused = set(lane.notes["refused"]) - ({EDITED} if _overwrites(run) else set())
            for name, _, attachment, what in lane.notes["listed"]:
                if what not in refused:
                    ids.setdefault(name, set()).add(attachment)
    for name, wanted in ids.items():
        later = await latest(tools, run, maps[name].source)
        async for record in records(tools, run, "base", maps[name].source):
            if str(record["id"]) in wanted and str(record["id"]) not in later:
                yield name, record
        for id_ in wanted & set(later):
            yield name, later[id_]


async def _send_again(tools: Toolbox, run: Run, object_map: ObjectMap, record: Mapping[str, Any]) -> None:
    """Let the file go again, as another version of itself, although a receipt says that it arrived or could not go."""
    receipt = await tools.receipts.get(run.id, object_map.row_id(record))
    if receipt is not None and _overwrites(run):
        await tools.receipts.put(run.id, replace(receipt, mark="", reason="", edited=False))
    elif receipt is not None and receipt.state is ReceiptState.DONE:
        await tools.receipts.put(run.id, replace(receipt, mark=""))
