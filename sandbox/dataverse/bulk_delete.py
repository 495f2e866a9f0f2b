"""BulkDelete: an asynchronous job over rows created before it started, without a transaction around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import conditions, deletion, errors
from .columns import TableSchema
from .conditions import Predicate
from .jobs import BULK_DELETE, finish_job, start_job
from .people import Caller, privilege

if TYPE_CHECKING:
    from .organisation import Organisation

COMPARISONS = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "GreaterEqual": "ge",
    "LessThan": "lt",
    "LessEqual": "le",
    "OnOrAfter": "ge",
    "OnOrBefore": "le",
}


@dataclass(frozen=True)
class Pending:
    """A job that has been asked for; it runs when the clock reaches `due_at`."""

    job_id: str
    name: str
    caller: Caller
    table: str
    document: dict[str, Any]
    last_place: int
    due_at: float


def bulk_delete(org: Organisation, caller: Caller, body: dict[str, Any]) -> str:
    """Start the job of one QuerySet; answers the id of its asyncoperation."""
    org.people.require(caller, "prvBulkDelete", "bulkdeleteoperation")
    queries = body.get("QuerySet")
    if not isinstance(queries, list) or len(queries) != 1:
        raise errors.not_simulated("BulkDelete with other than one query")
    query = queries[0]
    table = org.catalogue.table(str(query.get("EntityName")))
    if table is None:
        text = f"The entity with a name = '{query.get('EntityName')}' was not found in the MetadataCache."
        raise errors.invalid(text, "0x80041102")
    if body.get("RecurrencePattern"):
        raise errors.not_simulated("a recurring BulkDelete")
    org.people.require(caller, privilege("Delete", table), table.logical_name)
    _predicate(table, query.get("Criteria") or {})
    name = str(body.get("JobName") or "Bulk delete")
    job = start_job(org, name, BULK_DELETE, "BulkDelete")
    due = org.clock.now() + org.behaviour.bulk_delete_seconds
    org.pending_deletes.append(
        Pending(job, name, caller, table.logical_name, query, org.store(table.logical_name).added, due)
    )
    settle_bulk_deletes(org)
    return job


def settle_bulk_deletes(org: Organisation) -> None:
    """Run the jobs whose time has come."""
    now = org.clock.now()
    due = [job for job in org.pending_deletes if job.due_at <= now]
    for job in due:
        org.pending_deletes.remove(job)
        _run(org, job)


def _run(org: Organisation, job: Pending) -> None:
    table = org.catalogue.table(job.table)
    if table is None:
        finish_job(org, job.job_id, f"The table {job.table} no longer exists.")
        return
    test = _predicate(table, job.document.get("Criteria") or {})
    rows = [row for row in org.store(job.table).after() if row["@n"] <= job.last_place and test(row)]
    failures: list[tuple[str, errors.DataverseError]] = []
    deleted = 0
    for row in rows:
        row_id = row[table.primary_id]
        if not org.row_exists(job.table, row_id):
            deleted += 1
            continue
        try:
            with org.work(job.caller) as work:
                deletion.delete(work, table, row_id)
            deleted += 1
        except errors.DataverseError as failure:
            failures.append((row_id, failure))
    _report(org, job, deleted, failures)
    finish_job(org, job.job_id, None)


def _report(org: Organisation, job: Pending, deleted: int, failures: list[tuple[str, errors.DataverseError]]) -> None:
    operation = org.new_id()
    with org.work(org.system_caller()) as work:
        stamp = {"createdon": work.now, "modifiedon": work.now, "versionnumber": org.next_version()}
        owned = {"ownerid": job.caller.user_id, "ownerid@type": "systemuser"}
        work.transaction.put(
            "bulkdeleteoperation",
            operation,
            {
                "bulkdeleteoperationid": operation,
                "name": job.name,
                "asyncoperationid": job.job_id,
                "successcount": deleted,
                "failurecount": len(failures),
                **stamp,
                **owned,
            },
        )
        for row_id, failure in failures:
            failure_id = org.new_id()
            work.transaction.put(
                "bulkdeletefailure",
                failure_id,
                {
                    "bulkdeletefailureid": failure_id,
                    "bulkdeleteoperationid": operation,
                    "regardingobjectid": row_id,
                    "errordescription": failure.message[:512],
                    "errornumber": _signed(failure.code),
                    **stamp,
                    **owned,
                },
            )


def _signed(code: str) -> int:
    """An HRESULT as the signed number that the column holds."""
    number = int(code or "0", 16)
    return number - (1 << 32) if number >= 1 << 31 else number


def _predicate(table: TableSchema, criteria: dict[str, Any]) -> Predicate:
    parts = [_condition(table, condition) for condition in criteria.get("Conditions") or []]
    parts += [_predicate(table, inner) for inner in criteria.get("Filters") or []]
    if not parts:
        return lambda row: True
    return conditions.some(parts) if criteria.get("FilterOperator") == "Or" else conditions.every(parts)


def _condition(table: TableSchema, condition: dict[str, Any]) -> Predicate:
    name, operator = str(condition.get("AttributeName")), str(condition.get("Operator"))
    column = table.columns.get(name)
    if column is None:
        raise errors.unknown_attribute(table.logical_name, name)
    values = [
        conditions.comparable(column, v.get("Value") if isinstance(v, dict) else v, lenient=True)
        for v in condition.get("Values") or []
    ]
    read = conditions.reader(name)
    if operator in COMPARISONS and len(values) == 1:
        return conditions.compare(read, COMPARISONS[operator], values[0])
    match operator:
        case "In":
            return conditions.one_of(read, values)
        case "NotIn":
            return conditions.negated(conditions.one_of(read, values))
        case "Null":
            return conditions.compare(read, "eq", None)
        case "NotNull":
            return conditions.compare(read, "ne", None)
        case "Like":
            return conditions.like(read, str(values[0]))
    raise errors.not_simulated(f"the condition operator {operator}")
