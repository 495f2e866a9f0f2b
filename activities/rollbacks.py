"""What the front door does when somebody asks for the way back, for its rehearsal, or for what the last one held."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from activities import documents, neighbours
from activities.reception import KEY_HOLDER, Outcome, waiters
from activities.toolbox import Toolbox
from activities.way_back import HELD, NAMES
from shared import answers, gates, intake
from shared.answers import Answer
from shared.audit.event import Event
from shared.runs.model import Run
from shared.vocabulary import Phase


async def rollback(tools: Toolbox, run: Run, body: bytes = b"", *, who: str = KEY_HOLDER) -> Outcome:
    """Turn the run back, wherever it is; or, after that, see again to what it had to leave. A body may release rows
    that somebody edited, by the digest of the document that lists them."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = intake.rollback(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    last = await documents.read(tools, run.id, NAMES["undo"]) if run.phase is Phase.ROLLED_BACK else None
    held = await tools.runs.document(run.id, HELD) if asked.release else None
    refusal = gates.judge_rollback(run, held=int((last or {}).get("held", 0))) or gates.judge_release(asked, held)
    if refusal:
        return Outcome(answers.refused(refusal))
    if run.ended and (refusal := await neighbours.claim(tools, run)):
        return Outcome(answers.refused(refusal))
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


async def rehearse(tools: Toolbox, run: Run, *, who: str = KEY_HOLDER) -> Outcome:
    """Say what the way back would do, and change nothing. Asked for again while one is under way, it is that one."""
    if refusal := gates.judge_rehearsal(run):
        return Outcome(answers.refused(refusal))
    number = run.rehearsals_asked if run.rehearsals_asked > run.rehearsals_done else run.rehearsals_asked + 1
    facts = {"phase": run.phase.value, "mark": f"rehearsal/{number}"}
    await tools.audit.add(run.id, Event("rehearsal-asked", who, facts))
    await tools.runs.note(run.id, rehearsals_asked=number)
    answer = Answer(202, {"run": run.id, "asked": "rehearsal", "number": number})
    return Outcome(answer, start=("rehearsal", f"{run.id}-rehearsal-{number}"))
