"""What the front door does when somebody asks for the way back, for its rehearsal, or for what the last one held."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from activities import documents, neighbours, parts
from activities.reception import KEY_HOLDER, Outcome, waiters
from activities.toolbox import Toolbox
from activities.way_back import HELD, NAMES
from shared import answers, bodies, gates, intake
from shared.answers import Answer
from shared.audit.event import Event
from shared.bodies import RollbackRequest
from shared.runs import parts as parts_of
from shared.runs.model import Run
from shared.runs.parts import Part
from shared.vocabulary import Phase


async def rollback(tools: Toolbox, run: Run, body: bytes = b"", *, who: str = KEY_HOLDER) -> Outcome:
    """Turn the run back, wherever it is; or, after that, see again to what it had to leave. A body may name a part that
    is to go alone, and release rows that somebody edited, by the digest of the document that lists them."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = bodies.rollback(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    if asked.part:
        return await _part(tools, run, asked, who=who)
    last = await documents.read(tools, run.id, NAMES["undo"]) if run.phase is Phase.ROLLED_BACK else None
    held = await tools.runs.document(run.id, HELD) if asked.release else None
    refusal = gates.judge_rollback(run, held=int((last or {}).get("held", 0))) or gates.judge_release(asked, held)
    if refusal:
        return Outcome(answers.refused(refusal))
    if run.ended and (refusal := await neighbours.claim(tools, run)):
        return Outcome(answers.refused(refusal))
    if run.part:  # held up, or this would have been refused: the whole goes on from where the part got to
        at = datetime.now(UTC).isoformat(timespec="seconds")
        await tools.runs.note(run.id, parts=parts_of.spelled(parts_of.ended(run.parts, at=at, overtaken=True)))
    again = run.phase is Phase.ROLLED_BACK
    turn = run.turn + 1 if again and run.wish != "rollback" else run.turn
    release: dict[str, Any] = asked.model_dump()["release"] or {}
    facts = {"phase": run.phase.value, "turn": turn, "by": asked.by, "digest": asked.digest, "mark": f"rollback/{turn}"}
    facts |= {"released_rows": len(release.get("rows", ())), "released_tables": release.get("tables", [])}
    await tools.audit.add(run.id, Event("rollback-asked", who, facts))
    said = {**release, "by": asked.by, "digest": asked.digest, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    noted = orjson.dumps(said).decode() if release else ""
    await tools.runs.note(run.id, wish="rollback", problem="", rollbacks=turn, release=noted)
    answer = Answer(202, {"run": run.id, "asked": "rollback"})
    if again or run.phase is Phase.FINISHED:
        # Its story has ended; the way back is a story of its own.
        await tools.runs.note(run.id, ended_at="")
        return Outcome(answer, start=("rollback", f"{run.id}-rollback" + (f"-{turn}" if again else "")))
    return Outcome(answer, wake=await waiters(tools, run))


async def _part(tools: Toolbox, run: Run, asked: RollbackRequest, *, who: str) -> Outcome:
    """Have a part of the run put back, beside its story, which goes on waiting. The same once more is the same one."""
    assert asked.part is not None
    said = asked.part.model_dump(exclude_none=True)
    if run.part and dict(run.part.asked) == said:
        return _started(run, run.part)
    part = await parts.meant(tools, run, asked)
    if isinstance(part, gates.Refusal):
        return Outcome(answers.refused(gates.judge_part(run, sample=bool(asked.part.generation)) or part))
    held = await tools.runs.document(run.id, HELD) if asked.release else None
    refusal = gates.judge_release(asked, held) or await parts.refusal(tools, run, part)
    if refusal is None and run.ended:
        refusal = await neighbours.claim(tools, run)
    if refusal:
        return Outcome(answers.refused(refusal))
    number, at = len(run.parts) + 1, datetime.now(UTC).isoformat(timespec="seconds")
    part = replace(part, number=number, by=asked.by, at=at, release=asked.model_dump()["release"])
    release: dict[str, Any] = asked.model_dump()["release"] or {}
    facts: dict[str, Any] = {"mark": f"part/{number}", "part": said, "objects": list(part.objects), "by": asked.by}
    facts |= {"digest": asked.digest, "released_rows": len(release.get("rows", ()))}
    facts |= {"released_tables": release.get("tables", []), "phase": run.phase.value}
    await tools.audit.add(run.id, Event("part-rollback-asked", who, facts))
    await tools.runs.note(run.id, parts=parts_of.spelled([*run.parts, part]))
    return _started(run, part)


def _started(run: Run, part: Part) -> Outcome:
    answer = Answer(202, {"run": run.id, "asked": "rollback", "number": part.number, "objects": list(part.objects)})
    return Outcome(answer, start=("partial_rollback", f"{run.id}-part-{part.number}"))


async def unbegun(tools: Toolbox) -> list[Outcome]:
    """Every part that is being put back: begun now, should its request have died before it was."""
    return [_started(run, run.part) for run in await tools.runs.all() if run.part]


async def rehearse(tools: Toolbox, run: Run, body: bytes = b"", *, who: str = KEY_HOLDER) -> Outcome:
    """Say what the way back would do, and change nothing. Asked for again while one is under way, it is that one."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = bodies.rollback(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    if refusal := gates.judge_rehearsal(run):
        return Outcome(answers.refused(refusal))
    under_way = run.rehearsals_asked > run.rehearsals_done
    part = await parts.meant(tools, run, asked) if asked.part else None
    if isinstance(part, gates.Refusal):
        return Outcome(answers.refused(part))
    if part and not under_way and (refusal := await parts.refusal(tools, run, part)):
        return Outcome(answers.refused(refusal))
    number = run.rehearsals_asked if under_way else run.rehearsals_asked + 1
    facts: dict[str, Any] = {"phase": run.phase.value, "mark": f"rehearsal/{number}"}
    await tools.audit.add(run.id, Event("rehearsal-asked", who, facts | ({"part": dict(part.asked)} if part else {})))
    if not under_way:
        rehearsing = orjson.dumps(asdict(part)).decode() if part else ""
        await tools.runs.note(run.id, rehearsals_asked=number, rehearsing=rehearsing)
    answer = Answer(202, {"run": run.id, "asked": "rehearsal", "number": number})
    return Outcome(answer, start=("rehearsal", f"{run.id}-rehearsal-{number}"))
