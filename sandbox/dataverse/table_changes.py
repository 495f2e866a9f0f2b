"""Changes to tables and columns by Dataverse's rules: prefixes, what comes along, what forbids a removal.

Relationships, keys and choices are `linking`; who keeps two customizations apart is `app`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, merged_labels, refused
from .column_changes import companions, mark_new, own_columns, referenced_elsewhere
from .columns import Column, Kind, Relationship, TableSchema
from .people import Caller
from .platform_columns import (
    active_states,
    ownership_columns,
    record_columns,
)
from .securing import check_securing, forget_permissions, record_securing
from .seed import forget_messages, register_messages
from .solutions import ENTITY, add_component, drop_component, require_prefix

if TYPE_CHECKING:
    from .organisation import Organisation
ACTIVITY_TABLES = {
    "phonecall": "PhoneCalls",
    "task": "Tasks",
    "appointment": "Appointments",
    "email": "Emails",
    "letter": "Letters",
}


def create_tables(org: Organisation, caller: Caller, bodies: list[dict[str, Any]], solution: str | None) -> list[str]:
    """Create tables with all their columns, all or none; answers their MetadataIds."""
    org.people.require(caller, "prvCreateEntity", "entity")
    drafts = [_draft(org, body, solution) for body in bodies]
    if len({draft.logical_name for draft, _ in drafts}) < len(drafts):
        raise errors.invalid("A table is created twice.", "0x80044363")
    for draft, _ in drafts:
        for column in draft.columns.values():
            check_securing(org, caller, draft, column, before=False)
    for draft, links in drafts:
        _store_table(org, caller, draft, links, solution)
    return [draft.metadata_id for draft, _ in drafts]


def _draft(org: Organisation, body: dict[str, Any], solution: str | None) -> tuple[TableSchema, list[Relationship]]:
    name = body.get("SchemaName")
    if not isinstance(name, str) or not name:
        raise refused("a table needs a SchemaName")
    require_prefix(org, name)
    table = name.lower()
    if table in org.catalogue.tables:
        text = f"An entity with the specified name {name} already exists. Specify a unique name."
        raise errors.invalid(text, "0x80044363")
    for needed in ("DisplayName", "DisplayCollectionName", "HasNotes", "HasActivities"):
        if needed not in body:
            raise refused(f"a table needs {needed}")
    if body.get("IsActivity"):
        raise errors.not_simulated("custom activity tables")
    columns = own_columns(org, table, body.get("Attributes") or [], solution)
    primary = next((column for column in columns if column.primary_name), None)
    if primary is None or primary.kind is not Kind.STRING:
        raise refused("a table needs one string column with IsPrimaryName")
    return _assembled(org, body, columns, primary)


def _assembled(
    org: Organisation, body: dict[str, Any], columns: list[Column], primary: Column
) -> tuple[TableSchema, list[Relationship]]:
    name = str(body["SchemaName"])
    table = name.lower()
    ownership = body.get("OwnershipType") or "UserOwned"
    if ownership not in ("UserOwned", "OrganizationOwned"):
        raise refused(f"OwnershipType {ownership!r} cannot be chosen")
    identity = Column(
        f"{name}Id",
        Kind.GUID,
        org.new_id(),
        labels_of(body["DisplayName"]),
        required="SystemRequired",
        updatable=False,
        custom=True,
    )
    additions = [record_columns(table), active_states(table)]
    if ownership == "UserOwned":
        additions.append(ownership_columns(table))
    extra = companions(table, columns, present=frozenset())
    everything = [identity, *columns, *extra.columns]
    everything += [column for addition in additions for column in addition.columns]
    plural = body.get("CollectionSchemaName") or pluralised(name)
    schema = TableSchema(
        schema_name=name,
        set_name=body.get("EntitySetName") or plural.lower(),
        collection_schema_name=plural,
        metadata_id=org.new_id(),
        object_type_code=org.catalogue.next_object_type_code(),
        primary_id=f"{table}id",
        primary_name=primary.logical_name,
        columns={column.logical_name: column for column in everything},
        labels=labels_of(body["DisplayName"]),
        collection_labels=labels_of(body["DisplayCollectionName"]),
        description=labels_of(body.get("Description")),
        ownership=ownership,
        messages=frozenset({"CreateMultiple", "UpdateMultiple"}),
        notes=bool(body["HasNotes"]),
        activities=bool(body["HasActivities"]),
        documents=bool(body.get("IsDocumentManagementEnabled")),
        custom=True,
        change_tracking=bool(body.get("ChangeTrackingEnabled")),
    )
    links = [link for addition in [*additions, extra] for link in addition.relationships]
    return schema, links


def pluralised(name: str) -> str:
    """English plurals, as the platform makes them for entity sets."""
    lower = name.lower()
    if lower.endswith("y") and lower[-2:-1] not in tuple("aeiou"):
        return name[:-1] + "ies"
    return name + ("es" if lower.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _store_table(
    org: Organisation, caller: Caller, table: TableSchema, links: list[Relationship], solution: str | None
) -> None:
    org.catalogue.put_table(table)
    for link in links:
        org.catalogue.put_relationship(replace(link, custom=True))
    _open_to_notes(org, table)
    mark_new(org, table.logical_name)
    with org.work(caller) as work:
        register_messages(work, table)
        for column in table.columns.values():
            if column.secured:
                record_securing(work, table.logical_name, column)
        add_component(work, solution, ENTITY, table.metadata_id)


def _open_to_notes(org: Organisation, table: TableSchema) -> None:
    """A table with notes or activities becomes a target of theirs."""
    name = table.logical_name
    if table.notes:
        _add_target(org, "annotation", "objectid", name, f"objectid_{name}", f"{name}_Annotations")
    if table.activities:
        for activity, plural in ACTIVITY_TABLES.items():
            _add_target(
                org, activity, "regardingobjectid", name, f"regardingobjectid_{name}_{activity}", f"{name}_{plural}"
            )
    if table.documents:
        place, link = "sharepointdocumentlocation", f"{name}_SharePointDocumentLocations"
        _add_target(org, place, "regardingobjectid", name, f"regardingobjectid_{name}", link)


def _add_target(org: Organisation, table: str, column: str, target: str, navigation: str, relationship: str) -> None:
    lookup = org.catalogue.tables[table].columns[column]
    org.catalogue.put_column(table, replace(lookup, targets=(*lookup.targets, target)))
    metadata_id = org.new_id()
    org.catalogue.put_relationship(
        Relationship(relationship, metadata_id, target, table, column, navigation, relationship, "Cascade", custom=True)
    )


def update_table(org: Organisation, caller: Caller, table: TableSchema, body: dict[str, Any], *, merge: bool) -> None:
    """PUT of a definition: labels and the switches that may be changed later."""
    org.people.require(caller, "prvWriteEntity", "entity")
    notes = bool(body.get("HasNotes", table.notes))
    activities = bool(body.get("HasActivities", table.activities))
    if (table.notes and not notes) or (table.activities and not activities):
        raise refused("notes and activities cannot be switched off")
    documents = table.documents or bool(body.get("IsDocumentManagementEnabled"))
    tracking = bool(body.get("ChangeTrackingEnabled", table.change_tracking))
    audit = (body.get("IsAuditEnabled") or {}).get("Value", table.audit)
    changed = replace(
        table,
        labels=merged_labels(table.labels, labels_of(body.get("DisplayName")), merge=merge) or table.labels,
        collection_labels=merged_labels(
            table.collection_labels, labels_of(body.get("DisplayCollectionName")), merge=merge
        )
        or table.collection_labels,
        description=merged_labels(table.description, labels_of(body.get("Description")), merge=merge),
        notes=notes,
        activities=activities,
        documents=documents,
        change_tracking=tracking or table.change_tracking,
        audit=bool(audit),
    )
    org.catalogue.put_table(changed)
    opened = replace(
        changed,
        notes=notes and not table.notes,
        activities=activities and not table.activities,
        documents=documents and not table.documents,
    )
    _open_to_notes(org, opened)
    org.flush()


def delete_table(org: Organisation, caller: Caller, table: TableSchema) -> None:
    """Drop a custom table with its rows; refused while another table's lookup points at it."""
    org.people.require(caller, "prvDeleteEntity", "entity")
    name = table.logical_name
    if not table.custom:
        raise errors.invalid(f"The {name} entity cannot be deleted: it is a system entity.", "0x80047009")
    pointing = [link for link in org.catalogue.links.to[name] if link.referencing != name]
    for link in pointing:
        if not _came_along(link):
            raise referenced_elsewhere(f"Entity({table.metadata_id})")
    for link in pointing:
        _drop_target(org, link)
    for link in [link for link in org.catalogue.relationships.values() if name in (link.referencing, link.referenced)]:
        org.catalogue.drop_relationship(link.schema_name)
    for both in [both for both in org.catalogue.many_to_many.values() if name in (both.entity1, both.entity2)]:
        org.catalogue.drop_many_to_many(both.schema_name)
        org.catalogue.drop_table(both.intersect)
        org.stores.pop(both.intersect, None)
    with org.work(caller) as work:
        org.files.drop_all(work.transaction, org.store(name).rows.values(), table.file_columns)
    org.catalogue.drop_table(name)
    org.stores.pop(name, None)
    org.warm.discard(name)
    with org.work(caller) as work:
        forget_messages(work, table)
        forget_permissions(work, name)
        drop_component(work, table.metadata_id, *(column.metadata_id for column in table.columns.values()))


def _came_along(link: Relationship) -> bool:
    return link.referencing in ("annotation", "sharepointdocumentlocation") or link.referencing in ACTIVITY_TABLES


def _drop_target(org: Organisation, link: Relationship) -> None:
    lookup = org.catalogue.tables[link.referencing].columns[link.column]
    remaining = tuple(target for target in lookup.targets if target != link.referenced)
    org.catalogue.put_column(link.referencing, replace(lookup, targets=remaining))
