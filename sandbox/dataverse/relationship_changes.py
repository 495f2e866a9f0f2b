"""Changes to relationships, alternate keys and choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, refused
from .column_changes import column_exists, mark_new, store_column
from .columns import Column, Kind, ManyToMany, Relationship, TableSchema
from .intersect_tables import intersect_table
from .people import Caller
from .platform_columns import Addition
from .solutions import RELATIONSHIP, add_component, drop_component, require_prefix

if TYPE_CHECKING:
    from .organisation import Organisation
DELETE_RULES = ("Cascade", "RemoveLink", "Restrict", "NoCascade")


def table_named(org: Organisation, name: Any) -> TableSchema:
    found = org.catalogue.table(str(name).lower())
    if found is None:
        raise errors.DataverseError(404, "0x80040217", f"Could not find an entity with name {name}.")
    return found


def _refuse_taken(org: Organisation, schema_name: Any) -> str:
    if not isinstance(schema_name, str) or not schema_name:
        raise refused("a relationship needs a SchemaName")
    if schema_name in org.catalogue.relationships or schema_name in org.catalogue.many_to_many:
        text = f"An entity relationship with the specified name {schema_name} already exists."
        raise errors.invalid(text, "0x80047007")
    return schema_name


def create_relationship(org: Organisation, caller: Caller, body: dict[str, Any], solution: str | None) -> str:
    """One-to-many with its lookup, or many-to-many; answers the MetadataId."""
    org.people.require(caller, "prvCreateRelationship", "relationship")
    kind = str(body.get("@odata.type", "")).lstrip("#").rpartition(".")[2]
    if kind == "ManyToManyRelationshipMetadata":
        return _create_many_to_many(org, caller, body, solution)
    if kind != "OneToManyRelationshipMetadata" or "Lookup" not in body:
        raise refused("a relationship is one-to-many with a Lookup, or many-to-many")
    ids, _ = create_lookup(org, caller, body["Lookup"], [body], solution, polymorphic=False)
    return ids[0]


def create_lookup(
    org: Organisation,
    caller: Caller,
    lookup: dict[str, Any],
    bodies: list[dict[str, Any]],
    solution: str | None,
    *,
    polymorphic: bool,
    kind: Kind = Kind.LOOKUP,
) -> tuple[list[str], str]:
    """A lookup column with one relationship per target; answers (relationship ids, attribute id).

    Navigation properties are the column's schema name, with "_target" behind it where there are several targets.
    """
    schema_name = lookup.get("SchemaName")
    if not isinstance(schema_name, str) or not schema_name:
        raise refused("a lookup needs a SchemaName")
    require_prefix(org, schema_name)
    child = table_named(org, bodies[0].get("ReferencingEntity"))
    if schema_name.lower() in child.columns:
        raise column_exists(child.logical_name, schema_name)
    links = [_link(org, body, child, schema_name, polymorphic=polymorphic) for body in bodies]
    column = Column(
        schema_name,
        kind,
        org.new_id(),
        labels=labels_of(lookup.get("DisplayName")),
        description=labels_of(lookup.get("Description")),
        required=(lookup.get("RequiredLevel") or {}).get("Value", "None"),
        targets=tuple(link.referenced for link in links),
        custom=True,
        secured=bool(lookup.get("IsSecured")),
    )
    store_column(org, caller, child, column, Addition((), tuple(links)), solution)
    mark_new(org, *(link.schema_name for link in links))
    with org.work(caller) as work:
        for link in links:
            add_component(work, solution, RELATIONSHIP, link.metadata_id)
    return [link.metadata_id for link in links], column.metadata_id


def _link(
    org: Organisation, body: dict[str, Any], child: TableSchema, lookup: str, *, polymorphic: bool
) -> Relationship:
    name = _refuse_taken(org, body.get("SchemaName"))
    require_prefix_anywhere(org, name)
    parent = table_named(org, body.get("ReferencedEntity"))
    if table_named(org, body.get("ReferencingEntity")) is not child:
        raise refused("all relationships of a lookup begin at the same table")
    cascade = {k: str(v) for k, v in (body.get("CascadeConfiguration") or {}).items() if not k.startswith("@")}
    delete = cascade.pop("Delete", "RemoveLink")
    if delete not in DELETE_RULES:
        raise refused(f"the delete behaviour {delete!r} is not known")
    navigation = body.get("ReferencingEntityNavigationPropertyName") or (
        f"{lookup}_{parent.logical_name}" if polymorphic else lookup
    )
    return Relationship(
        name,
        org.new_id(),
        parent.logical_name,
        child.logical_name,
        lookup.lower(),
        navigation,
        body.get("ReferencedEntityNavigationPropertyName") or name,
        delete,
        tuple(cascade.items()),
        custom=True,
    )


def require_prefix_anywhere(org: Organisation, schema_name: str) -> None:
    """Relationship names may carry the prefix further on, as `account_new_probe` does."""
    prefixes = {row.get("customizationprefix", "").lower() for row in org.store("publisher").rows.values()}
    parts = schema_name.lower().split("_")
    if not any(prefix in parts for prefix in prefixes):
        text = f"The name '{schema_name}' does not carry the customization prefix of a publisher."
        raise errors.invalid(text, "0x80044350")


def _create_many_to_many(org: Organisation, caller: Caller, body: dict[str, Any], solution: str | None) -> str:
    name = _refuse_taken(org, body.get("SchemaName"))
    require_prefix_anywhere(org, name)
    one, two = table_named(org, body.get("Entity1LogicalName")), table_named(org, body.get("Entity2LogicalName"))
    intersect = str(body.get("IntersectEntityName") or name).lower()
    if intersect in org.catalogue.tables:
        raise errors.invalid(f"An entity with the specified name {intersect} already exists.", "0x80044363")
    column1, column2 = one.primary_id, two.primary_id
    if column1 == column2:
        column1, column2 = f"{column1}one", f"{column2}two"
    link = ManyToMany(
        name,
        org.new_id(),
        intersect,
        one.logical_name,
        two.logical_name,
        body.get("Entity1NavigationPropertyName") or name,
        body.get("Entity2NavigationPropertyName") or name,
        column1,
        column2,
        custom=True,
    )
    org.catalogue.put_table(intersect_table(link, code=org.catalogue.next_object_type_code()))
    org.catalogue.put_many_to_many(link)
    mark_new(org, name)
    with org.work(caller) as work:
        add_component(work, solution, RELATIONSHIP, link.metadata_id)
    return link.metadata_id


def delete_relationship(org: Organisation, caller: Caller, metadata_id: str) -> None:
    """With a one-to-many goes its lookup column."""
    from .column_changes import delete_column

    org.people.require(caller, "prvDeleteRelationship", "relationship")
    for link in list(org.catalogue.relationships.values()):
        if link.metadata_id == metadata_id:
            if not link.custom:
                raise errors.invalid("A system relationship cannot be deleted.", "0x80047009")
            table = org.catalogue.tables[link.referencing]
            delete_column(org, caller, table, table.columns[link.column])
            break
    for both in list(org.catalogue.many_to_many.values()):
        if both.metadata_id == metadata_id:
            org.catalogue.drop_many_to_many(both.schema_name)
            org.catalogue.drop_table(both.intersect)
            org.stores.pop(both.intersect, None)
    with org.work(caller) as work:
        drop_component(work, metadata_id)
