"""$ref: linking and unlinking rows, over a lookup or over the table between two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors, records
from .addresses import resolve_reference
from .column_security import readable
from .columns import ManyToMany, TableSchema
from .selection import collection, follow, navigation
from .values import guid
from .wire import Answer, Request
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation


def bind_single(work: Work, table: TableSchema, row_id: str, name: str, reference: Any) -> None:
    """PUT or (None) DELETE of a single-valued reference."""
    records.update(work, table, row_id, {f"{name}@odata.bind": reference})


def associate(work: Work, table: TableSchema, row_id: str, name: str, reference: Any) -> None:
    """Add a row to a collection."""
    target, other_id = resolve_reference(work.org, reference)
    if not work.org.row_exists(target, other_id):
        raise errors.missing_target(target, other_id)
    link = work.org.catalogue.links.by_collection[table.logical_name].get(name)
    if link is not None:
        if target != link.referencing:
            raise errors.invalid(f"The collection {name} holds {link.referencing} rows, not {target}.", "0x80048d19")
        child = work.org.catalogue.tables[target]
        bound = {f"{link.navigation}@odata.bind": f"/{table.set_name}({row_id})"}
        records.update(work, child, other_id, bound)
        return
    both = work.org.catalogue.links.many[table.logical_name][name]
    here, there = _sides(both, table.logical_name, target)
    for pair in work.org.store(both.intersect).having(here, row_id):
        if pair[there] == other_id:
            raise errors.duplicate_id()
    pair_id = work.org.new_id()
    identity = f"{both.intersect}id"
    row = {identity: pair_id, here: row_id, there: other_id, "versionnumber": work.org.next_version()}
    work.transaction.put(both.intersect, pair_id, row)


def _sides(both: ManyToMany, table: str, target: str) -> tuple[str, str]:
    """(the column of this row, the column of the other)"""
    if (both.entity1, both.entity2) == (table, target):
        return both.column1, both.column2
    if (both.entity2, both.entity1) == (table, target):
        return both.column2, both.column1
    raise errors.invalid(f"{both.schema_name} does not join {table} and {target}.", "0x80048d19")


def disassociate(work: Work, table: TableSchema, row_id: str, name: str, other: str | None) -> None:
    """Remove a row from a collection: by guid in the URL or by $id."""
    if other is None:
        raise errors.invalid("The row to remove must be named.", "0x80060888")
    other_id = guid(other) or resolve_reference(work.org, other)[1]
    link = work.org.catalogue.links.by_collection[table.logical_name].get(name)
    if link is not None:
        child = work.org.catalogue.tables[link.referencing]
        found = work.org.store(link.referencing).rows.get(other_id, {})
        if found.get(link.column) != row_id:
            raise errors.missing_target(link.referencing, other_id)
        records.update(work, child, other_id, {f"{link.navigation}@odata.bind": None})
        return
    both = work.org.catalogue.links.many[table.logical_name][name]
    target = both.entity2 if both.entity1 == table.logical_name else both.entity1
    here, there = _sides(both, table.logical_name, target)
    for pair in work.org.store(both.intersect).having(here, row_id):
        if pair[there] == other_id:
            work.transaction.put(both.intersect, pair[f"{both.intersect}id"], None)
            return
    raise errors.missing_target(target, other_id)


def list_references(
    org: Organisation, table: TableSchema, row_id: str, name: str, request: Request, *, single: bool
) -> Answer:
    """GET .../$ref"""
    row = readable(org, table.logical_name).rows[row_id]
    if single:
        link, target = navigation(org, table, name)
        other = follow(org, table, link, target.logical_name)(row)
        if other is None:
            return Answer(204)
        address = f"{request.root}/{target.set_name}({other[target.primary_id]})"
        return Answer(200, {"@odata.context": f"{request.root}/$metadata#$ref", "@odata.id": address})
    many, child = collection(org, table, name)
    value = [{"@odata.id": f"{request.root}/{child.set_name}({found[child.primary_id]})"} for found in many(row)]
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#Collection($ref)", "value": value})
