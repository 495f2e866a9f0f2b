"""$metadata: the catalogue as an OData schema document (CSDL 4.0)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from .columns import LOOKUP_KINDS, Kind, TableSchema
from .conditions import edm_type
from .metadata import Catalogue

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0"'
    ' xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
    '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"


def metadata_document(catalogue: Catalogue) -> bytes:
    parts = [HEAD]
    for table in catalogue.tables.values():
        parts.extend(_entity_type(catalogue, table))
    parts.append('<EntityContainer Name="System">')
    for table in catalogue.tables.values():
        parts.append(f'<EntitySet Name={quoteattr(table.set_name)} EntityType="mscrm.{table.logical_name}"/>')
    return "".join([*parts, "</EntityContainer>", TAIL]).encode()


def _key(table: TableSchema) -> str:
    """Users and teams derive from principal, whose key is called ownerid."""
    return "ownerid" if table.logical_name in ("systemuser", "team") else table.primary_id


def _entity_type(catalogue: Catalogue, table: TableSchema) -> Iterator[str]:
    name = table.logical_name
    yield f'<EntityType Name="{name}"><Key><PropertyRef Name="{_key(table)}"/></Key>'
    if _key(table) not in table.columns:
        yield f'<Property Name="{_key(table)}" Type="Edm.Guid"/>'
    for column in table.columns.values():
        if column.kind is Kind.PARTIES:
            continue
        yield f'<Property Name="{column.property_name}" Type="{edm_type(column)}"/>'
    for link in catalogue.links.by_navigation[name].values():
        target = "principal" if link.referenced == "owner" else link.referenced
        yield f'<NavigationProperty Name="{link.navigation}" Type="mscrm.{target}">'
        column_name = table.columns[link.column].property_name
        assert table.columns[link.column].kind in LOOKUP_KINDS
        yield f'<ReferentialConstraint Property="{column_name}" ReferencedProperty="{target}id"/></NavigationProperty>'
    for link in catalogue.links.by_collection[name].values():
        yield f'<NavigationProperty Name="{link.collection}" Type="Collection(mscrm.{link.referencing})"/>'
    for navigation, both in catalogue.links.many[name].items():
        other = both.entity2 if both.entity1 == name else both.entity1
        yield f'<NavigationProperty Name="{navigation}" Type="Collection(mscrm.{other})"/>'
    yield "</EntityType>"
