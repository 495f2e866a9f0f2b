"""$select, $expand and $filter over metadata: fewer operators than for rows, and typed members need a cast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import errors
from .attribute_definitions import TYPED_MEMBERS
from .expanding import split_expand
from .filters import Both, Compare, Either, Name, Node, Not, Within, parse_filter
from .tables import folded
from .wire import Answer, Request

if TYPE_CHECKING:
    pass


Document = dict[str, Any]


# $select, $expand and $filter over documents

Expand = Callable[[Document, str, dict[str, str]], Any]


def many_documents(
    request: Request, place: str, documents: list[Document], kind: str, expand: Expand | None = None
) -> Answer:
    if "$filter" in request.query:
        node = parse_filter(request.query["$filter"], request.query)
        documents = [document for document in documents if holds(node, document)]
    count = len(documents)
    if request.query.get("$top", "").isdigit():
        documents = documents[: int(request.query["$top"])]
    shown = [shown_document(request, document, kind, expand) for document in documents]
    body: Document = {"@odata.context": f"{request.root}/$metadata#{place}"}
    if request.query.get("$count") == "true":
        body["@odata.count"] = count
    return Answer(200, {**body, "value": shown})


def one_document(request: Request, place: str, document: Document, kind: str, expand: Expand | None = None) -> Answer:
    shown = shown_document(request, document, kind, expand)
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#{place}/$entity", **shown})


def shown_document(request: Request, document: Document, kind: str, expand: Expand | None) -> Document:
    shown = selected_members(document, request.query.get("$select"), kind)
    for name, options in split_expand(request.query.get("$expand", "")):
        if expand is None:
            raise errors.unknown_property(kind, name)
        shown[name] = expand(document, name, options)
    return shown


def selected_members(document: Document, select: str | None, kind: str) -> Document:
    """The chosen members; MetadataId and the type always come along. Members of derived types need a cast."""
    if not select:
        return dict(document)
    shown = {name: document[name] for name in ("@odata.type", "MetadataId") if name in document}
    for name in (part.strip() for part in select.split(",")):
        if name not in document or (kind == "AttributeMetadata" and name in TYPED_MEMBERS):
            raise errors.unknown_property(kind, name)
        shown[name] = document[name]
    return shown


def holds(node: Node, document: Document) -> bool:
    match node:
        case Both(parts):
            return all(holds(part, document) for part in parts)
        case Either(parts):
            return any(holds(part, document) for part in parts)
        case Not(part):
            return not holds(part, document)
        case Compare(Name(path), operator, value):
            found = member_of(document, path)
            if operator in ("eq", "ne"):
                return bool(folded(found) == folded(value)) == (operator == "eq")
            tests = {"gt": found > value, "ge": found >= value, "lt": found < value, "le": found <= value}
            return bool(tests[operator])
        case Within(Name(path), values):
            return folded(member_of(document, path)) in {folded(value) for value in values}
    raise errors.invalid("The query functions are not supported in metadata queries.", "0x80060888")


def member_of(document: Document, path: tuple[str, ...]) -> Any:
    here: Any = document
    for name in path:
        if not isinstance(here, dict) or name not in here:
            raise errors.unknown_property("EntityMetadata", "/".join(path))
        here = here[name]
    return here
