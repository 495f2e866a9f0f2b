"""GET on metadata: EntityDefinitions and what hangs below, choices, relationships, RetrieveMetadataChanges.

Reads without `Consistency: Strong` come from a cache that has not yet heard of the newest things: they are left out
until the organisation's lag has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import definitions, errors
from .addresses import Segment
from .attribute_definitions import OPTION_SETS, attribute_document, choice_document, metadata_class, option_sets
from .columns import CHOICE_KINDS, Column, Kind, TableSchema
from .filters import parse_filter
from .keys import settle_keys
from .metadata_documents import Document, Expand, holds, many_documents, one_document, selected_members
from .values import guid
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation
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
                return [attribute_document(table, column) for column in self.columns(table)]
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
        return many_documents(request, "EntityDefinitions", documents, "EntityMetadata", _table_expander(reading))
    table = reading.table(path[0].key)
    if len(path) == 1:
        document = definitions.table_document(table)
        return one_document(request, "EntityDefinitions", document, "EntityMetadata", _table_expander(reading))
    below, rest = path[1], path[2:]
    if below.name not in COLLECTIONS:
        raise errors.unknown_segment(below.name)
    if below.name == "Attributes":
        return _attributes(org, reading, request, table, below, rest)
    documents = reading.below(table, below.name)
    place = f"EntityDefinitions('{table.logical_name}')/{below.name}"
    kind = {"Keys": "EntityKeyMetadata"}.get(below.name, "RelationshipMetadataBase")
    if below.key is None:
        return many_documents(request, place, documents, kind)
    for document in documents:
        if _matches(below.key, document["MetadataId"], document.get("LogicalName", ""), document["SchemaName"]):
            return one_document(request, place, document, kind)
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
        columns = [c for c in reading.columns(table) if cast is None or metadata_class(c) == cast]
        documents = [attribute_document(table, column) for column in columns]
        return many_documents(request, place, documents, kind, expander if cast else None)
    column = reading.column(table, below.key)
    if cast is not None and metadata_class(column) != cast:
        raise errors.DataverseError(404, "0x80060888", f"The attribute {column.logical_name} is not a {cast}.")
    document = attribute_document(table, column)
    after = rest[1:] if cast else rest
    if after and after[0].name in OPTION_SETS and cast:
        shown = option_sets(column, org.catalogue.choices)[after[0].name]
        return Answer(200, {"@odata.context": f"{request.root}/$metadata#{place}/{after[0].name}", **(shown or {})})
    if after:
        raise errors.unknown_segment(after[0].name)
    return one_document(request, place, document, kind, expander if cast else None)


def _relationships(reading: Reading, request: Request, path: list[Segment]) -> Answer:
    documents = reading.relationships()
    cast = next((segment.name for segment in path[1:] if segment.name.startswith(BASE)), None)
    if cast is not None:
        documents = [document for document in documents if document["@odata.type"] == f"#{cast}"]
    if path[0].key is None:
        return many_documents(request, "RelationshipDefinitions", documents, "RelationshipMetadataBase")
    for document in documents:
        if _matches(path[0].key, document["MetadataId"], "", document["SchemaName"]):
            return one_document(request, "RelationshipDefinitions", document, "RelationshipMetadataBase")
    raise errors.DataverseError(404, "0x80040217", f"Could not find relationship with key {path[0].key}")


def _choices(org: Organisation, reading: Reading, request: Request, path: list[Segment]) -> Answer:
    choices = [choice for choice in org.catalogue.choices.values() if reading.visible(f"choice {choice.name}")]
    documents = [choice_document(choice) for choice in choices]
    if path[0].key is None:
        return many_documents(request, "GlobalOptionSetDefinitions", documents, "OptionSetMetadataBase")
    for document in documents:
        if _matches(path[0].key, document["MetadataId"], document["Name"], document["Name"]):
            return one_document(request, "GlobalOptionSetDefinitions", document, "OptionSetMetadataBase")
    raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with key {path[0].key}")


def _table_expander(reading: Reading) -> Expand:
    def expand(document: Document, name: str, options: dict[str, str]) -> Any:
        if name not in COLLECTIONS:
            raise errors.unknown_property("EntityMetadata", name)
        found = reading.below(reading.table(document["MetadataId"]), name)
        if "$filter" in options:
            node = parse_filter(options["$filter"], {})
            found = [one for one in found if holds(node, one)]
        kind = "AttributeMetadata" if name == "Attributes" else name
        return [selected_members(one, options.get("$select"), kind) for one in found]

    return expand


def _option_expander(org: Organisation, table: TableSchema) -> Expand:
    def expand(document: Document, name: str, options: dict[str, str]) -> Any:
        column = table.columns[document["LogicalName"]]
        if name not in OPTION_SETS or (column.kind not in CHOICE_KINDS and column.kind is not Kind.BOOLEAN):
            raise errors.unknown_property(metadata_class(column), name)
        shown = option_sets(column, org.catalogue.choices)[name]
        return None if shown is None else selected_members(shown, options.get("$select"), "OptionSetMetadata")

    return expand
