"""Work out who refers to whom, once per generation: the crosswalk that turns source ids into row ids."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Mapping
from typing import Any

from activities import documents
from activities.toolbox import Toolbox
from shared.mapping.compiled import DEFAULT_ACCOUNT, ObjectMap, compile_objects
from shared.mapping.crosswalk import Crosswalk, fingerprint, first_of_each, organisation_key
from shared.mapping.model import FieldMap, parse
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing

REFERRED_TO = ("locations", "referrers", "staff", "patients")
DEFAULT_RECORD = {"id": DEFAULT_ACCOUNT, "name": "Individual Patient"}


async def link(tools: Toolbox, about: About) -> Nothing:
    """Add what a generation brought to the crosswalk."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    if about.generation == "base" and mapping.rule("defaults"):
        address = await tools.staging.write_shard(run.id, "defaults", "base", 0, [DEFAULT_RECORD])
        await tools.runs.put_shard(run.id, "defaults", "base", 0, address)
    before = await documents.read(tools, run.id, "crosswalk") if about.generation != "base" else None
    body = await _body(tools, run, mapping, about.generation, before)
    await documents.publish(tools, run.id, "crosswalk", body)
    return Nothing()


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
