"""What is said about a person who was found or erased: counts by place, what stays, and how that goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.people.erasing import Trace
from shared.runs.model import Run

WHERE = {
    "staged records": "container staging, in the shards of every generation",
    "working files": "container staging: profiles, rows that a way back held, findings of proofs",
    "documents": "versions of documents that name the person, and their masked forms",
    "values before a change": "the run's journal; rows that were there before cannot return to what they were",
    "receipts of files": "table receipts: which file it is, its size and its digest",
    "rows about records": "table runs: records set aside, lists of lanes",
}
"""Where each place is that is counted."""


def rehearsal(run: Run, trace: Trace, counted: Mapping[str, int], told: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, and would go."""
    return {**_about(run, trace, told), "found": [_line(name, counted[name]) for name in counted]}


def certificate(
    run: Run, trace: Trace, counted: Mapping[str, int], left: Mapping[str, int], told: Mapping[str, Any]
) -> dict[str, Any]:
    """What went, counted before it did; what was found in a look after that; what stays, and until when."""
    went = [{**_line(name, counted[name]), "left": left[name]} for name in counted]
    return {**_about(run, trace, told), "went": went, "replaced": list(REPLACED), "stays": _stays(run, trace)}


def _about(run: Run, trace: Trace, told: Mapping[str, Any]) -> dict[str, Any]:
    """``person`` is the keyed id under which the audit trail knows the person; the id itself is nowhere."""
    records = {name: len(ids) for name, ids in sorted(trace.ids.items())}
    rows = {name: len(ids) for name, ids in sorted(trace.rows.items())}
    return {"run": run.id, **told, "object": "patients", "records": records, "rows": rows}


def _line(name: str, count: int) -> dict[str, Any]:
    return {"what": name, "where": WHERE[name], "count": count}


REPLACED = (
    "The shards that held the person's records were written anew without them; the audit trail has both digests.",
    "Documents that named the person keep the digest that decisions name; the evidence holds what is left of them as "
    "masked forms of it.",
    "Evidence packs made before this one were deleted and a new one was made.",
)


def _stays(run: Run, trace: Trace) -> list[dict[str, str]]:
    rules = "the rules of the storage account, or your deletion"
    stays = [
        _one(
            f"the person's rows in Dynamics 365: up to {len(trace.all_rows)}, with their files",
            "they are the practice's",
            "you delete the contact and what hangs on it there, or roll back: rows this run created still go",
        ),
        _one("the person in Core Practice", "the source is only read", "you delete them there"),
        _one("ids of rows in the journal and in reports", "a way back needs them; nobody's name or value", "the purge"),
        _one("64-bit fingerprints of ids in indexes", "other people's records lead to them", "the purge"),
        _one(
            "other people's records that give the person's id, such as a family's or who paid for whom",
            "they are the others'",
            "the purge",
        ),
        _one("the audit trail", "keyed ids and counts, which cannot be traced back without the key", rules),
        _one("Durable histories", "ids of runs, addresses and counts; no id or value of anybody", "the purge"),
        _one("deleted and replaced blobs", "soft delete, against a slip", "seven days in the template"),
        _one("evidence packs that somebody downloaded", "they are with whoever has them", "they delete them"),
    ]
    if run.request["source"]["kind"] == "bundle":
        stays.append(_one("the export bundle in the container inbox", "you put it there", "you delete it"))
    return stays


def _one(what: str, why: str, until: str) -> dict[str, str]:
    return {"what": what, "why": why, "until": until}
