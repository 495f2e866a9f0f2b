"""Asynchronous operations as rows of `asyncoperation`: what a client polls after BulkDelete or a new key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .organisation import Organisation

BULK_DELETE, KEY_INDEX = 13, 54
READY, COMPLETED = 0, 3
WAITING, SUCCEEDED, FAILED = 0, 30, 31


def start_job(org: Organisation, name: str, kind: int, message_name: str) -> str:
    """A waiting system job; returns its id."""
    system = str(org.settings["system_user"])
    job_id = org.new_id()
    with org.work(org.system_caller()) as work:
        row = {
            "asyncoperationid": job_id,
            "name": name,
            "operationtype": kind,
            "messagename": message_name,
            "statecode": READY,
            "statuscode": WAITING,
            "createdon": work.now,
            "modifiedon": work.now,
            "ownerid": system,
            "ownerid@type": "systemuser",
            "versionnumber": org.next_version(),
        }
        work.transaction.put("asyncoperation", job_id, row)
    return job_id


def finish_job(org: Organisation, job_id: str, failure: str | None) -> None:
    """Completed: succeeded, or failed with a message."""
    old = org.store("asyncoperation").rows.get(job_id)
    if old is None:
        return
    with org.work(org.system_caller()) as work:
        row = {
            **old,
            "statecode": COMPLETED,
            "statuscode": SUCCEEDED if failure is None else FAILED,
            "completedon": work.now,
            "startedon": old["createdon"],
            "modifiedon": work.now,
            "versionnumber": org.next_version(),
        }
        if failure is not None:
            row["message"] = failure
        work.transaction.put("asyncoperation", job_id, row)
