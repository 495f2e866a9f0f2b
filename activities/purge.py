"""Let the health data of a run go: what is staged, the values before each change, and the histories (by request, or
when the time to keep them is over)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from activities import documents
from activities.reception import KEY_HOLDER, TIMER, Outcome
from activities.toolbox import Toolbox
from shared import answers, bodies, gates, intake
from shared.answers import Answer
from shared.audit.event import Event
from shared.errors import TryAgain
from shared.journal.store import Journal
from shared.runs import retention
from shared.runs.model import Run
from shared.wire.payloads import About, Progress

CERTIFICATE = "purge-certificate"


async def ask(tools: Toolbox, run: Run, body: bytes, *, who: str = KEY_HOLDER) -> Outcome:
    """Purge a run that has ended. Cannot be undone, so the body has to name the run once more, and who asks."""
    if len(body) > intake.LARGEST_BODY:
        return Outcome(answers.too_large(intake.LARGEST_BODY))
    try:
        asked = bodies.purge(body)
    except intake.Doubtful as doubtful:
        return Outcome(answers.doubtful(doubtful.complaints))
    if refusal := gates.judge_purge(run, asked):
        return Outcome(answers.refused(refusal))
    return await _begun(tools, run, by=asked.by, who=who)


async def overdue(tools: Toolbox) -> list[Outcome]:
    """A purge for every run whose time is over."""
    now, days = datetime.now(UTC), tools.settings.retention_days
    late = retention.overdue(await tools.runs.all(), now=now, days=days)
    return [await _begun(tools, run, by=f"retention of {days:g} days", who=TIMER) for run in late]


async def _begun(tools: Toolbox, run: Run, *, by: str, who: str) -> Outcome:
    if run.purge is None:
        await tools.audit.add(run.id, Event("purge-asked", who, {"mark": "purge-asked", "by": by}))
        await _note(tools, run, {"by": by, "asked_at": datetime.now(UTC).isoformat(timespec="seconds")})
    return Outcome(Answer(202, {"run": run.id, "asked": "purge"}), start=("purge", instance(run)))


def instance(run: Run) -> str:
    """The instance that tells a run's purge."""
    return f"{run.id}-purge"


async def purge_records(tools: Toolbox, about: About) -> Progress:
    """Delete, look whether it is gone, and say so. Counted before the first goes, so that a repeat still knows."""
    run = await tools.run(about.run)
    if run.purge is None or "done_at" in run.purge:
        return Progress()
    journal = Journal(tools.tables, run.id)
    noted = {**run.purge}
    if "went" not in noted:
        noted["went"] = {**await _there(tools, run, journal), "key": bool(run.audit_key)}
        await _note(tools, run, noted)
    await journal.drop()
    await tools.staging.delete_staged(run.id)
    await tools.receipts.drop(run.id)
    await tools.runs.forget(run.id, documents=documents.HOLDS_VALUES)
    if any((await _there(tools, run, journal)).values()):
        raise TryAgain("purge-unfinished", "Not everything was deleted yet.", after=30.0)
    await tools.runs.note(run.id, audit_key="")
    await _note(tools, run, {**noted, "done_at": datetime.now(UTC).isoformat(timespec="seconds")})
    await tools.release(run.id)
    return Progress()


async def _there(tools: Toolbox, run: Run, journal: Journal) -> dict[str, int]:
    return {
        "staged": await tools.staging.count_staged(run.id),
        "journal": sum(count for *_, count in await journal.lanes()),
        "receipts": await tools.receipts.count(run.id),
        "details": await tools.runs.details(run.id, documents=documents.HOLDS_VALUES),
    }


async def without_certificate(tools: Toolbox) -> list[Run]:
    """The runs whose records are gone, and whose histories are still to go."""
    return [run for run in await tools.runs.all() if run.purge and "done_at" in run.purge and not run.purged_at]


async def certify(tools: Toolbox, run: Run, *, histories: int) -> None:
    """Everything is gone: write the certificate."""
    assert run.purge is not None
    at = str(run.purge["done_at"])  # of the purge itself, so that a repeat says the same
    body = retention.certificate(run, histories=histories, at=at)
    document = await documents.publish(tools, run.id, CERTIFICATE, body)
    await tools.audit.add(run.id, Event("purged", TIMER, {"mark": "purged", "certificate": document.digest}))
    await tools.runs.note(run.id, purged_at=at)


async def _note(tools: Toolbox, run: Run, purge: Mapping[str, Any]) -> None:
    await tools.runs.note(run.id, purge=orjson.dumps(purge).decode())
