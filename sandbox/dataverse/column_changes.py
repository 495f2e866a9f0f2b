"""Changes to columns: made with what comes along, changed by PUT, dropped when nothing needs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import errors
from .column_bodies import labels_of, merged_labels, read_column, refused
from .columns import LOOKUP_KINDS, Column, Kind, Relationship, TableSchema
from .people import Caller
from .platform_columns import (
    Addition,
    base_amount,
    currency_columns,
    file_name_column,
    image_columns,
)
from .securing import check_securing, forget_permissions, record_securing
from .solutions import add_component, drop_component, option_prefix, require_prefix

if TYPE_CHECKING:
    from .organisation import Organisation


ATTRIBUTE = 2


def referenced_elsewhere(what: str) -> errors.DataverseError:
    text = f"The {what} component cannot be deleted because it is referenced by 1 other components."
    return errors.invalid(text, "0x8004f01f")


def mark_new(org: Organisation, *names: str) -> None:
    """Hide new things from cached reads for as long as the cache lags."""
    if org.behaviour.metadata_lag_seconds:
        seen = org.clock.now() + org.behaviour.metadata_lag_seconds
        org.catalogue.visible_at.update(dict.fromkeys(names, seen))


def own_columns(org: Organisation, table: str, bodies: Iterable[dict[str, Any]], solution: str | None) -> list[Column]:
    prefix = option_prefix(org, solution)
    columns: list[Column] = []
    for body in bodies:
        column = read_column(body, org.new_id(), org.catalogue.choices.values(), prefix)
        require_prefix(org, column.schema_name)
        if column.kind is Kind.LOOKUP:
            raise refused("a lookup is created together with its relationship")
        if any(other.logical_name == column.logical_name for other in columns):
            raise column_exists(table, column.schema_name)
        columns.append(column)
    return columns


def column_exists(table: str, name: str) -> errors.DataverseError:
    text = f"An attribute with the specified name {name} already exists for entity {table}."
    return errors.invalid(text, "0x80047013")


def companions(table: str, columns: Iterable[Column], present: frozenset[str]) -> Addition:
    """Columns that come along: base amounts and the currency, names of files, ids of images."""
    added: list[Column] = []
    links: list[Relationship] = []
    for column in columns:
        if column.kind is Kind.MONEY:
            added.append(base_amount(table, column))
            if "transactioncurrencyid" not in present and not links:
                currency = currency_columns(table)
                added.extend(currency.columns)
                links.extend(currency.relationships)
        elif column.kind is Kind.FILE:
            added.append(file_name_column(table, column))
        elif column.kind is Kind.IMAGE:
            added.extend(image_columns(table, column))
    return Addition(tuple(added), tuple(links))


def check_open(table: TableSchema) -> None:
    """Raises the 400 for a table that takes no columns of anybody's own: notes among them."""
    if table.fixed:
        text = (
            f"The evaluation of the current component(name=Entity, id={table.metadata_id}) in the current operation"
            " (Create) failed during managed property evaluation of condition: Managed Property Name:"
            f" cancreateattributes; Component Name: Entity; Attribute Name: cancreateattributes; ({table.logical_name})"
        )
        raise errors.invalid(text, "0x8004f026")


def create_column(
    org: Organisation, caller: Caller, table: TableSchema, body: dict[str, Any], solution: str | None
) -> Column:
    org.people.require(caller, "prvCreateAttribute", "attribute")
    column = own_columns(org, table.logical_name, [body], solution)[0]
    if column.logical_name in table.columns:
        raise column_exists(table.logical_name, column.schema_name)
    if column.primary_name:
        raise refused("a table has one primary name column already")
    extra = companions(table.logical_name, [column], present=frozenset(table.columns))
    store_column(org, caller, table, column, extra, solution)
    return column


def store_column(
    org: Organisation, caller: Caller, table: TableSchema, column: Column, extra: Addition, solution: str | None
) -> None:
    check_open(table)
    check_securing(org, caller, table, column, before=False)
    name = table.logical_name
    org.catalogue.put_column(name, column, *extra.columns)
    for link in extra.relationships:
        org.catalogue.put_relationship(replace(link, custom=True))
    mark_new(org, *(f"{name}.{added.logical_name}" for added in (column, *extra.columns)))
    with org.work(caller) as work:
        add_component(work, solution, ATTRIBUTE, column.metadata_id)
        if column.secured:
            record_securing(work, name, column)


def update_column(
    org: Organisation, caller: Caller, table: TableSchema, old: Column, body: dict[str, Any], *, merge: bool
) -> None:
    """PUT of a column: its labels and limits. Options are changed by their own actions and ignored here."""
    org.people.require(caller, "prvWriteAttribute", "attribute")
    if old.kind in LOOKUP_KINDS or old.kind in (Kind.STATE, Kind.STATUS, Kind.GUID):
        new = replace(old, labels=labels_of(body.get("DisplayName")) or old.labels)
    else:
        plain = {name: value for name, value in body.items() if name not in ("OptionSet", "GlobalOptionSet@odata.bind")}
        if old.options:
            plain["OptionSet"] = {}
        new = read_column({**plain, "SchemaName": old.schema_name}, old.metadata_id, (), 0)
        if new.kind is not old.kind:
            raise refused(f"the type of {old.schema_name} cannot be changed")
    if old.behaviour != new.behaviour and old.behaviour != "UserLocal":
        raise refused(f"the behaviour of {old.schema_name} can be changed once, from UserLocal")
    default = new.default if old.kind is Kind.BOOLEAN or "DefaultFormValue" in body else old.default
    kept = replace(
        new,
        labels=merged_labels(old.labels, new.labels, merge=merge) if body.get("DisplayName") else old.labels,
        options=old.options,
        choice=old.choice,
        default=default,
        custom=old.custom,
        creatable=old.creatable,
        updatable=old.updatable,
        primary_name=old.primary_name,
        max_size_kb=old.max_size_kb,
        secured=bool(body.get("IsSecured", old.secured)),
    )
    check_securing(org, caller, table, kept, before=old.secured)
    org.catalogue.put_column(table.logical_name, kept)
    with org.work(caller) as work:
        if kept.secured != old.secured:
            record_securing(work, table.logical_name, kept)


def delete_column(org: Organisation, caller: Caller, table: TableSchema, column: Column) -> None:
    """Drop a custom column with what came along; refused for the primary name and columns of a key."""
    org.people.require(caller, "prvDeleteAttribute", "attribute")
    name = column.logical_name
    if not column.custom or column.primary_name or name == table.primary_id:
        text = f"The {name} attribute cannot be deleted: it is a system attribute."
        raise errors.invalid(text, "0x80047009")
    if any(name in key.columns for key in table.keys):
        raise referenced_elsewhere(f"Attribute({column.metadata_id})")
    for link in list(org.catalogue.links.by_column[table.logical_name, name]):
        org.catalogue.drop_relationship(link.schema_name)
    gone = [name] + [other.logical_name for other in table.columns.values() if other.attribute_of == name]
    gone += [f"{name}_base"] if column.kind is Kind.MONEY else []
    org.catalogue.drop_columns(table.logical_name, gone)
    store = org.store(table.logical_name)
    if column.kind is Kind.FILE:
        with org.work(caller) as work:
            org.files.drop_all(work.transaction, store.rows.values(), [name])
    for dropped in [*gone, f"{name}@type"]:
        store.drop_column(dropped)
    with org.work(caller) as work:
        drop_component(work, column.metadata_id)
        forget_permissions(work, table.logical_name, name)
