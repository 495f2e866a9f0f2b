"""The rules of rows that say where documents lie: an address of their own or one below a parent, and its collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from .columns import TableSchema
from .tables import Row
from .work import Work


def site(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    _check_address(row, parent="parentsite")
    _join_collection(work, row, "sharepointsite", row.get("parentsite"), own_id=row["sharepointsiteid"])


def location(work: Work, table: TableSchema, row: Row, changes: Mapping[str, Any]) -> None:
    _check_address(row, parent="parentsiteorlocation")
    kind, parent = row.get("parentsiteorlocation@type"), row.get("parentsiteorlocation")
    _join_collection(work, row, str(kind), parent, own_id=None)


def _check_address(row: Row, *, parent: str) -> None:
    if row.get("absoluteurl"):
        return
    if not row.get("relativeurl"):
        raise errors.invalid("Both absolute URL and relative URL cannot be null.", "0x80040203")
    if row.get(parent) is None:
        raise errors.invalid("A relative URL needs a parent site or location.", "0x80040203")


def _join_collection(work: Work, row: Row, table: str, parent: str | None, *, own_id: str | None) -> None:
    """The collection is the uppermost site; the platform fills it in."""
    above = work.org.store(table).rows.get(parent, {}) if parent is not None else {}
    collection = above.get("sitecollectionid") or own_id
    if collection is None:
        row.pop("sitecollectionid", None)
    else:
        row["sitecollectionid"] = collection
