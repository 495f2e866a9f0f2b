"""The messages: bulk messages bound to a table, and the actions and functions at the root."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from . import deletion, errors
from .addresses import path_of, segments
from .block_downloads import DOWNLOAD_ACTIONS
from .block_uploads import UPLOAD_ACTIONS
from .bulk_delete import bulk_delete
from .choice_changes import options_of, set_options
from .columns import Kind, stable_id
from .filters import parameter
from .keys import rebuild
from .metadata_changes import retrieve_metadata_changes
from .opportunities import closing
from .options import deleted_option, inserted_option, inserted_status, ordered_options, updated_option
from .people import privilege_names
from .relationship_changes import create_lookup
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation
Message = Callable[["Organisation", Request], Answer]


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
    "WinOpportunity": closing(1),
    "LoseOpportunity": closing(2),
    "BulkDelete": _bulk_delete,
    "Restore": _restore,
    **UPLOAD_ACTIONS,
    **DOWNLOAD_ACTIONS,
    **CUSTOMIZATIONS,
}
