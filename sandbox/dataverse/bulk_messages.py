"""CreateMultiple, UpdateMultiple and UpsertMultiple: many rows of one table in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import errors, records
from .addresses import find_row, path_of, segments
from .columns import Kind, TableSchema
from .people import privilege
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation


PREFIX = "Microsoft.Dynamics.CRM."


# bound to an entity set


def bulk(org: Organisation, table: TableSchema, name: str, request: Request) -> Answer:
    """CreateMultiple, UpdateMultiple, UpsertMultiple: one transaction, whatever fails undoes all."""
    needed = {
        "CreateMultiple": {"CreateMultiple"},
        "UpdateMultiple": {"UpdateMultiple"},
        "UpsertMultiple": {"CreateMultiple", "UpdateMultiple"},
    }.get(name)
    if name == "DeleteMultiple":
        raise errors.DataverseError(400, "0x80040219", "DeleteMultiple has not yet been implemented.")
    if needed is None:
        raise errors.not_simulated(f"the message {name}")
    if not needed <= table.messages:
        text = f"The entity '{table.logical_name}' does not support the message '{name}'."
        raise errors.DataverseError(400, "0x80040800", text)
    targets = _targets(table, request)
    for verb in {"CreateMultiple": ("Create",), "UpdateMultiple": ("Write",)}.get(name, ("Create", "Write")):
        org.people.require(request.caller, privilege(verb, table), table.logical_name)
    with org.work(request.caller) as work:
        if request.fault == "half_fail":
            # A bulk message cannot half fail: the failure of its second half undoes the first.
            targets = targets[: len(targets) // 2]
        ids = _BULK[name](work, table, targets)
        if request.fault == "half_fail":
            raise errors.DataverseError(500, "0x80044150", "Generic SQL error. Sql Number: 1205 (deadlock victim).")
    if ids is None:
        return Answer(204, rows=len(targets))
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response"
    return Answer(200, {"@odata.context": context, "Ids": ids}, rows=len(targets))


def _targets(table: TableSchema, request: Request) -> list[dict[str, Any]]:
    targets = request.json().get("Targets")
    if not isinstance(targets, list) or not targets:
        raise errors.invalid("The required parameter 'Targets' is missing or empty.", "0x80040203")
    wanted = f"{PREFIX}{table.logical_name}"
    for target in targets:
        kind = target.get("@odata.type") if isinstance(target, dict) else None
        if not isinstance(kind, str):
            raise errors.bad_payload(
                table.set_name,
                "Microsoft.OData.ODataException: A type named '' could not be resolved by the model: each of the"
                " Targets needs '@odata.type'.",
            )
        if kind.lstrip("#") != wanted:
            raise errors.invalid(f"All Targets must be of the type {wanted}, not {kind}.", "0x80040203")
    return targets


def _create_multiple(work: Work, table: TableSchema, targets: list[dict[str, Any]]) -> list[str]:
    return [records.create(work, table, target) for target in targets]


def _update_multiple(work: Work, table: TableSchema, targets: list[dict[str, Any]]) -> None:
    """By primary key only. Of two targets with the same key the first counts, silently."""
    done: set[str] = set()
    for target in targets:
        row_id = str(target.get(table.primary_id) or "").lower()
        if not row_id:
            raise errors.invalid(f"Entity Id must be specified for Update: {table.primary_id} is missing.")
        if not work.org.behaviour.update_multiple_state and target.keys() & {"statecode", "statuscode"}:
            raise errors.invalid("statecode and statuscode cannot be set by UpdateMultiple.", "0x80040203")
        if row_id not in done:
            done.add(row_id)
            records.update(work, table, row_id, target)


def _upsert_multiple(work: Work, table: TableSchema, targets: list[dict[str, Any]]) -> None:
    """By @odata.id (alternate key), by primary key, or by neither (always a create). Repeated keys are an error."""
    done: set[str] = set()
    for target in targets:
        row_id, values = _upsert_key(work, table, target)
        if row_id is not None and row_id in done:
            text = "The Targets of UpsertMultiple contain the same key more than once."
            raise errors.DataverseError(400, "0x80040237", text)
        if row_id is not None and work.org.row_exists(table.logical_name, row_id):
            records.update(work, table, row_id, {name: v for name, v in target.items() if name not in values})
        else:
            body = {name: v for name, v in target.items() if name not in values}
            row_id = create_keyed(work, table, body, values, row_id)
        done.add(row_id)


def _upsert_key(work: Work, table: TableSchema, target: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    reference = target.get("@odata.id")
    if reference is None:
        row_id = target.get(table.primary_id)
        return (None if row_id is None else str(row_id).lower()), {}
    parts = segments(path_of(str(reference)))
    if len(parts) != 1 or parts[0].name != table.set_name or not parts[0].key:
        raise errors.bad_payload(table.set_name, f"Invalid URI: '{reference}'.")
    found = find_row(work.org, table, parts[0].key, in_url=False)
    return found.row_id, found.values


def create_keyed(
    work: Work, table: TableSchema, body: dict[str, Any], values: dict[str, Any], row_id: str | None
) -> str:
    """Create a row that was looked for by alternate key: the key's own values come from the URL."""
    plain = {name: value for name, value in values.items() if name in table.columns}
    bound: dict[str, Any] = {}
    for name, value in plain.items():
        column = table.columns[name]
        if column.kind in (Kind.LOOKUP, Kind.CUSTOMER, Kind.OWNER):
            link = work.org.catalogue.links.by_column[table.logical_name, name][0]
            target = work.org.catalogue.tables["systemuser" if link.referenced == "owner" else link.referenced]
            bound[f"{link.navigation}@odata.bind"] = f"/{target.set_name}({value})"
        else:
            bound[name] = value
    return records.create(work, table, {**body, **bound}, row_id=row_id)


_BULK: dict[str, Callable[[Work, TableSchema, list[dict[str, Any]]], list[str] | None]] = {
    "CreateMultiple": _create_multiple,
    "UpdateMultiple": _update_multiple,
    "UpsertMultiple": _upsert_multiple,
}
