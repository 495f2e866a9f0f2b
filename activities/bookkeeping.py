"""What is written down about a run: where it is, what holds it up, what a person has said."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from activities import auditing
from activities.notify import notify
from activities.toolbox import Toolbox
from shared.audit.chain import spelled
from shared.audit.event import APP, Event
from shared.errors import TryAgain
from shared.gates import DOCUMENT_OF
from shared.runs.model import Run
from shared.vocabulary import PROVE_AGAIN, Gate, Phase
from shared.wire.payloads import Look, Mark, Nothing, Seen, Trouble


async def mark(tools: Toolbox, asked: Mark) -> Nothing:
    """The run is in a phase now, and waits for a gate or for nobody."""
    run = await tools.run(asked.run)
    if asked.phase not in (run.phase, Phase.ROLLBACK):
        not_beside(run)
    head = await _told(tools, asked, "phase")
    await tools.runs.note(asked.run, phase=asked.phase, waiting_for=asked.waiting_for, audit_head=head)
    if asked.waiting_for in list(Gate):
        await notify(tools, await tools.run(asked.run))
    return Nothing()


def not_beside(run: Run) -> None:
    """Raises TryAgain while a part of the run is being put back, or a person erased: nothing else of it writes then."""
    if run.beside:
        raise TryAgain("under-way", "A part of the run is being put back; the rest of it waits.", after=15.0)


async def _told(tools: Toolbox, asked: Mark, kind: str) -> str:
    """Tell the audit trail where the run is. A gate is told with what it shows: a map amended is shown once more."""
    waits_at = asked.waiting_for if asked.waiting_for in list(Gate) else ""
    shown = await tools.runs.document(asked.run, DOCUMENT_OF[Gate(waits_at)]) if waits_at else None
    digest = shown.digest if shown else ""
    facts = {"mark": "phase", "phase": asked.phase, "waiting_for": asked.waiting_for, "digest": digest}
    return spelled(await tools.audit.add(asked.run, Event(kind, APP, facts)))


async def trouble(tools: Toolbox, asked: Trouble) -> Nothing:
    """Show a problem on the run until a person resumes it."""
    await tools.audit.add(asked.run, Event("problem", APP, {"mark": "problem", "code": asked.problem.code}))
    shown = {"code": asked.problem.code, "message": asked.problem.message, "remedy": asked.problem.remedy}
    await tools.runs.note(asked.run, problem=orjson.dumps(shown).decode())
    await notify(tools, await tools.run(asked.run))
    return Nothing()


async def finish(tools: Toolbox, asked: Mark) -> Nothing:
    """The run has ended."""
    ended = datetime.now(UTC).isoformat(timespec="milliseconds")
    columns = {"phase": asked.phase, "waiting_for": "", "wish": "", "problem": "", "ended_at": ended, "claimed_at": ""}
    await tools.runs.note(asked.run, **columns, audit_head=await _told(tools, asked, "run-ended"))
    await notify(tools, await tools.run(asked.run))
    await tools.release(asked.run)
    return Nothing()


async def look(tools: Toolbox, asked: Look) -> Seen:
    """Whether there is an answer about a topic. The waiter is written down first, so that no wake-up is missed."""
    await tools.runs.wait(asked.run, asked.waiter, asked.event)
    answer = await _answer(tools, await tools.run(asked.run), asked.topic)
    if answer != "wait":
        await tools.runs.stop_waiting(asked.run, asked.waiter)
    return Seen(answer)


async def _answer(tools: Toolbox, run: Run, topic: str) -> str:
    if run.wish == "rollback" and run.phase is not Phase.ROLLBACK:
        return "rollback"
    if topic == "paused":
        return "wait" if run.wish == "pause" else "resume"
    if topic == "problem":
        return "wait" if run.problem else "resume"
    if run.proofs_asked > run.proofs_begun and topic in ("window", Gate.SIGN_OFF):
        return PROVE_AGAIN
    if topic == "window":
        if run.close_asked:
            return "close"
        return "pickup" if run.pickups_asked > run.pickups_begun else "wait"
    return await _decision(tools, run, Gate(topic))


async def _decision(tools: Toolbox, run: Run, gate: Gate) -> str:
    document = await tools.runs.document(run.id, DOCUMENT_OF[gate])
    decision = await tools.runs.decision(run.id, gate, document.digest) if document else None
    if document is None or decision is None:
        return "wait"
    await auditing.decided(tools, run, gate, document.digest, decision)  # whoever took it may have died before telling
    return str(decision["decision"])
