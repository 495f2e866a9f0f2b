"""Deleting a row: what hangs on it goes along, lets go, or forbids. And the recycle bin, where there is one."""

from __future__ import annotations

from typing import Any

from . import activity_rules, errors, rules, security_rules
from .columns import LOOKUP_KINDS, TableSchema
from .people import privilege
from .records import check_version, stamp_modified
from .tables import Row
from .work import Work


def delete(work: Work, table: TableSchema, row_id: str, *, if_match: str | None = None) -> None:
    """Delete a row by its relationships' rules; raises 404, 405 (Restrict) or 412."""
    name = table.logical_name
    row = work.org.store(name).rows.get(row_id)
    if row is None:
        raise errors.no_record(name, row_id)
    check_version(row, if_match)
    if name == "activityparty":
        raise rules.not_supported("Delete", name)
    activity_rules.check_attachments(work, table, row)
    if name == "organization":
        raise errors.invalid("The organization cannot be deleted.", "0x80040800", 405)
    _delete(work, table, row_id, row)


def _delete(work: Work, table: TableSchema, row_id: str, row: Row) -> None:
    name = table.logical_name
    security_rules.check_delete(table, row)
    # Gone first: a circle of cascades ends here.
    work.transaction.put(name, row_id, None)
    for link in work.org.catalogue.links.to[name]:
        children = _pointing(work, link.referencing, link.column, name, row_id)
        if not children:
            continue
        if link.delete == "Restrict":
            text = f"The {name} cannot be deleted because it is associated with {link.referencing} rows."
            raise errors.DataverseError(405, "0x80040227", text)
        child = work.org.catalogue.tables[link.referencing]
        for found in children:
            if link.delete == "Cascade":
                _delete(work, child, found[child.primary_id], found)
            elif link.delete == "RemoveLink":
                _let_go(work, child, found, link.column)
    for both in work.org.catalogue.links.many[name].values():
        for column in {both.column1 if both.entity1 == name else both.column2}:
            for pair in work.org.store(both.intersect).having(column, row_id):
                work.transaction.put(both.intersect, pair[f"{both.intersect}id"], None)
    _forget_files(work, table, row)
    if work.org.behaviour.recycle_bin:
        work.transaction.put(work.org.bin(name).name, row_id, row)


def _pointing(work: Work, table: str, column: str, target: str, row_id: str) -> list[Row]:
    found = work.org.store(table).having(column, row_id)
    if not work.org.catalogue.tables[table].columns[column].polymorphic:
        return found
    return [row for row in found if row.get(f"{column}@type") == target]


def _let_go(work: Work, table: TableSchema, row: Row, column: str) -> None:
    freed = {name: value for name, value in row.items() if name not in (column, f"{column}@type")}
    if table.logical_name == "activityparty":
        freed["ispartydeleted"] = True
    stamp_modified(work, freed)
    work.transaction.put(table.logical_name, row[table.primary_id], freed)


def _forget_files(work: Work, table: TableSchema, row: Row) -> None:
    if work.org.behaviour.recycle_bin:
        return
    for name in table.file_columns & row.keys():
        work.org.files.drop(work.transaction, row[name])


def restore(work: Work, table: TableSchema, row_id: str) -> str:
    """Bring a row back from the bin; refused when its id or a key is taken again, or what it needs is gone."""
    work.org.people.require(work.caller, privilege("Create", table), table.logical_name)
    name = table.logical_name
    row = work.org.bin(name).rows.get(row_id)
    if row is None:
        raise errors.no_record(name, row_id)
    store = work.org.store(name)
    if row_id in store.rows:
        text = f"A {name} with the same primary key exists; the deleted record cannot be restored."
        raise errors.invalid(text, "0x80049939")
    if store.clash(row_id, row) is not None:
        text = f"A {name} with the same alternate key exists; the deleted record cannot be restored."
        raise errors.invalid(text, "0x80049929")
    missing = _missing_reference(work, table, row)
    if missing is not None:
        text = f"The record referenced by {missing} does not exist; the deleted record cannot be restored."
        raise errors.invalid(text, "0x80049959")
    fresh: dict[str, Any] = {**row, "versionnumber": work.org.next_version()}
    work.transaction.put(name, row_id, fresh)
    work.transaction.put(work.org.bin(name).name, row_id, None)
    return row_id


def _missing_reference(work: Work, table: TableSchema, row: Row) -> str | None:
    for name, column in table.columns.items():
        if column.kind in LOOKUP_KINDS and name in row:
            target = row.get(f"{name}@type") or column.targets[0]
            if not work.org.row_exists(target, row[name]):
                return name
    return None
