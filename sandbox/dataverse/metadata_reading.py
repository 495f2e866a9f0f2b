"""GET on metadata: EntityDefinitions and what hangs below, choices, relationships, RetrieveMetadataChanges.

Reads without `Consistency: Strong` come from a cache that has not yet heard of the newest things: they are left out
until the organisation's lag has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from . import definitions, errors
from .addresses import Segment
from .columns import CHOICE_KINDS, Column, Kind, TableSchema
from .expanding import split_expand
from .filters import Both, Compare, Either, Name, Node, Not, Within, parse_filter
from .keys import settle_keys
from .tables import folded
from .values import guid
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

Document = dict[str, Any]
BASE = "Microsoft.Dynamics.CRM."
ALLOWED = frozenset({"$select", "$filter", "$expand", "$count", "$top"})
COLLECTIONS = ("Attributes", "Keys", "OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships")


class Reading:
    """One metadata read: what is visible to it, and how to show it."""

    def __init__(self, org: Organisation, request: Request) -> None:
        settle_keys(org)
        self._org, self._request = org, request
        self._now = org.clock.now()

    def visible(self, name: str) -> bool:
        return self._request.strong or self._org.catalogue.visible_at.get(name, 0) <= self._now

    def tables(self) -> list[TableSchema]:
        return [table for table in self._org.catalogue.tables.values() if self.visible(table.logical_name)]

    def table(self, key: str) -> TableSchema:
        """By MetadataId, LogicalName='x' or SchemaName='x'."""
        for table in self.tables():
            if _matches(key, table.metadata_id, table.logical_name, table.schema_name):
                return table
        shown = key.partition("=")[2].strip("'") or key
        raise errors.DataverseError(404, "0x80040217", f"Could not find an entity with the key '{shown}'.")

    def columns(self, table: TableSchema) -> list[Column]:
        named = f"{table.logical_name}."
        return [column for name, column in table.columns.items() if self.visible(named + name)]

    def column(self, table: TableSchema, key: str) -> Column:
        for column in self.columns(table):
            if _matches(key, column.metadata_id, column.logical_name, column.schema_name):
                return column
        shown = key.partition("=")[2].strip("'") or key
        text = f"Could not find an attribute with specified name: {shown} on entity {table.logical_name}"
        raise errors.DataverseError(404, "0x80040217", text)

    # below one table

    def below(self, table: TableSchema, name: str) -> list[Document]:
        catalogue, logical = self._org.catalogue, table.logical_name
        match name:
            case "Attributes":
                return [definitions.attribute_document(table, column) for column in self.columns(table)]
            case "Keys":
                return [definitions.key_document(table, key, self._request.root) for key in table.keys]
            case "ManyToManyRelationships":
                return [
                    definitions.many_to_many_document(both)
                    for both in catalogue.many_to_many.values()
                    if logical in (both.entity1, both.entity2) and self.visible(both.schema_name)
                ]
        side = "referenced" if name == "OneToManyRelationships" else "referencing"
        return [
            document
            for document in self.one_to_many()
            if document["ReferencedEntity" if side == "referenced" else "ReferencingEntity"] == logical
        ]

    def one_to_many(self) -> list[Document]:
        found = []
        for link in self._org.catalogue.relationships.values():
            if self.visible(link.schema_name):
                target = self._org.catalogue.table(link.referenced)
                found.append(definitions.relationship_document(link, target.primary_id if target else "ownerid"))
        return found

    def relationships(self) -> list[Document]:
        both = self._org.catalogue.many_to_many.values()
        return self.one_to_many() + [
            definitions.many_to_many_document(link) for link in both if self.visible(link.schema_name)
        ]


def _matches(key: str, metadata_id: str, logical: str, schema: str) -> bool:
    name, mark, value = key.partition("=")
    value = value.strip("'")
    if not mark:
        return guid(key) == metadata_id
    return {"LogicalName": logical, "SchemaName": schema, "MetadataId": metadata_id, "Name": logical}.get(name) == value


def read_metadata(org: Organisation, request: Request, path: list[Segment]) -> Answer:
    """Any GET whose first segment is a metadata collection."""
    reading = Reading(org, request)
    for option in request.query:
        if option.startswith("$") and option not in ALLOWED:
            raise errors.not_simulated(f"the query option {option} on metadata")
    match path[0].name:
        case "EntityDefinitions":
            return _entity(org, reading, request, path)
        case "RelationshipDefinitions":
            return _relationships(reading, request, path)
    return _choices(org, reading, request, path)


def _entity(org: Organisation, reading: Reading, request: Request, path: list[Segment]) -> Answer:
    if path[0].key is None:
        documents = [definitions.table_document(table) for table in reading.tables()]
        return _many(request, "EntityDefinitions", documents, "EntityMetadata", _table_expander(reading))
    table = reading.table(path[0].key)
    if len(path) == 1:
        document = definitions.table_document(table)
        return _one(request, "EntityDefinitions", document, "EntityMetadata", _table_expander(reading))
    below, rest = path[1], path[2:]
    if below.name not in COLLECTIONS:
        raise errors.unknown_segment(below.name)
    if below.name == "Attributes":
        return _attributes(org, reading, request, table, below, rest)
    documents = reading.below(table, below.name)
    place = f"EntityDefinitions('{table.logical_name}')/{below.name}"
    kind = {"Keys": "EntityKeyMetadata"}.get(below.name, "RelationshipMetadataBase")
    if below.key is None:
        return _many(request, place, documents, kind)
    for document in documents:
        if _matches(below.key, document["MetadataId"], document.get("LogicalName", ""), document["SchemaName"]):
            return _one(request, place, document, kind)
    raise errors.DataverseError(404, "0x80040217", f"Could not find {below.name} with key {below.key}")


def _attributes(
    org: Organisation,
    reading: Reading,
    request: Request,
    table: TableSchema,
    below: Segment,
    rest: list[Segment],
) -> Answer:
    cast = rest[0].name.removeprefix(BASE) if rest and rest[0].name.startswith(BASE) else None
    place = f"EntityDefinitions('{table.logical_name}')/Attributes"
    kind = cast or "AttributeMetadata"
    expander = _option_expander(org, table)
    if below.key is None:
        columns = [c for c in reading.columns(table) if cast is None or definitions.metadata_class(c) == cast]
        documents = [definitions.attribute_document(table, column) for column in columns]
        return _many(request, place, documents, kind, expander if cast else None)
    column = reading.column(table, below.key)
    if cast is not None and definitions.metadata_class(column) != cast:
        raise errors.DataverseError(404, "0x80060888", f"The attribute {column.logical_name} is not a {cast}.")
    document = definitions.attribute_document(table, column)
    after = rest[1:] if cast else rest
    if after and after[0].name in definitions.OPTION_SETS and cast:
        shown = definitions.option_sets(column, org.catalogue.choices)[after[0].name]
        return Answer(200, {"@odata.context": f"{request.root}/$metadata#{place}/{after[0].name}", **(shown or {})})
    if after:
        raise errors.unknown_segment(after[0].name)
    return _one(request, place, document, kind, expander if cast else None)


def _relationships(reading: Reading, request: Request, path: list[Segment]) -> Answer:
    documents = reading.relationships()
    cast = next((segment.name for segment in path[1:] if segment.name.startswith(BASE)), None)
    if cast is not None:
        documents = [document for document in documents if document["@odata.type"] == f"#{cast}"]
    if path[0].key is None:
        return _many(request, "RelationshipDefinitions", documents, "RelationshipMetadataBase")
    for document in documents:
        if _matches(path[0].key, document["MetadataId"], "", document["SchemaName"]):
            return _one(request, "RelationshipDefinitions", document, "RelationshipMetadataBase")
    raise errors.DataverseError(404, "0x80040217", f"Could not find relationship with key {path[0].key}")


def _choices(org: Organisation, reading: Reading, request: Request, path: list[Segment]) -> Answer:
    choices = [choice for choice in org.catalogue.choices.values() if reading.visible(f"choice {choice.name}")]
    documents = [definitions.choice_document(choice) for choice in choices]
    if path[0].key is None:
        return _many(request, "GlobalOptionSetDefinitions", documents, "OptionSetMetadataBase")
    for document in documents:
        if _matches(path[0].key, document["MetadataId"], document["Name"], document["Name"]):
            return _one(request, "GlobalOptionSetDefinitions", document, "OptionSetMetadataBase")
    raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with key {path[0].key}")


# $select, $expand and $filter over documents

Expand = Callable[[Document, str, dict[str, str]], Any]


def _table_expander(reading: Reading) -> Expand:
    def expand(document: Document, name: str, options: dict[str, str]) -> Any:
        if name not in COLLECTIONS:
            raise errors.unknown_property("EntityMetadata", name)
        found = reading.below(reading.table(document["MetadataId"]), name)
        if "$filter" in options:
            node = parse_filter(options["$filter"], {})
            found = [one for one in found if _holds(node, one)]
        kind = "AttributeMetadata" if name == "Attributes" else name
        return [_selected(one, options.get("$select"), kind) for one in found]

    return expand


def _option_expander(org: Organisation, table: TableSchema) -> Expand:
    def expand(document: Document, name: str, options: dict[str, str]) -> Any:
        column = table.columns[document["LogicalName"]]
        if name not in definitions.OPTION_SETS or (column.kind not in CHOICE_KINDS and column.kind is not Kind.BOOLEAN):
            raise errors.unknown_property(definitions.metadata_class(column), name)
        shown = definitions.option_sets(column, org.catalogue.choices)[name]
        return None if shown is None else _selected(shown, options.get("$select"), "OptionSetMetadata")

    return expand


def _many(request: Request, place: str, documents: list[Document], kind: str, expand: Expand | None = None) -> Answer:
    if "$filter" in request.query:
        node = parse_filter(request.query["$filter"], request.query)
        documents = [document for document in documents if _holds(node, document)]
    count = len(documents)
    if request.query.get("$top", "").isdigit():
        documents = documents[: int(request.query["$top"])]
    shown = [_shown(request, document, kind, expand) for document in documents]
    body: Document = {"@odata.context": f"{request.root}/$metadata#{place}"}
    if request.query.get("$count") == "true":
        body["@odata.count"] = count
    return Answer(200, {**body, "value": shown})


def _one(request: Request, place: str, document: Document, kind: str, expand: Expand | None = None) -> Answer:
    shown = _shown(request, document, kind, expand)
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#{place}/$entity", **shown})


def _shown(request: Request, document: Document, kind: str, expand: Expand | None) -> Document:
    shown = _selected(document, request.query.get("$select"), kind)
    for name, options in split_expand(request.query.get("$expand", "")):
        if expand is None:
            raise errors.unknown_property(kind, name)
        shown[name] = expand(document, name, options)
    return shown


def _selected(document: Document, select: str | None, kind: str) -> Document:
    """The chosen members; MetadataId and the type always come along. Members of derived types need a cast."""
    if not select:
        return dict(document)
    shown = {name: document[name] for name in ("@odata.type", "MetadataId") if name in document}
    for name in (part.strip() for part in select.split(",")):
        if name not in document or (kind == "AttributeMetadata" and name in definitions.TYPED_MEMBERS):
            raise errors.unknown_property(kind, name)
        shown[name] = document[name]
    return shown


def _holds(node: Node, document: Document) -> bool:
    match node:
        case Both(parts):
            return all(_holds(part, document) for part in parts)
        case Either(parts):
            return any(_holds(part, document) for part in parts)
        case Not(part):
            return not _holds(part, document)
        case Compare(Name(path), operator, value):
            found = _member(document, path)
            if operator in ("eq", "ne"):
                return bool(folded(found) == folded(value)) == (operator == "eq")
            tests = {"gt": found > value, "ge": found >= value, "lt": found < value, "le": found <= value}
            return bool(tests[operator])
        case Within(Name(path), values):
            return folded(_member(document, path)) in {folded(value) for value in values}
    raise errors.invalid("The query functions are not supported in metadata queries.", "0x80060888")


def _member(document: Document, path: tuple[str, ...]) -> Any:
    here: Any = document
    for name in path:
        if not isinstance(here, dict) or name not in here:
            raise errors.unknown_property("EntityMetadata", "/".join(path))
        here = here[name]
    return here


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
        document = definitions.attribute_document(table, column)
        if not _criteria_hold(query.get("Criteria"), document):
            continue
        document |= definitions.option_sets(column, org.catalogue.choices)
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
    found = _member(document, (condition["PropertyName"],))
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
