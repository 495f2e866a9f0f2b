"""RetrieveMetadataChanges: many definitions in one read, with exactly the members that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from . import definitions, errors
from .attribute_definitions import attribute_document, option_sets
from .columns import TableSchema
from .metadata_documents import Document, member_of
from .metadata_reading import Reading
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation


def retrieve_metadata_changes(org: Organisation, request: Request) -> Answer:
    """GET RetrieveMetadataChanges(Query=@p1): full reads only; a ClientVersionStamp would ask for differences."""
    if "ClientVersionStamp" in request.path:
        raise errors.not_simulated("RetrieveMetadataChanges since a version stamp")
    try:
        query = orjson.loads(request.query.get("@p1", ""))
    except orjson.JSONDecodeError:
        raise errors.invalid("The parameter @p1 is not JSON.", "0x80060888") from None
    reading = Reading(org, request)
    entities = []
    for table in reading.tables():
        document = definitions.table_document(table)
        if not _criteria_hold(query.get("Criteria"), document):
            continue
        wanted = (query.get("Properties") or {}).get("PropertyNames") or list(document)
        shown = {name: document[name] for name in wanted if name in document}
        if "Attributes" in wanted or (query.get("Properties") or {}).get("AllProperties"):
            shown["Attributes"] = _queried_attributes(org, reading, table, query.get("AttributeQuery") or {})
        entities.append({"MetadataId": table.metadata_id, **shown})
    body = {
        "@odata.context": f"{request.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse",
        "ServerVersionStamp": f"{org.catalogue.generation}!{org.version}",
        "DeletedMetadata": None,
        "EntityMetadata": entities,
    }
    return Answer(200, body)


def _queried_attributes(org: Organisation, reading: Reading, table: TableSchema, query: Document) -> list[Document]:
    found = []
    for column in reading.columns(table):
        document = attribute_document(table, column)
        if not _criteria_hold(query.get("Criteria"), document):
            continue
        document |= option_sets(column, org.catalogue.choices)
        wanted = (query.get("Properties") or {}).get("PropertyNames")
        kept = ["@odata.type", "MetadataId", *(wanted or list(document))]
        found.append({name: document[name] for name in kept if name in document})
    return found


def _criteria_hold(criteria: Document | None, document: Document) -> bool:
    if not criteria:
        return True
    if criteria.get("Filters"):
        raise errors.not_simulated("nested filters in RetrieveMetadataChanges")
    results = [_condition_holds(condition, document) for condition in criteria.get("Conditions") or []]
    return any(results) if criteria.get("FilterOperator") == "Or" else all(results)


def _condition_holds(condition: Document, document: Document) -> bool:
    found = member_of(document, (condition["PropertyName"],))
    wanted = (condition.get("Value") or {}).get("Value")
    match condition.get("ConditionOperator"):
        case "Equals":
            return bool(found == wanted)
        case "NotEquals":
            return bool(found != wanted)
        case "In":
            values = orjson.loads(wanted) if isinstance(wanted, str) else wanted
            return found in (values or ())
    raise errors.not_simulated(f"the metadata operator {condition.get('ConditionOperator')}")
