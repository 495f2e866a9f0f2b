"""From a request to the room that answers it; every refusal becomes an answer here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors, rows
from .addresses import Segment
from .bulk_delete import settle_bulk_deletes
from .column_security import READING
from .csdl import metadata_document
from .messages import ACTIONS, CUSTOMIZATIONS, FUNCTIONS
from .metadata_reading import read_metadata
from .metadata_writing import METADATA, create_entities, solution_of, write_metadata
from .wire import Answer, Request, refusal

if TYPE_CHECKING:
    from .organisation import Organisation

BYPASSES = {
    "mscrm.bypassbusinesslogicexecution": "prvBypassCustomBusinessLogic",
    "mscrm.bypassbusinesslogicexecutionstepids": "prvBypassCustomBusinessLogic",
    "mscrm.bypasscustompluginexecution": "prvBypassCustomPlugins",
}


def answer(org: Organisation, request: Request) -> Answer:
    """The answer to one request; what it did is in the journal when this returns."""
    READING.set(request.caller)
    try:
        found = _route(org, request)
    except errors.DataverseError as error:
        found = refusal(error)
    org.flush()
    return found


def is_customization(request: Request) -> bool:
    """Does the request change metadata? Then the organisation does one at a time."""
    if request.method == "GET":
        return False
    name = request.path.partition("/")[0].partition("(")[0]
    return name in METADATA or name in CUSTOMIZATIONS or name == "CreateEntities"


def _route(org: Organisation, request: Request) -> Answer:
    if org.pending_deletes:
        settle_bulk_deletes(org)
    _require_bypass(org, request)
    path = request.segments()
    if not path:
        return _service_document(org, request)
    name = path[0].name
    if name in METADATA:
        reads = request.method == "GET"
        return read_metadata(org, request, path) if reads else write_metadata(org, request, path)
    if name in FUNCTIONS or name in ACTIONS or name == "CreateEntities":
        return _message(org, request, path[0])
    if name == "$metadata":
        return Answer(200, metadata_document(org.catalogue), content_type="application/xml")
    return rows.handle(org, request, path)


def _require_bypass(org: Organisation, request: Request) -> None:
    """The headers that bypass custom logic need a privilege even where there is no logic to bypass."""
    for header, privilege in BYPASSES.items():
        if header in request.headers:
            org.people.require(request.caller, privilege, "sdkmessageprocessingstep")


def _message(org: Organisation, request: Request, segment: Segment) -> Answer:
    """Functions are GET, actions are POST; the wrong verb is a 404 with an empty code."""
    function = FUNCTIONS.get(segment.name)
    if request.method != ("GET" if function else "POST"):
        text = f"No HTTP resource was found that matches the request URI '{request.root}/{request.path}'."
        raise errors.DataverseError(404, "", text)
    if function is not None:
        return function(org, request)
    if segment.name == "CreateEntities":
        return create_entities(org, request)
    if segment.name in CUSTOMIZATIONS and request.body:
        solution_of(org, request, request.json())
    return ACTIONS[segment.name](org, request)


def _service_document(org: Organisation, request: Request) -> Answer:
    sets = [
        {"name": table.set_name, "kind": "EntitySet", "url": table.set_name} for table in org.catalogue.tables.values()
    ]
    return Answer(200, {"@odata.context": f"{request.root}/$metadata", "value": sets})
