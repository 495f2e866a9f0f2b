"""Changes to relationships, alternate keys and choices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, merged_labels, read_options, refused
from .columns import AlternateKey, Column, GlobalChoice, Kind, ManyToMany, Option, Relationship, TableSchema
from .customizing import column_exists, mark_new, referenced_elsewhere, store_column
from .jobs import KEY_INDEX, start_job
from .keys import settle_keys
from .people import Caller
from .platform_columns import Addition
from .solutions import CHOICE, KEY, RELATIONSHIP, add_component, drop_component, option_prefix, require_prefix
from .standard_tables import intersect_table

if TYPE_CHECKING:
    from .organisation import Organisation

KEY_KINDS = frozenset(
    {Kind.DECIMAL, Kind.INTEGER, Kind.STRING, Kind.DATETIME, Kind.LOOKUP, Kind.PICKLIST, Kind.CUSTOMER, Kind.OWNER}
)
DELETE_RULES = ("Cascade", "RemoveLink", "Restrict", "NoCascade")
MOST_KEYS, MOST_KEY_COLUMNS, MOST_KEY_BYTES = 10, 16, 900


def _table(org: Organisation, name: Any) -> TableSchema:
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
    child = _table(org, bodies[0].get("ReferencingEntity"))
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
    parent = _table(org, body.get("ReferencedEntity"))
    if _table(org, body.get("ReferencingEntity")) is not child:
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
    one, two = _table(org, body.get("Entity1LogicalName")), _table(org, body.get("Entity2LogicalName"))
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
    from .customizing import delete_column

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


# alternate keys


def create_key(
    org: Organisation, caller: Caller, table: TableSchema, body: dict[str, Any], solution: str | None
) -> AlternateKey:
    """Start building an alternate key; it can be used when its index is Active."""
    org.people.require(caller, "prvWriteEntity", "entity")
    schema_name = body.get("SchemaName")
    if not isinstance(schema_name, str) or not schema_name:
        raise refused("a key needs a SchemaName")
    require_prefix(org, schema_name)
    columns = tuple(str(name).lower() for name in body.get("KeyAttributes") or ())
    _check_key(table, schema_name, columns)
    now = org.clock.now()
    job = start_job(org, f"Index of the key {schema_name}", KEY_INDEX, "CreateEntityKey")
    key = AlternateKey(
        schema_name,
        org.new_id(),
        columns,
        labels_of(body.get("DisplayName")),
        started_at=now,
        ready_at=now + org.behaviour.key_index_seconds,
        job_id=job,
    )
    org.catalogue.put_key(table.logical_name, key)
    with org.work(caller) as work:
        add_component(work, solution, KEY, key.metadata_id)
    settle_keys(org)
    return key


def _check_key(table: TableSchema, schema_name: str, columns: tuple[str, ...]) -> None:
    if any(key.logical_name == schema_name.lower() for key in table.keys):
        text = f"An entity key with the name {schema_name} already exists on entity {table.logical_name}."
        raise errors.invalid(text, "0x80060893")
    if any(frozenset(key.columns) == frozenset(columns) for key in table.keys):
        raise errors.invalid("An entity key with the same attributes already exists.", "0x80060894")
    if len(table.keys) >= MOST_KEYS or not 1 <= len(columns) <= MOST_KEY_COLUMNS:
        raise refused(f"a table has at most {MOST_KEYS} keys of at most {MOST_KEY_COLUMNS} columns")
    width = 0
    for name in columns:
        column = table.columns.get(name)
        if column is None or column.kind not in KEY_KINDS:
            raise refused(f"'{name}' is not a column that a key can be made of")
        width += 2 * (column.max_length or 0) if column.kind is Kind.STRING else 16
    if width > MOST_KEY_BYTES:
        raise refused(f"the key would be {width} bytes wide; at most {MOST_KEY_BYTES} are allowed")


def delete_key(org: Organisation, caller: Caller, table: TableSchema, key: AlternateKey) -> None:
    org.people.require(caller, "prvWriteEntity", "entity")
    org.catalogue.drop_key(table.logical_name, key)
    org.store(table.logical_name).drop_key(key.schema_name)
    with org.work(caller) as work:
        drop_component(work, key.metadata_id)


# choices


def create_choice(org: Organisation, caller: Caller, body: dict[str, Any], solution: str | None) -> GlobalChoice:
    org.people.require(caller, "prvCreateAttribute", "optionset")
    name = body.get("Name")
    if not isinstance(name, str) or not name:
        raise refused("a global choice needs a Name")
    require_prefix(org, name)
    if any(other.lower() == name.lower() for other in org.catalogue.choices):
        text = f"An OptionSet with the name {name} already exists. Specify a unique name."
        raise errors.invalid(text, "0x80048403")
    options = read_options(body.get("Options") or [], option_prefix(org, solution))
    choice = GlobalChoice(name, org.new_id(), labels_of(body.get("DisplayName")), options)
    org.catalogue.put_choice(choice)
    mark_new(org, f"choice {name}")
    with org.work(caller) as work:
        add_component(work, solution, CHOICE, choice.metadata_id)
    return choice


def update_choice(
    org: Organisation, caller: Caller, choice: GlobalChoice, body: dict[str, Any], *, merge: bool
) -> None:
    """PUT changes labels only; options have their own actions."""
    org.people.require(caller, "prvWriteAttribute", "optionset")
    labels = merged_labels(choice.labels, labels_of(body.get("DisplayName")), merge=merge)
    org.catalogue.put_choice(replace(choice, labels=labels))
    org.flush()


def delete_choice(org: Organisation, caller: Caller, choice: GlobalChoice) -> None:
    org.people.require(caller, "prvDeleteAttribute", "optionset")
    for table in org.catalogue.tables.values():
        if any(column.choice == choice.name for column in table.columns.values()):
            raise referenced_elsewhere(f"Option Set({choice.metadata_id})")
    org.catalogue.drop_choice(choice.name)
    with org.work(caller) as work:
        drop_component(work, choice.metadata_id)


def set_options(org: Organisation, caller: Caller, body: dict[str, Any], options: tuple[Option, ...]) -> None:
    """Give a global choice (and every column that uses it) or one local column these options."""
    org.people.require(caller, "prvWriteAttribute", "optionset")
    name = body.get("OptionSetName")
    if name:
        choice = org.catalogue.choices[name]
        org.catalogue.put_choice(replace(choice, options=options))
        for table in list(org.catalogue.tables.values()):
            users = [column for column in table.columns.values() if column.choice == name]
            if users:
                org.catalogue.put_column(table.logical_name, *(replace(column, options=options) for column in users))
    else:
        table = _table(org, body.get("EntityLogicalName"))
        column = table.columns[str(body["AttributeLogicalName"])]
        org.catalogue.put_column(table.logical_name, replace(column, options=options))
    org.flush()


def options_of(org: Organisation, body: dict[str, Any]) -> tuple[Option, ...]:
    """The options that an option action talks about."""
    name = body.get("OptionSetName")
    if name:
        choice = org.catalogue.choices.get(name)
        if choice is None:
            raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with name {name}.")
        return choice.options
    table = _table(org, body.get("EntityLogicalName"))
    column = table.columns.get(str(body.get("AttributeLogicalName")))
    if column is None or not column.options:
        text = f"Could not find a choice column {body.get('AttributeLogicalName')}."
        raise errors.DataverseError(404, "0x80040217", text)
    return column.options
