"""When the health data that a run left in our storage goes, and the certificate that says what went and what stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.runs.model import Run

WENT = {
    "staged": ("blobs with staged records, their indexes and working files", "container staging"),
    "journal": ("pages of the journal, with the values before each change", "the run's own table"),
    "receipts": ("receipts of files", "table receipts"),
    "details": (
        "rows about lanes, shards and set-aside records, and the journal's wrapped key",
        "table runs",
    ),
}
"""What a purge deletes, by the name under which it is counted."""
NO_MORE = ("It can no longer be rolled back, verified, repaired or explained row by row.",)


def overdue(runs: Iterable[Run], *, now: datetime, days: float) -> list[Run]:
    """The runs that have ended longer ago than that and still have their records. None where ``days`` is 0."""
    return [
        run
        for run in runs
        if days and run.ended and run.ended_at and run.purge is None and not run.beside
        if now - datetime.fromisoformat(run.ended_at) > timedelta(days=days)
    ]


def certificate(run: Run, *, histories: int, at: str) -> dict[str, Any]:
    """What went, counted before it did, what stays and until when. ``histories``: Durable instances that went."""
    purge: Mapping[str, Any] = run.purge or {}
    counts = purge["went"]
    went = [
        {"what": what, "where": where, "count": int(counts[name]), "left": 0} for name, (what, where) in WENT.items()
    ]
    went.append(
        {
            "what": "orchestration histories, of this run and of others that had ended in its time",
            "where": "the task hub",
            "count": histories,
            "left": 0,
        }
    )
    went.append(
        {"what": "key of the ids in the audit trail", "where": "table runs", "count": int(counts["key"]), "left": 0}
    )
    return {
        "run": run.id,
        "practice": run.request["practice"],
        "asked_by": purge["by"],
        "asked_at": purge["asked_at"],
        "purged_at": at,
        "went": went,
        "stays": _stays(run),
        "no_more": list(NO_MORE),
    }


def _stays(run: Run) -> list[dict[str, str]]:
    rules = "the rules of the storage account, or your deletion"
    stays = [
        _one(
            "deleted blobs, out of anybody's sight",
            "the storage account's soft delete, against a slip",
            "as long as it is set to keep them: seven days in the template",
        ),
        _one("reports and the evidence pack", "counts, digests, names of fields and ids of rows; no values", rules),
        _one("the audit trail", "proof of what was done; its ids cannot be traced back without the key", rules),
        _one("the run's own line, its approvals and this certificate", "who decided what, and when", rules),
        _one("the rows in Dynamics 365", "they are the practice's", "your decision"),
    ]
    if run.request["source"]["kind"] == "bundle":
        stays.append(_one("the export bundle in the container inbox", "you put it there", "you delete it"))
    return stays


def _one(what: str, why: str, until: str) -> dict[str, str]:
    return {"what": what, "why": why, "until": until}
