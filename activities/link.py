"""Work out who refers to whom, once per generation: the crosswalk that turns source ids into row ids."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Mapping
from typing import Any

from activities import documents
from activities.toolbox import Toolbox
from shared.mapping.compiled import DEFAULT_ACCOUNT, ObjectMap, compile_objects
from shared.mapping.crosswalk import Crosswalk, fingerprint, first_of_each, holds, organisation_key
from shared.mapping.model import FieldMap, parse
from shared.runs.model import LaneProgress, Run
from shared.vocabulary import Tally
from shared.wire.payloads import About, Nothing

REFERRED_TO = ("locations", "referrers", "staff", "patients")
RECOVERED, RECOVERED_SHARD = 999, 999_999
"""Lane and shard of the records that were fetched one by one: after all others, and the same on every attempt."""
DEFAULT_RECORD = {"id": DEFAULT_ACCOUNT, "name": "Individual Patient"}


async def link(tools: Toolbox, about: About) -> Nothing:
    """Add what a generation brought to the crosswalk."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    if about.generation == "base" and mapping.rule("defaults"):
        address = await tools.staging.write_shard(run.id, "defaults", "base", 0, [DEFAULT_RECORD])
        await tools.runs.put_shard(run.id, "defaults", "base", 0, address)
    known = await documents.read(tools, run.id, "crosswalk")
    before = known if about.generation != "base" else None
    await _recover(tools, run, mapping, about.generation, before)
    linked = await _body(tools, run, mapping, about.generation, before)
    await documents.publish(tools, run.id, "crosswalk", linked)
    return Nothing()


async def _recover(
    tools: Toolbox, run: Run, mapping: FieldMap, generation: str, before: Mapping[str, Any] | None
) -> None:
    """Fetch, one by one, the patients whom appointments refer to but no list shows: the source hides some of the
    archived ones (R100). Those it does not give by id either are set aside with their appointments, by name."""
    if mapping.rule("patients") is None or mapping.rule("appointments") is None:
        return
    ids = await _index(tools, before["known"].get("patients") if before else None)
    async for record in records(tools, run, generation, "patients"):
        ids.append(fingerprint(str(record["id"])))
    known = array("Q", sorted(ids))
    missing: set[str] = set()
    async for record in records(tools, run, generation, "appointments"):
        patient = str(record.get("patient_id") or "")
        if patient and not holds(known, patient):
            missing.add(patient)
    source = await tools.source_of(run)
    found = [one for id_ in sorted(missing) if (one := await source.record("patients", id_)) is not None]
    if found:
        lane = LaneProgress("extract", generation, "patients", RECOVERED, done=True, tally=Tally(extracted=len(found)))
        address = await tools.staging.write_shard(run.id, "patients", generation, RECOVERED_SHARD, found)
        await tools.runs.put_shard(run.id, "patients", generation, RECOVERED_SHARD, address)
        await tools.runs.put_lane(run.id, lane)


async def _body(
    tools: Toolbox, run: Run, mapping: FieldMap, generation: str, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    owners = await documents.need(tools, run.id, "owners")
    named: dict[str, str] = dict(before["organisations"]) if before else {}
    known = {}
    for name in REFERRED_TO:
        ids = await _index(tools, before["known"].get(name) if before else None)
        async for record in records(tools, run, generation, name):
            ids.append(fingerprint(str(record["id"])))
            if name == "referrers":
                named.setdefault(str(record["id"]), organisation_key(str(record.get("practice_name") or "")))
        packed = array("Q", sorted(set(ids))).tobytes()
        path = f"{run.id}/crosswalk/{generation}/{name}"
        known[name] = (await tools.staging.write_bytes(path, packed)).path
    return {
        "fallback_owner": owners["fallback_owner"],
        "users": {line["staff"]: line["user"] for line in owners["staff"] if line["user"]},
        "organisations": named,
        "aliases": {id_: first for id_, first in first_of_each(named.items()).items() if id_ != first},
        "known": known,
    }


async def _index(tools: Toolbox, path: str | None) -> array[int]:
    ids = array("Q")
    if path:
        ids.frombytes(await tools.staging.read_bytes(path))
    return ids


async def records(tools: Toolbox, run: Run, generation: str, name: str) -> AsyncIterator[dict[str, Any]]:
    """The staged records of one object, one shard in memory at a time."""
    for address in await tools.runs.shards(run.id, generation, name):
        for record in await tools.staging.read_shard(address):
            yield record


async def object_maps(tools: Toolbox, run: Run) -> dict[str, ObjectMap]:
    """The approved map, compiled against the live target and the current crosswalk. Kept until either changes."""
    parts = [await tools.runs.document(run.id, name) for name in ("mapping", "crosswalk")]
    mark = (run.id, *(part.digest if part else "" for part in parts))
    compiled = tools.compiled.get(mark)
    if compiled is None:
        compiled = await _compile(tools, run)
        tools.compiled[mark] = compiled
    return compiled


async def _compile(tools: Toolbox, run: Run) -> dict[str, ObjectMap]:
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    body = await documents.need(tools, run.id, "crosswalk")
    crosswalk = Crosswalk(
        mapping.source_system,
        body["fallback_owner"],
        users=body["users"],
        aliases=body["aliases"],
        known={name: await _index(tools, path) for name, path in body["known"].items()},
    )
    names = sorted({rule.table for rule in mapping.objects} | {"systemuser", "account", "contact"})
    return compile_objects(mapping, await tools.target_of(run).tables(names), crosswalk)
