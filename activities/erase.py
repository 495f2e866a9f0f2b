"""Find a person in what a run keeps, by the source's id, and erase them: the request, its steps and its certificate.

The id is in the runs table and in a working file for as long as that takes, and nowhere else: not in Durable, not in
the audit trail, not in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson

from activities import documents, erased, evidence, parts
from activities.erasing import PLACES, Erasing, object_of
from activities.link import maps_left
from activities.reception import KEY_HOLDER, Outcome
from activities.toolbox import Toolbox
from shared import answers, gates, intake
from shared.answers import Answer
from shared.audit.event import APP, Event
from shared.audit.keyed import keyed
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Excluded
from shared.people import asked as erasure
from shared.people.certificate import certificate, rehearsal
from shared.people.erasing import PERSONAL, Scrub, Trace
from shared.reconcile.conservation import cell
from shared.runs.model import Run
from shared.staging import layout
from shared.vocabulary import ANOTHER_RULE
from shared.wire.payloads import About, Nothing, Progress

SHARDS_AT_A_TIME = 20
RECORDS = "staged records"
CERTIFICATE, REHEARSAL = "erasure-certificate", "erasure-rehearsal"


async def ask(tools: Toolbox, run: Run, body: bytes, *, dry: bool, who: str = KEY_HOLDER) -> Outcome:
    """Have a patient found, or erased. Cannot be undone, so the body has to give the id once more."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = erasure.erase(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    if not dry and asked.confirm != asked.id:
        return Outcome(answers.refused(gates.not_confirmed()))
    if run.erasing and (run.erasing.get("id"), run.erasing["dry"]) == (asked.id, dry):
        return _started(run, int(run.erasing["number"]), dry=dry)
    refusal = gates.judge_erase(run) or (None if run.ended else await parts.going_on(tools, run))
    if refusal:
        return Outcome(answers.refused(refusal))
    number, at = run.erasures + 1, datetime.now(UTC).isoformat(timespec="seconds")
    facts = {"mark": f"erasure/{number}", "person": keyed(run.audit_key, asked.id), "by": asked.by, "dry_run": dry}
    await tools.audit.add(run.id, Event("erase-asked", who, facts))
    erasing = {"number": number, "id": asked.id, "by": asked.by, "at": at, "dry": dry}
    await tools.runs.note(run.id, erasing=orjson.dumps(erasing).decode(), erasures=number)
    return _started(run, number, dry=dry)


def _started(run: Run, number: int, *, dry: bool) -> Outcome:
    answer = Answer(202, {"run": run.id, "asked": "find" if dry else "erase", "number": number})
    return Outcome(answer, start=("erasure", f"{run.id}-erasure-{number}"))


async def unbegun(tools: Toolbox) -> list[Outcome]:
    """Every search and erasure that is under way: begun now, should its request have died before it was."""
    asked = [(run, run.erasing) for run in await tools.runs.all() if run.erasing]
    return [_started(run, int(one["number"]), dry=bool(one["dry"])) for run, one in asked]


async def find_person(tools: Toolbox, about: About) -> Progress:
    """Look for the person in the next staged shards, then in the next place; how much there is, is counted before
    anything goes."""
    run = await tools.run(about.run)
    if run.erasing is None or "id" not in run.erasing:
        return Progress()
    state = await _state(tools, run)
    if state.get("counted", {}).keys() == PLACES.keys():
        return Progress()
    if "paths" not in state:
        state |= {"paths": await _shards(tools, run), "at": 0, "hits": [], "counted": {RECORDS: 0}}
    if state["at"] < len(state["paths"]):
        await _look_into(tools, run, state)
    else:
        place = next(name for name in PLACES if name not in state["counted"])
        state["counted"][place] = await PLACES[place](await _erasing(tools, run, state, change=False))
    await _keep(tools, run, state)
    return Progress(more=True)


async def erase_person(tools: Toolbox, about: About) -> Progress:
    """Clear the next place."""
    run = await tools.run(about.run)
    if run.erasing is None or run.erasing["dry"] or "id" not in run.erasing:
        return Progress()
    state = await _state(tools, run)
    cleared = state.setdefault("cleared", [])
    if len(cleared) == len(PLACES):
        return Progress()
    await erased.keep(tools, run, int(run.erasing["number"]), _trace(state))
    place = list(PLACES)[len(cleared)]
    await PLACES[place](await _erasing(tools, run, state, change=True))
    cleared.append(place)
    await _keep(tools, run, state)
    return Progress(more=True)


async def person_erased(tools: Toolbox, about: About) -> Nothing:
    """Say what was found or erased, then forget whom it was about."""
    run = await tools.run(about.run)
    if run.erasing is None:
        return Nothing()
    if "id" in run.erasing:
        await _say(tools, run, run.erasing)
        await tools.runs.note(run.id, erasing=_nameless(run.erasing))
    if not run.erasing["dry"]:
        pack = await evidence.build(tools, await tools.run(run.id))
        await tools.evidence.drop_others(run.id, pack.path)
    await tools.staging.drop(_path(run))
    await tools.runs.note(run.id, erasing="")
    return Nothing()


def _nameless(asked: Mapping[str, Any]) -> str:
    return orjson.dumps({name: said for name, said in asked.items() if name != "id"}).decode()


async def _say(tools: Toolbox, run: Run, asked: Mapping[str, Any]) -> None:
    state = await _state(tools, run)
    person = keyed(run.audit_key, str(asked["id"]))
    told = {"number": asked["number"], "person": person, "asked_by": asked["by"], "asked_at": asked["at"]}
    trace = _trace(state)
    if asked["dry"]:
        await documents.publish(tools, run.id, REHEARSAL, rehearsal(run, trace, state["counted"], told))
        return
    looking = await _erasing(tools, run, state, change=False)
    left = {name: await look(looking) for name, look in PLACES.items()}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    body = certificate(run, trace, state["counted"], left, {**told, "erased_at": at})
    document = await documents.publish(tools, run.id, CERTIFICATE, body)
    facts = {"mark": f"erased/{asked['number']}", "person": person, "certificate": document.digest}
    await tools.audit.add(run.id, Event("erased", APP, {**facts, "went": state["counted"], "left": left}))
    await tools.runs.note(run.id, erased=orjson.dumps(sorted({*run.erased, person})).decode())
    tools.forget(run.id)
    tools.replaced = {mark: ids for mark, ids in tools.replaced.items() if mark[0] != run.id}


async def _look_into(tools: Toolbox, run: Run, state: dict[str, Any]) -> None:
    trace, maps = _trace(state), await maps_left(tools, run)
    known = await tools.runs.all_shards(run.id)
    for path in state["paths"][state["at"] : state["at"] + SHARDS_AT_A_TIME]:
        name = object_of(path)
        theirs = [one for one in await tools.staging.read_lines(path) if trace.is_of(name, one)]
        rules = [one for one in maps.values() if one.source == name]
        for record in theirs:
            _note(trace, name, record, rules)
            if known.get(path, ("",))[0] == layout.BASE:
                at, cells = cell(record), trace.cells.setdefault(name, {})
                cells[at] = cells.get(at, 0) + 1
        state["hits"] += [path] if theirs else []
        state["counted"][RECORDS] += len(theirs)
    state["at"] += SHARDS_AT_A_TIME
    state["trace"] = asdict(trace)


def _note(trace: Trace, name: str, record: dict[str, Any], rules: list[ObjectMap]) -> None:
    ids, id_ = trace.ids.setdefault(name, []), str(record["id"])
    first = id_ not in ids
    if first:
        ids.append(id_)
    for rule in rules:
        found = rule.rows(record)
        if isinstance(found, Excluded) and found.rule == ANOTHER_RULE:
            continue
        trace.taken[rule.object] = trace.taken.get(rule.object, 0) + first
        rows = trace.rows.setdefault(rule.object, [])
        parts_of_it = [row.id for row in found] if isinstance(found, list) else []
        rows += [row for row in dict.fromkeys([rule.row_id(record), *parts_of_it]) if row not in rows]


async def _shards(tools: Toolbox, run: Run) -> list[str]:
    """Every shard that may hold somebody's records, what others refer to first."""
    found = [path for path in await tools.staging.staged(run.id) if object_of(path)]
    return sorted(found, key=lambda path: (PERSONAL.index(object_of(path)),
                                           layout.order_of(layout.generation_of(path)), path))  # fmt: skip


async def _erasing(tools: Toolbox, run: Run, state: Mapping[str, Any], *, change: bool) -> Erasing:
    mapping = await documents.need(tools, run.id, "mapping")
    sources = {rule["object"]: rule["reads"] or rule["object"] for rule in mapping["objects"]}
    trace = _trace(state)
    return Erasing(tools, run, trace, Scrub(trace, sources), change, tuple(state["hits"]))


def _trace(state: Mapping[str, Any]) -> Trace:
    return Trace(**state["trace"])


async def _state(tools: Toolbox, run: Run) -> dict[str, Any]:
    assert run.erasing is not None
    kept = await tools.staging.find_bytes(_path(run))
    state: dict[str, Any] = orjson.loads(kept) if kept else {"trace": asdict(Trace(str(run.erasing["id"])))}
    return state


async def _keep(tools: Toolbox, run: Run, state: Mapping[str, Any]) -> None:
    await tools.staging.write_bytes(_path(run), orjson.dumps(state))


def _path(run: Run) -> str:
    assert run.erasing is not None
    return f"{run.id}/erasing/{run.erasing['number']:06d}"
