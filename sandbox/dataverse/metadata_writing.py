"""POST, PUT and DELETE on metadata: addresses to customizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import choice_changes, column_changes, errors, key_changes, relationship_changes, table_changes
from .addresses import Segment
from .columns import ManyToMany, Relationship
from .metadata_reading import BASE, Reading
from .solutions import solution_row
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

METADATA = ("EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions")


def solution_of(org: Organisation, request: Request, body: dict[str, Any] | None = None) -> str | None:
    """The solution a customization goes to, checked before anything is changed."""
    named = (
        request.header("MSCRM.SolutionUniqueName")
        or request.query.get("SolutionUniqueName")
        or (body or {}).get("SolutionUniqueName")
    )
    if named:
        solution_row(org, named)
    return named


def write_metadata(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    if request.method == "PATCH":
        text = "The requested resource does not support http method 'PATCH'. Use PUT to change metadata."
        raise errors.DataverseError(405, "0x80060888", text)
    request.headers = {**request.headers, "consistency": "strong"}
    match path[0].name:
        case "EntityDefinitions":
            return _entities(org, request, path)
        case "RelationshipDefinitions":
            return _relationships(org, request, path)
    return _choices(org, request, path)


def create_entities(org: Organisation, request: Request) -> Answer:
    """CreateEntities: tables with all their columns in one transaction."""
    body = request.json()
    bodies = body.get("Entities")
    if not isinstance(bodies, list) or not bodies:
        raise errors.invalid("Entities is required.", "0x80040203")
    ids = table_changes.create_tables(org, request.caller, bodies, solution_of(org, request, body))
    context = f"{request.root}/$metadata#Microsoft.Dynamics.CRM.CreateEntitiesResponse"
    return Answer(200, {"@odata.context": context, "EntityIds": ids})


def _created(request: Request, place: str, metadata_id: str) -> Answer:
    address = f"{request.root}/{place}({metadata_id})"
    return Answer(204, None, {"OData-EntityId": address, "Location": address})


def _merges(request: Request) -> bool:
    return (request.header("MSCRM.MergeLabels") or "").lower() == "true"


def _entities(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    reading = Reading(org, request)
    if path[0].key is None:
        if request.method != "POST":
            raise errors.method_not_allowed(request.method)
        body = request.json()
        if len(body.get("Attributes") or ()) > 1:
            raise errors.not_simulated("more than the primary column in a POST of EntityDefinitions")
        solution = solution_of(org, request)
        metadata_id = table_changes.create_tables(org, request.caller, [body], solution)[0]
        return _created(request, "EntityDefinitions", metadata_id)
    table = reading.table(path[0].key)
    if len(path) == 1:
        if request.method == "PUT":
            table_changes.update_table(org, request.caller, table, request.json(), merge=_merges(request))
        elif request.method == "DELETE":
            table_changes.delete_table(org, request.caller, table)
        else:
            raise errors.method_not_allowed(request.method)
        return Answer(204)
    match path[1].name:
        case "Attributes":
            return _attributes(org, reading, request, path)
        case "Keys":
            return _keys(org, reading, request, path)
    raise errors.method_not_allowed(request.method)


def _attributes(org: Organisation, reading: Reading, request: Request, path: list[Segment]) -> Answer:
    table = reading.table(path[0].key or "")
    key = path[1].key
    if key is None:
        if request.method != "POST":
            raise errors.method_not_allowed(request.method)
        solution = solution_of(org, request)
        column = column_changes.create_column(org, request.caller, table, request.json(), solution)
        place = f"EntityDefinitions(LogicalName='{table.logical_name}')/Attributes"
        return _created(request, place, column.metadata_id)
    if len(path) > 2 and not path[2].name.startswith(BASE):
        raise errors.unknown_segment(path[2].name)
    column = reading.column(table, key)
    if request.method == "PUT":
        column_changes.update_column(org, request.caller, table, column, request.json(), merge=_merges(request))
    elif request.method == "DELETE":
        column_changes.delete_column(org, request.caller, table, column)
    else:
        raise errors.method_not_allowed(request.method)
    return Answer(204)


def _keys(org: Organisation, reading: Reading, request: Request, path: list[Segment]) -> Answer:
    table = reading.table(path[0].key or "")
    wanted = path[1].key
    if wanted is None:
        if request.method != "POST":
            raise errors.method_not_allowed(request.method)
        key = key_changes.create_key(org, request.caller, table, request.json(), solution_of(org, request))
        return _created(request, f"EntityDefinitions(LogicalName='{table.logical_name}')/Keys", key.metadata_id)
    named = wanted.partition("=")[2].strip("'")
    for key in table.keys:
        if wanted.lower() == key.metadata_id or named in (key.logical_name, key.schema_name):
            if request.method != "DELETE":
                raise errors.method_not_allowed(request.method)
            key_changes.delete_key(org, request.caller, table, key)
            return Answer(204)
    raise errors.DataverseError(404, "0x80040217", f"Could not find a key {wanted}.")


def _relationships(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    if path[0].key is None:
        if request.method != "POST":
            raise errors.method_not_allowed(request.method)
        solution = solution_of(org, request)
        metadata_id = relationship_changes.create_relationship(org, request.caller, request.json(), solution)
        return _created(request, "RelationshipDefinitions", metadata_id)
    if request.method != "DELETE":
        raise errors.not_simulated("changing a relationship")
    named = path[0].key.partition("=")[2].strip("'")
    catalogue = org.catalogue
    links: list[Relationship | ManyToMany] = [*catalogue.relationships.values(), *catalogue.many_to_many.values()]
    for link in links:
        if path[0].key.lower() == link.metadata_id or named == link.schema_name:
            relationship_changes.delete_relationship(org, request.caller, link.metadata_id)
            return Answer(204)
    raise errors.DataverseError(404, "0x80040217", f"Could not find relationship with key {path[0].key}")


def _choices(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    if path[0].key is None:
        if request.method != "POST":
            raise errors.method_not_allowed(request.method)
        choice = choice_changes.create_choice(org, request.caller, request.json(), solution_of(org, request))
        return _created(request, "GlobalOptionSetDefinitions", choice.metadata_id)
    named = path[0].key.partition("=")[2].strip("'")
    for choice in org.catalogue.choices.values():
        if path[0].key.lower() == choice.metadata_id or named == choice.name:
            if request.method == "PUT":
                choice_changes.update_choice(org, request.caller, choice, request.json(), merge=_merges(request))
            elif request.method == "DELETE":
                choice_changes.delete_choice(org, request.caller, choice)
            else:
                raise errors.method_not_allowed(request.method)
            return Answer(204)
    raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with key {path[0].key}")
