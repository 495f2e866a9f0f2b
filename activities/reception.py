"""What the front door does with a request once it is parsed: check, write down, say whom to wake or what to start."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities import auditing, documents, neighbours
from activities.preflight import preflight
from activities.toolbox import Toolbox, export
from activities.way_back import of_that_turn
from shared import answers, bodies, gates, intake
from shared.answers import Answer
from shared.audit.chain import REGISTERED
from shared.audit.event import Event
from shared.diff.masking import MASKS
from shared.evidence import pack
from shared.mapping.amend import complaints
from shared.mapping.model import parse
from shared.mapping.places import READS
from shared.runs.model import LaneProgress, Run, progress_by_object, summary
from shared.runs.parts import put_back
from shared.vocabulary import Gate, Phase

DOCUMENTS = (
    "inventory",
    "mapping",
    "setup-guide",
    "owners",
    "archive-gaps",
    "files",
    "coverage",
    "sample-diff",
    "conservation",
    "money",
    "exceptions",
    "verdict",
    "conflicts",
    "source-changes",
    "rollback-rehearsal",
    "rollback-held",
    "rollback",
    "purge-certificate",
    "erasure-rehearsal",
    "erasure-certificate",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, and what the durable client still has to do: start an instance, wake others."""

    answer: Answer
    start: tuple[str, str] | None = None
    wake: tuple[tuple[str, str], ...] = ()


KEY_HOLDER, TIMER = "function-key", "timer"


def asker(tools: Toolbox, principal: str) -> str:
    """Who asks, as far as the app can know: the user whom the platform signed in, else whoever holds a function key.

    ``principal`` is a header. It is believed only where App Service authentication is on, which takes the header away
    from whoever sends it; elsewhere anybody with a key could write any name there.
    """
    name = "".join(sign for sign in principal if sign.isprintable())[:128]
    return name if name and tools.settings.users_sign_in else KEY_HOLDER


async def start(tools: Toolbox, body: bytes, key: str, *, who: str = KEY_HOLDER) -> Outcome:
    """Register a run, once per idempotency key, after everything that can be checked was checked."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    key, digest = intake.start_key(key), hashlib.sha256(body).hexdigest()
    claimed = await tools.runs.claimed(key)
    if claimed and claimed[1] != digest:
        return Outcome(_other_body())
    try:
        request = intake.start(body, tools.settings)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    run = intake.run_id(key)
    known = await tools.runs.get(run)
    if known is None:
        await preflight(tools, request)
        _, first = await tools.runs.claim_start(key, run=run, body_digest=digest)
        if first != digest:
            return Outcome(_other_body())
        # First the trail, then the row: a start that is repeated because it was cut off finds the event and the row.
        facts = {"mark": "run", "run": run, "request": digest}
        await tools.audit.add(run, Event(REGISTERED, who, facts))
        await tools.runs.register(run, request, at=datetime.now(UTC).isoformat(timespec="milliseconds"))
    # A story that has begun may be over and forgotten: it is not told again.
    began = known is not None and known.phase is not Phase.REGISTERED
    return Outcome(_started(run), start=None if began else ("migration", run))


def _started(run: str) -> Answer:
    here = f"/api/migrations/{run}"
    links = {"self": here, "decisions": f"{here}/decisions", "documents": f"{here}/documents/{{name}}"}
    links["lineage"] = f"{here}/lineage/{{table}}/{{id}}"
    asks = ("rollback", "pause", "resume", "pickup", "verify", "repair", "purge", "erase")
    links |= {name: f"{here}/{name}" for name in (*asks, "audit")}
    return Answer(202, {"run": run, "links": links}, {"Location": here})


def _other_body() -> Answer:
    detail = "This idempotency key was used before with another body. Use a new key for a new migration."
    return answers.problem(422, "key-used-for-another-body", "The key belongs to another request", detail)


async def listed(tools: Toolbox) -> Answer:
    """Every run, newest first."""
    now = datetime.now(UTC)
    return Answer(200, {"migrations": [summary(run, now=now) for run in await tools.runs.all()]})


async def status(tools: Toolbox, run: Run) -> Answer:
    """One run: phase, what it waits for, progress per object, rates, and the digests a decision has to name."""
    current, lanes = await tools.runs.progress(run.id)
    body = summary(run, now=datetime.now(UTC))
    counts = _counts(lanes)
    shown = [one for one in current if one.name in (*DOCUMENTS, pack.NAME)]
    written = sum(count["created"] + count["updated"] for count in counts.values())
    deltas = [lane.tally for lane in lanes if lane.step == "load" and lane.generation.startswith("delta")]
    undone = [lane.notes for lane in lanes if lane.step == "undo" and of_that_turn(lane, run.turn)]
    for name, gone in _put_back(run, lanes).items():
        if name in counts:
            counts[name]["rolled_back"] = gone
    body |= {
        "objects": counts,
        "rows_per_second": round(written / max(body["elapsed_seconds"], 1), 1),
        "delta": {
            "created": sum(t.created for t in deltas),
            "updated": sum(t.updated for t in deltas),
            "set_aside": sum(t.set_aside for t in deltas),
        },
        "erasing": run.erasing is not None,
        "parts": [part.told() for part in run.parts],
        "rollback": {
            "rows_undone": sum(int(notes.get("undone", 0)) for notes in undone),
            "held": sum(int(notes.get("held", 0)) for notes in undone),
            "listed": [dict(zip(("where", "what", "why"), one, strict=True)) for one in _listed(undone)],
        },
        "documents": {one.name: {"digest": one.digest, "sequence": one.sequence} for one in shown},
    }
    return Answer(200, body)


def _put_back(run: Run, lanes: Iterable[LaneProgress]) -> dict[str, int]:
    """How many rows of each object that was put back alone are gone, or as they were."""
    turns = {part.number for part in run.parts if put_back([part])}
    gone: dict[str, int] = {}
    for lane in lanes:
        if lane.step == "undo_part" and any(of_that_turn(lane, turn) for turn in turns):
            gone[lane.object] = gone.get(lane.object, 0) + int(lane.notes.get("undone", 0))
    return gone


def _counts(lanes: Sequence[LaneProgress]) -> dict[str, dict[str, int]]:
    moved = {lane.object for lane in lanes if lane.step == "extract"}
    profiled = [lane for lane in lanes if lane.step == "profile" and lane.object in (moved or {lane.object})]
    expected = {lane.object: int(lane.notes["records"]) for lane in profiled if lane.notes}
    return progress_by_object(lanes, expected, READS)


async def counts(tools: Toolbox, run: Run) -> dict[str, dict[str, int]]:
    """What became of the records of each object so far, as the status shows it."""
    return _counts(await tools.runs.lanes(run.id))


def _listed(undone: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """What the way back left where it is: rows by table and id, parts of the schema by name, each with its reason."""
    return [
        *(one for notes in undone for one in notes.get("listed", ())),
        *(["schema", name, why] for notes in undone for name, why in notes.get("reasons", {}).items()),
    ]


async def document(tools: Toolbox, run: Run, name: str, *, values: bool, who: str = KEY_HOLDER) -> Answer:
    """One document with its digest. Record values are masked unless they are asked for."""
    if name not in DOCUMENTS:
        detail = f"Documents are: {', '.join(DOCUMENTS)}."
        return answers.problem(404, "unknown-document", "There is no such document", detail)
    found = await tools.runs.document(run.id, name)
    if found is None and (refusal := gates.judge_kept(run)):
        return answers.refused(refusal)
    if found is None:
        detail = f"The run is in phase {run.phase.value}; this document comes later."
        return answers.problem(404, "document-not-yet", "The document is not there yet", detail)
    if values and name in documents.HOLDS_VALUES:
        facts = {"document": name, "digest": found.digest, "sequence": found.sequence}
        await tools.audit.add(run.id, Event("values-read", who, facts))
    body = await documents.content(tools, found)
    if name in MASKS and not values:
        body = MASKS[name](body)
    return Answer(200, {"name": name, "digest": found.digest, "sequence": found.sequence, "document": body})


async def decide(tools: Toolbox, run: Run, body: bytes, *, who: str = KEY_HOLDER) -> Outcome:
    """Take a decision about the document a gate shows."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = bodies.decision(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    known = asked.gate in list(Gate)
    current = await tools.runs.document(run.id, gates.DOCUMENT_OF[Gate(asked.gate)]) if known else None
    earlier = await tools.runs.decision(run.id, asked.gate, asked.digest) if known else None
    refusal = gates.judge(run, asked, current, earlier)
    if refusal:
        return Outcome(answers.refused(refusal))
    if asked.gate == Gate.MAPPING and not earlier:
        mapping = await documents.need(tools, run.id, "mapping")
        if refusal := gates.judge_mapping(asked, mapping):
            return Outcome(answers.refused(refusal))
        wrong = complaints(parse(mapping), asked.changes) if asked.decision == "amend" else []
        if wrong:
            return Outcome(answers.doubtful({"at": "changes", "problem": text} for text in wrong))
        if asked.decision == "approve" and (refusal := await neighbours.claim(tools, run)):
            return Outcome(answers.refused(refusal))
    stamped = {**asked.model_dump(), "who": who, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    recorded = earlier or await tools.runs.decide(run.id, asked.gate, asked.digest, stamped) or stamped
    if recorded["decision"] != asked.decision:
        return Outcome(answers.refused(gates.already(recorded["decision"])))
    await auditing.decided(tools, run, Gate(asked.gate), asked.digest, recorded)
    answer = Answer(202, {"run": run.id, "gate": asked.gate, "decision": asked.decision})
    return Outcome(answer, wake=await waiters(tools, run))


async def pause(tools: Toolbox, run: Run, *, who: str = KEY_HOLDER) -> Outcome:
    """Let every step that is under way end, and start no other."""
    refusal = gates.judge_pause(run)
    if refusal:
        return Outcome(answers.refused(refusal))
    await tools.audit.add(run.id, Event("pause-asked", who, {"phase": run.phase.value}))
    await tools.runs.note(run.id, wish="pause")
    return Outcome(Answer(202, {"run": run.id, "asked": "pause"}))


async def resume(tools: Toolbox, run: Run, *, who: str = KEY_HOLDER) -> Outcome:
    """Go on after a pause, or after a problem somebody has dealt with."""
    refusal = gates.judge_resume(run)
    if refusal:
        return Outcome(answers.refused(refusal))
    wish = "rollback" if run.phase is Phase.ROLLBACK else ""
    overlook = bool(run.problem and run.problem["code"] == "too-many-set-aside")
    facts = {"mark": "problem", "phase": run.phase.value, "problem": run.problem["code"] if run.problem else ""}
    await tools.audit.add(run.id, Event("resume-asked", who, facts))
    await tools.runs.note(run.id, wish=wish, problem="", overlook_set_aside=overlook or run.overlook_set_aside)
    return Outcome(Answer(202, {"run": run.id, "asked": "resume"}), wake=await waiters(tools, run))


async def pickup(tools: Toolbox, run: Run, body: bytes = b"", *, close: bool, who: str = KEY_HOLDER) -> Outcome:
    """Pick up the source's changes now; ``close`` makes it the last time. A body may name a newer export."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        bundle = bodies.pickup(body).bundle
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    refusal = gates.judge_pickup(run, bundle=bundle)
    if refusal is None and bundle and bundle != run.blob:
        refusal = await _judge_bundle(tools, run, bundle)
    if refusal:
        return Outcome(answers.refused(refusal))
    asked_now = run.pickups_asked + 1
    marks: dict[str, Any] = {"close_asked": True} if close else {"pickups_asked": asked_now}
    # A complete list costs what the first extraction did: a person may want that, the timer does not.
    marks |= {"lists_asked": asked_now} if who != TIMER and not close else {}
    marks |= {"bundle_asked": bundle} if bundle else {}
    await tools.audit.add(run.id, Event("pickup-asked", who, {"close": close, "bundle": bool(bundle)}))
    await tools.runs.note(run.id, **marks)
    asked = "close" if close else "pickup"
    return Outcome(Answer(202, {"run": run.id, "asked": asked}), wake=await waiters(tools, run))


async def _judge_bundle(tools: Toolbox, run: Run, bundle: str) -> gates.Refusal | None:
    """Whether that export can be read from its first row to its last, and goes on from the one before."""
    opened = await tools.open_source(export(run, bundle))
    try:
        newer = await opened.describe()
    finally:
        await opened.close()
    return gates.judge_newer(now=await (await tools.source_of(run)).describe(), newer=newer)


async def all_in_their_window(tools: Toolbox) -> list[Outcome]:
    """A pickup for every run whose delta window is open: what the timer does."""
    runs = [run for run in await tools.runs.all() if run.phase is Phase.DELTA]
    return [await pickup(tools, run, close=False, who=TIMER) for run in runs]


async def find(tools: Toolbox, run: str) -> Run | None:
    """A run by the id in an address; anything that cannot be an id finds nothing."""
    return await tools.runs.get(run) if re.fullmatch(r"r[0-9a-f]{20}", run) else None


async def waiters(tools: Toolbox, run: Run) -> tuple[tuple[str, str], ...]:
    """Whom to wake, each once."""
    return tuple(await tools.runs.take_waiters(run.id))
