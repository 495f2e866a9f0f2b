"""Work out who refers to whom, once per generation: the crosswalk that turns source ids into row ids.

Everything that can be known before the first row is written becomes known here: insurers, hidden patients, references
that lead nowhere, contacts that are there already, and how many rows each owner will get.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from activities import auditing, documents, insurance, matching
from activities.survey import Survey, ids_of, kept_ids, records, recover, referred_to, survey
from activities.toolbox import Toolbox
from shared import owners as ownership
from shared.attachments.router import FilesPolicy
from shared.errors import AskPerson
from shared.mapping.compiled import ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, first_of_each, index, organisation_key, united
from shared.mapping.getters import DEFAULT_ACCOUNT
from shared.mapping.model import FieldMap, parse
from shared.runs.model import Run
from shared.vocabulary import Phase
from shared.wire.payloads import About, Nothing

DEFAULT_RECORD = {"id": DEFAULT_ACCOUNT, "name": "Individual Patient"}
MOST_LISTED = 1_000


async def link(tools: Toolbox, about: About) -> Nothing:
    """Add what a generation brought to the crosswalk."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    if about.generation == "base" and mapping.rule("defaults"):
        address = await tools.staging.write_shard(run.id, "defaults", "base", 0, [DEFAULT_RECORD])
        await tools.runs.put_shard(run.id, "defaults", "base", 0, address)
        await auditing.staged(tools, run, "defaults", "base", 0, address)
    if about.generation == "base":
        rules = await tools.target_of(run).attachment_rules()
        policy = FilesPolicy.of(rules, run.request.get("files") or {})
        await documents.publish(tools, run.id, "files-policy", policy.to_json())
    kept = await documents.read(tools, run.id, "crosswalk")
    before = kept if about.generation != "base" else None
    known = {name: await ids_of(tools, run, about.generation, name, before) for name in referred_to(mapping)}
    found = await survey(tools, run, mapping, about.generation, known)
    gone = await recover(tools, run, about.generation, found.strays)
    recovered = found.strays - set(gone)
    if recovered:
        known["patients"] = united([known["patients"], index(recovered)])
    await _publish_gaps(tools, run, about.generation, found, gone)
    await _publish_owners(tools, run, about.generation, found)
    payers = await insurance.derive_payers(tools, run, about.generation, before["payers"] if before else {})
    await insurance.join(tools, run, mapping, about.generation)
    matches = await matching.match_existing(tools, run, mapping, about.generation, before)
    linked = await _body(tools, run, about.generation, known, payers, before)
    await documents.publish(tools, run.id, "crosswalk", {**linked, **matches})
    return Nothing()


async def _publish_gaps(tools: Toolbox, run: Run, generation: str, found: Survey, gone: list[str]) -> None:
    """What the source refers to and does not show (N6): counted by reference, patients by id."""
    before = await documents.read(tools, run.id, "archive-gaps") or {}
    body = {
        "referred_to_but_not_listed": [
            {"object": source, "field": field, "refers_to": referred, "records": count}
            for (source, field, referred), count in sorted(found.dangling.items())
        ],
        "patients": {
            "hidden": len(found.strays),
            "fetched_one_by_one": len(found.strays) - len(gone),
            "not_given": len(gone),
            "ids_not_given": gone[:MOST_LISTED],
        },
        "numbering": {name: numbers.report() for name, numbers in sorted(found.numbers.items())},
    }
    await documents.publish(tools, run.id, "archive-gaps", {**before, generation: body})


async def _publish_owners(tools: Toolbox, run: Run, generation: str, found: Survey) -> None:
    """Who will own how many rows (N14): known before the first of them is written."""
    if generation == "base":
        body = await documents.need(tools, run.id, "owners")
        await documents.publish(tools, run.id, "owners", ownership.counted(body, found.owned))


async def _body(
    tools: Toolbox,
    run: Run,
    generation: str,
    known: Mapping[str, array[int]],
    payers: Mapping[str, str],
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    owners = await documents.need(tools, run.id, "owners")
    named: dict[str, str] = dict(before["organisations"]) if before else {}
    async for record in records(tools, run, generation, "referrers"):
        named.setdefault(str(record["id"]), organisation_key(str(record.get("practice_name") or "")))
    paths = {}
    for name, ids in {**known, "payers": index(payers)}.items():
        path = f"{run.id}/crosswalk/{generation}/{name}"
        paths[name] = (await tools.staging.write_bytes(path, ids.tobytes())).path
    return {
        "fallback_owner": owners["fallback_owner"],
        "users": {line["staff"]: line["user"] for line in owners["staff"] if line["user"]},
        "authors": owners.get("authors", {}),
        "organisations": named,
        "aliases": {id_: first for id_, first in first_of_each(named.items()).items() if id_ != first},
        "payers": dict(payers),
        "known": paths,
    }


async def object_maps(tools: Toolbox, run: Run) -> dict[str, ObjectMap]:
    """The approved map, compiled against the live target and the current crosswalk; kept until either changes.

    The lanes of a phase all come at once: one of them compiles, the others wait for it.
    """
    digests = {one.name: one.digest for one in await tools.runs.documents(run.id)}
    mark = (run.id, *(digests.get(name, "") for name in ("mapping", "crosswalk")))
    async with tools.compiling:
        compiled = tools.compiled.get(mark)
        if compiled is None:
            compiled = await _compile(tools, run, parse(await documents.need(tools, run.id, "mapping")))
            tools.forget(run.id)  # each pickup has a crosswalk of its own, with eight bytes for every record
            tools.compiled[mark] = compiled
    return compiled


async def maps_left(tools: Toolbox, run: Run) -> dict[str, ObjectMap]:
    """The same for a way back after another, which took tables and columns along: of the map what still has a place."""
    if run.rollbacks < 2 and run.phase is not Phase.ROLLED_BACK:
        return await object_maps(tools, run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    live = await tools.target_of(run).tables(sorted({rule.table for rule in mapping.objects}))
    rules = tuple(
        replace(rule, fields=tuple(one for one in rule.fields if live[rule.table].field(one.target) is not None))
        for rule in mapping.objects
        if rule.table in live
    )
    return await _compile(tools, run, replace(mapping, objects=rules))


async def _compile(tools: Toolbox, run: Run, mapping: FieldMap) -> dict[str, ObjectMap]:
    body = await documents.need(tools, run.id, "crosswalk")
    policy = await documents.read(tools, run.id, "files-policy")
    crosswalk = Crosswalk(
        mapping.source_system,
        body["fallback_owner"],
        users=body["users"],
        aliases=body["aliases"],
        known={name: await kept_ids(tools, path) for name, path in body["known"].items()},
        matched=body["matched"],
        ambiguous=frozenset(body["ambiguous"]),
        sources={rule.object: rule.source for rule in mapping.objects},
    )
    around = Circumstances(
        mapping.source_system,
        crosswalk,
        region=mapping.region,
        notation=mapping.notation,
        currency=await _currency(tools, run, mapping),
        files=FilesPolicy.from_json(policy) if policy else FilesPolicy(),
        authors=body["authors"],
        us=await tools.target_of(run).us(),
    )
    names = {rule.table for rule in mapping.objects} | {"systemuser", "account", "contact", "transactioncurrency"}
    return compile_objects(mapping, await tools.target_of(run).tables(sorted(names)), around)


async def _currency(tools: Toolbox, run: Run, mapping: FieldMap) -> str:
    """The row of the currency that every amount is in; Dataverse refuses an amount without one."""
    target = tools.target_of(run)
    table = (await target.tables(["transactioncurrency"]))["transactioncurrency"]
    wanted = f"isocurrencycode eq '{mapping.currency}'"
    async for page in target.pages(table, select=["isocurrencycode"], filter=wanted):
        for row in page:
            return str(row["transactioncurrencyid"])
    raise AskPerson(
        "currency-missing",
        f"The environment has no currency {mapping.currency}, which the practice's amounts are in.",
        remedy="Add the currency in the Power Platform admin centre and resume, or start again with options.currency.",
    )
