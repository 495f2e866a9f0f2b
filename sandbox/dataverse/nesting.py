"""Deep insert: rows inside a row, created in the same transaction, parents first and children after."""

from __future__ import annotations

from typing import Any

from . import errors
from .columns import TableSchema
from .work import Work
from .writing import Written


def create_parents(work: Work, table: TableSchema, written: Written) -> None:
    """Create what hangs on single-valued navigation properties, and link it; leaves the collections."""
    from .records import create

    links = work.org.catalogue.links.by_navigation[table.logical_name]
    children = []
    for name, value in written.nested:
        link = links.get(name)
        if link is None:
            children.append((name, value))
            continue
        if not isinstance(value, dict):
            raise errors.bad_payload(table.set_name, f"The navigation property '{name}' needs an object.")
        if link.referenced == "owner":
            raise errors.bad_payload(table.set_name, "An owner cannot be created inside another row.")
        parent = work.org.catalogue.tables[link.referenced]
        written.changes[link.column] = create(work, parent, _without_type(value))
        if table.columns[link.column].polymorphic:
            written.changes[f"{link.column}@type"] = link.referenced
    written.nested = children


def create_children(work: Work, table: TableSchema, row_id: str, nested: list[tuple[str, Any]]) -> None:
    """Create what hangs on collection-valued navigation properties, each linked to the new row."""
    from .records import create

    links = work.org.catalogue.links.by_collection[table.logical_name]
    for name, rows in nested:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise errors.bad_payload(table.set_name, f"The navigation property '{name}' needs a list of objects.")
        link = links[name]
        child = work.org.catalogue.tables[link.referencing]
        for row in rows:
            bound = {f"{link.navigation}@odata.bind": f"/{table.set_name}({row_id})"}
            create(work, child, {**_without_type(row), **bound}, nested=True)


def _without_type(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "@odata.type"}
