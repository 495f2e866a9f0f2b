"""The document ``source-changes``: what the practice did meanwhile, and what it has not any more (A28).

A record that is gone keeps its row until a person decides. Ids and counts stand here, never a value.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from activities import documents, removed, snapshots
from activities.survey import records
from activities.toolbox import Toolbox
from shared.delta.departures import ARCHIVED, DELETED, MERGED, RESTORED, flip, survivors
from shared.delta.snapshot import CREATED, MODIFIED, UNCHANGED
from shared.mapping.crosswalk import fingerprint
from shared.mapping.model import DERIVED, FieldMap, digest, parse
from shared.runs.model import LaneProgress, Run
from shared.staging import layout

CHANGES = "source-changes"
MOST_LISTED = 1_000
PATIENTS = "patients"
Gone = dict[str, dict[str, dict[str, str]]]
"""By source object and id: ``what`` it was, deleted or merged, ``found_in`` which generation, ``into`` whom."""


async def publish_changes(tools: Toolbox, run: Run) -> None:
    """Say what the latest generation brought, and everything that is gone and still has a row. Nothing where there is
    nothing to say and never was."""
    before = await documents.read(tools, run.id, CHANGES) or {}
    generation = layout.delta(run.generation)
    lanes = [one for one in await tools.runs.lanes(run.id, "extract", generation) if not one.lane and one.notes]
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    merges = await _merges(tools, run, mapping, lanes)
    flips = await _flips(tools, run, generation, lanes)
    told = _told(generation, lanes, await _gone(tools, lanes, merges), flips)
    gone = await pending(tools, run)
    earlier = [one for one in before.get("archive_flips", ()) if one["generation"] != generation]
    generations = {**before.get("generations", {}), **({generation: told} if told else {})}
    if not (generations or gone):
        return
    every = [{"object": name, "source": id_, **one} for name, some in gone.items() for id_, one in some.items()]
    body = {
        "generations": generations,
        "gone": {
            "count": len(every),
            "digest": digest({"gone": every}),
            "objects": {name: _counted(some) for name, some in gone.items()},
            "listed": every[:MOST_LISTED],
        },
        "archive_flips": [*earlier, *({"generation": generation, **one} for one in flips)][-MOST_LISTED:],
        "removals": await removed.told(tools, run),
    }
    await documents.publish(tools, run.id, CHANGES, body)


async def pending(tools: Toolbox, run: Run) -> Gone:
    """What is gone from the source by the latest generation and was not taken out of the target, in a lasting order."""
    generation = layout.delta(max(run.generation, 1))
    lanes = [one for one in await tools.runs.lanes(run.id, "extract", generation) if not one.lane and one.notes]
    found = await _gone(tools, lanes, await merges_kept(tools, run))
    left: Gone = {}
    for name, some in sorted(found.items()):
        went = await removed.records_of(tools, run, name)
        if still := {id_: one for id_, one in sorted(some.items()) if id_ not in went}:
            left[name] = still
    return left


async def _gone(tools: Toolbox, lanes: list[LaneProgress], merges: Mapping[str, str]) -> Gone:
    found: Gone = {}
    for lane in lanes:
        for id_, when in (await snapshots.gone_by(tools, lane)).items():
            into = merges.get(id_, "") if lane.object == PATIENTS else ""
            said = {"what": MERGED, "into": into} if into else {"what": DELETED}
            found.setdefault(lane.object, {})[id_] = {**said, "found_in": when}
    return found


def _told(generation: str, lanes: list[LaneProgress], gone: Gone, flips: list[dict[str, str]]) -> dict[str, Any] | None:
    """One generation's counts by object; None where nothing changed. ``unchanged`` is known where all was read."""
    objects: dict[str, dict[str, int | None]] = {}
    for lane in lanes:
        counts, names = lane.notes.get("counts") or {}, gone.get(lane.object, {}).values()
        went = [one["what"] for one in names if one["found_in"] == generation]
        new, other, listed = (int(counts.get(name, 0)) for name in (CREATED, MODIFIED, "listed"))
        if counts or went:
            objects[lane.object] = {
                CREATED: new,
                MODIFIED: other,
                UNCHANGED: listed - new - other if listed else None,
                DELETED: went.count(DELETED),
                MERGED: went.count(MERGED),
            }
    if PATIENTS in objects:
        objects[PATIENTS] |= {what: sum(one["what"] == what for one in flips) for what in (ARCHIVED, RESTORED)}
    anything = any(count for counts in objects.values() for name, count in counts.items() if name != UNCHANGED)
    complete = any(lane.notes.get("lists") for lane in lanes)
    return {"complete": complete, "objects": objects} if anything else None


def _counted(some: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    whats = [one["what"] for one in some.values()]
    return {what: whats.count(what) for what in (DELETED, MERGED)}


async def _flips(tools: Toolbox, run: Run, generation: str, lanes: list[LaneProgress]) -> list[dict[str, str]]:
    """The patients of a generation who were archived, or taken out of the archive."""
    if not any(lane.object == PATIENTS and (lane.notes.get("counts") or {}).get(MODIFIED) for lane in lanes):
        return []
    now = {str(record["id"]): record async for record in records(tools, run, generation, PATIENTS)}
    marks = set(map(fingerprint, now))
    then: dict[str, str] = {}
    async for _, record in snapshots.words(tools, run, PATIENTS, marks, before=generation):
        then[str(record["id"])] = str(record.get("status") or "")
    found = {id_: flip(then.get(id_), record) for id_, record in sorted(now.items())}
    return [{"source": id_, "what": what} for id_, what in found.items() if what]


# Whom patients who are gone were merged into


async def merges_kept(tools: Toolbox, run: Run) -> dict[str, str]:
    """Patients who were merged away, each with the one whom they were merged into."""
    kept = await tools.staging.find_bytes(f"{run.id}/gone/merged")
    found: dict[str, str] = orjson.loads(kept) if kept else {}
    return found


async def _merges(tools: Toolbox, run: Run, mapping: FieldMap, lanes: list[LaneProgress]) -> dict[str, str]:
    """Those of every generation, with those that the latest one found gone. The same again after a crash."""
    kept = await merges_kept(tools, run)
    patients = next((lane for lane in lanes if lane.object == PATIENTS), None)
    everyone = await snapshots.gone_by(tools, patients) if patients else {}
    new = {id_ for id_, when in everyone.items() if patients and when == patients.generation}
    if not (patients and new):
        return kept
    gone = {(lane.object, id_) for lane in lanes for id_ in await snapshots.gone_by(tools, lane)}
    complete = str(patients.notes["complete_before"])
    then: dict[tuple[str, str], str] = {}
    now: dict[tuple[str, str], str | None] = {}
    async for name, generation, record, field in _dependents(tools, run, mapping):
        at, patient = (name, f"{record['id']}.{field}"), str(record.get(field) or "")
        if layout.order_of(generation) <= layout.order_of(complete):
            then.pop(at, None)
            if patient in new:
                then[at] = patient
        if at in then:
            now[at] = None if (name, str(record["id"])) in gone else patient
    here = {at: patient for at, patient in now.items() if at in then and patient is not None}
    found = {**kept, **survivors(then, here, gone=everyone)}
    await tools.staging.write_bytes(f"{run.id}/gone/merged", orjson.dumps(found))
    return found


async def _dependents(
    tools: Toolbox, run: Run, mapping: FieldMap
) -> AsyncIterator[tuple[str, str, Mapping[str, Any], str]]:
    """Every staged word of the records that refer to a patient, with the fields that do, in the order of staging."""
    for name in mapping.sources():
        fields = {
            one.source
            for rule in mapping.objects
            for one in rule.fields
            if rule.source == name and PATIENTS in one.refers_to and one.source
        }
        if name == PATIENTS or name in DERIVED or not fields:
            continue
        for generation in snapshots.generations_before(layout.delta(run.generation + 1)):
            async for record in records(tools, run, generation, name):
                for field in sorted(fields):
                    yield name, generation, record, field
