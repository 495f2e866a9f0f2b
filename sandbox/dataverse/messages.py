"""The messages: bulk messages bound to a table, and the actions and functions at the root."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from . import deletion, errors, records
from .addresses import find_row, path_of, resolve_reference, segments
from .bulk_delete import bulk_delete
from .columns import Kind, TableSchema, stable_id
from .filters import parameter
from .keys import rebuild
from .linking import create_lookup, options_of, set_options
from .metadata_reading import retrieve_metadata_changes
from .options import deleted_option, inserted_option, inserted_status, ordered_options, updated_option
from .people import privilege, privilege_names
from .uploads import UPLOAD_ACTIONS
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

PREFIX = "Microsoft.Dynamics.CRM."
Message = Callable[["Organisation", Request], Answer]


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


# functions and actions at the root


def _who_am_i(org: Organisation, request: Request) -> Answer:
    user = org.people.user(request.caller.user_id) or {}
    body = {
        "@odata.context": f"{request.root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": user.get("businessunitid"),
        "UserId": request.caller.user_id,
        "OrganizationId": stable_id("organization", "sandbox"),
    }
    return Answer(200, body)


def _total_record_count(org: Organisation, request: Request) -> Answer:
    """From a snapshot that may be old, so that nobody verifies a load with it."""
    names = parameter("@p1", request.query) if "@p1" in request.query else _inline_list(request.path)
    now = org.clock.now()
    taken = org.counts_taken
    if taken is None or now - taken[0] >= org.behaviour.total_count_lag_seconds:
        taken = org.counts_taken = (now, {name: len(org.store(name)) for name in org.catalogue.tables})
    for name in names:
        if name not in org.catalogue.tables:
            raise errors.invalid(f"The entity with a name = '{name}' was not found in the MetadataCache.", "0x80041102")
    counts = {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": [taken[1].get(n, 0) for n in names]}
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse"
    return Answer(200, {"@odata.context": context, "EntityRecordCountCollection": counts})


def _inline_list(path: str) -> list[str]:
    inner = path.partition("=")[2].rstrip(")")
    try:
        found = orjson.loads(inner)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise errors.invalid("EntityNames must be a list of table names.", "0x80060888")
    return [str(name) for name in found]


def user_privileges(org: Organisation, user_id: str, request: Request) -> Answer:
    """systemusers(id)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"""
    user = org.people.user(user_id)
    if user is None:
        raise errors.no_record("systemuser", user_id)
    gaps = org.people.gaps(user_id)
    names = [] if gaps is None else [n for n in privilege_names(org.catalogue.tables.values()) if n.lower() not in gaps]
    listed = [
        {
            "Depth": "Global",
            "PrivilegeId": stable_id("privilege", name),
            "BusinessUnitId": user["businessunitid"],
            "PrivilegeName": name,
            "RecordFilterId": stable_id("none"),
            "RecordFilterUniqueName": "",
        }
        for name in names
    ]
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse"
    return Answer(200, {"@odata.context": context, "RolePrivileges": listed})


def _close(status_of_state: int) -> Message:
    """WinOpportunity (1) and LoseOpportunity (2): close, and leave an opportunityclose activity."""

    def message(org: Organisation, request: Request) -> Answer:
        body = request.json()
        given = body.get("OpportunityClose")
        if not isinstance(given, dict) or "opportunityid@odata.bind" not in given:
            raise errors.invalid("OpportunityClose with opportunityid@odata.bind is required.", "0x80040203")
        target, row_id = resolve_reference(org, given["opportunityid@odata.bind"])
        table = org.catalogue.tables["opportunity"]
        if target != "opportunity":
            raise errors.invalid("opportunityid must bind an opportunity.", "0x80040203")
        old = org.store("opportunity").rows.get(row_id)
        if old is None:
            raise errors.missing_target("opportunity", row_id)
        if old["statecode"] != 0:
            raise errors.invalid("The opportunity has already been closed.", "0x80040515")
        status = body.get("Status")
        options = table.statuses.options if table.statuses else ()
        if (
            status is not None
            and status != -1
            and not any(option.value == status and option.state == status_of_state for option in options)
        ):
            shown = {1: "Won", 2: "Lost"}[status_of_state]
            raise errors.wrong_status(status, f"OpportunityState.{shown}", "opportunity", row_id)
        org.people.require(request.caller, privilege("Write", table), "opportunity")
        with org.work(request.caller) as work:
            _close_opportunity(work, table, old, given, status_of_state, status)
        return Answer(204)

    return message


def _close_opportunity(
    work: Work, table: TableSchema, old: dict[str, Any], given: dict[str, Any], state: int, status: int | None
) -> None:
    states = table.states.options if table.states else ()
    if status in (None, -1):
        status = next(option.default_status for option in states if option.value == state)
    closing = {name: value for name, value in given.items() if name != "@odata.type"}
    close_table = work.org.catalogue.tables["opportunityclose"]
    ended = str(closing.get("actualend") or work.now)
    if len(ended) == 10:
        # Clients send a day here; the column of the activity is a moment.
        closing["actualend"] = f"{ended}T00:00:00Z"
    if "actualrevenue" in closing and "transactioncurrencyid@odata.bind" not in closing:
        currency = old.get("transactioncurrencyid") or work.org.settings["base_currency"]
        closing["transactioncurrencyid@odata.bind"] = f"/transactioncurrencies({currency})"
    close_id = records.create(work, close_table, closing)
    close = work.org.store("opportunityclose").rows[close_id]
    closed = {**close, "statecode": 1, "statuscode": 2, "opportunitystatuscode": status}
    work.transaction.put("opportunityclose", close_id, closed)
    row = {
        **old,
        "statecode": state,
        "statuscode": status,
        "actualclosedate": ended[:10],
        "modifiedon": work.now,
        "modifiedby": work.caller.user_id,
        "versionnumber": work.org.next_version(),
    }
    if "actualrevenue" in close:
        row["actualvalue"] = close["actualrevenue"]
    work.transaction.put("opportunity", old["opportunityid"], row)


def _restore(org: Organisation, request: Request) -> Answer:
    target = (request.json().get("Target") or {}).get("@odata.id")
    parts = segments(path_of(str(target)))
    if not parts or not parts[0].key:
        raise errors.invalid("Target needs an @odata.id.", "0x80040203")
    table = org.catalogue.by_set(parts[0].name)
    with org.work(request.caller) as work:
        row_id = deletion.restore(work, table, parts[0].key.lower())
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.RestoreResponse"
    return Answer(200, {"@odata.context": context, "id": row_id})


def _publish(org: Organisation, request: Request) -> Answer:
    org.people.require(request.caller, "prvPublishCustomization", "solution")
    if request.path.startswith("PublishXml") and "<importexportxml" not in str(request.json().get("ParameterXml")):
        raise errors.invalid("ParameterXml must be an importexportxml document.", "0x80040203")
    return Answer(204)


def _reactivate_key(org: Organisation, request: Request) -> Answer:
    body = request.json()
    table = org.catalogue.table(str(body.get("EntityLogicalName")))
    for key in table.keys if table else ():
        if table is not None and key.logical_name == str(body.get("EntityKeyLogicalName")).lower():
            rebuild(org, table.logical_name, key)
            return Answer(204)
    raise errors.DataverseError(404, "0x80040217", f"Could not find a key {body.get('EntityKeyLogicalName')}.")


def _lookup_message(org: Organisation, request: Request) -> Answer:
    """CreatePolymorphicLookupAttribute and CreateCustomerRelationships."""
    body = request.json()
    links = body.get("OneToManyRelationships")
    if not isinstance(links, list) or not links or "Lookup" not in body:
        raise errors.invalid("OneToManyRelationships and Lookup are required.", "0x80040203")
    org.people.require(request.caller, "prvCreateRelationship", "relationship")
    customer = request.path.startswith("CreateCustomer")
    solution = body.get("SolutionUniqueName") or request.header("MSCRM.SolutionUniqueName")
    ids, attribute = create_lookup(
        org,
        request.caller,
        body["Lookup"],
        links,
        solution,
        polymorphic=True,
        kind=Kind.CUSTOMER if customer else Kind.LOOKUP,
    )
    name = "CreateCustomerRelationships" if customer else "CreatePolymorphicLookupAttribute"
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response"
    return Answer(200, {"@odata.context": context, "RelationshipIds": ids, "AttributeId": attribute})


def _option_message(change: Callable[..., Any]) -> Message:
    def message(org: Organisation, request: Request) -> Answer:
        body = request.json()
        options, answer = change(org, options_of(org, body), body)
        set_options(org, request.caller, body, options)
        return Answer(204) if answer is None else Answer(200, answer)

    return message


def _bulk_delete(org: Organisation, request: Request) -> Answer:
    job = bulk_delete(org, request.caller, request.json())
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse"
    return Answer(200, {"@odata.context": context, "JobId": job})


FUNCTIONS: dict[str, Message] = {
    "WhoAmI": _who_am_i,
    "RetrieveTotalRecordCount": _total_record_count,
    "RetrieveMetadataChanges": retrieve_metadata_changes,
}
CUSTOMIZATIONS: dict[str, Message] = {
    "PublishXml": _publish,
    "PublishAllXml": _publish,
    "ReactivateEntityKey": _reactivate_key,
    "CreatePolymorphicLookupAttribute": _lookup_message,
    "CreateCustomerRelationships": _lookup_message,
    "InsertOptionValue": _option_message(inserted_option),
    "UpdateOptionValue": _option_message(updated_option),
    "DeleteOptionValue": _option_message(deleted_option),
    "OrderOption": _option_message(ordered_options),
    "InsertStatusValue": _option_message(inserted_status),
}
ACTIONS: dict[str, Message] = {
    "WinOpportunity": _close(1),
    "LoseOpportunity": _close(2),
    "BulkDelete": _bulk_delete,
    "Restore": _restore,
    **UPLOAD_ACTIONS,
    **CUSTOMIZATIONS,
}
