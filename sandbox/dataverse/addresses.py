"""Addresses: URL paths into segments, the text between parentheses into a key, a key into a row id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import errors
from .columns import LOOKUP_KINDS, NUMBER_KINDS, Column, Kind, TableSchema
from .keys import key_for, settle_keys
from .values import guid

if TYPE_CHECKING:
    from .organisation import Organisation

ROOT = re.compile(r"/api/data/v9\.[0-2]/?")
SEGMENT = re.compile(r"(?:[^/()']|\((?:[^()']|'(?:[^']|'')*')*\)|'(?:[^']|'')*')+")
KEY_PART = re.compile(r"\s*([A-Za-z_][\w]*)\s*=\s*('(?:[^']|'')*'|[^,]*)\s*(?:,|\Z)")
# "define-alternate-keys": values with these characters cannot be used in a URL
FORBIDDEN_IN_KEYS = frozenset("/<>*%&:\\?+")


@dataclass(frozen=True)
class Segment:
    """`accounts(key)`: `key` is None without parentheses, "" for `WhoAmI()`."""

    name: str
    key: str | None = None


@dataclass(frozen=True)
class RowKey:
    """Which row a URL means. `row_id` is None when no row has this alternate key; then `values` can create it."""

    table: TableSchema
    row_id: str | None
    values: dict[str, Any]
    text: str


def segments(path: str) -> list[Segment]:
    """The decoded path after the service root; raises 404 for what is not one."""
    return list(_segments(path))


@lru_cache(maxsize=1024)
def _segments(path: str) -> tuple[Segment, ...]:
    found = []
    for part in SEGMENT.findall(path):
        name, bracket, rest = part.partition("(")
        if bracket and not rest.endswith(")"):
            raise errors.unknown_segment(part)
        found.append(Segment(name, rest[:-1] if bracket else None))
    return tuple(found)


def path_of(reference: str) -> str:
    """An absolute or relative address without its scheme, host and service root."""
    root = ROOT.search(reference)
    return reference[root.end() :] if root else reference.lstrip("/")


def find_row(org: Organisation, table: TableSchema, key: str, *, in_url: bool = True) -> RowKey:
    """The row behind `accounts(key)`."""
    row_id = guid(key)
    if row_id is not None:
        return RowKey(table, row_id, {}, key)
    parts = _key_parts(key)
    if not parts:
        raise errors.invalid("Bad Request - Error in query syntax.", "0x80060888")
    if list(parts) == [table.primary_id]:
        row_id = guid(parts[table.primary_id].strip("'"))
        if row_id is None:
            raise errors.invalid("Bad Request - Error in query syntax.", "0x80060888")
        return RowKey(table, row_id, {}, key)
    return _by_alternate_key(org, table, key, parts, in_url=in_url)


def _key_parts(key: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    at = 0
    while at < len(key):
        found = KEY_PART.match(key, at)
        if found is None:
            return {}
        parts[found[1]] = found[2].strip()
        at = found.end()
    return parts


def _by_alternate_key(
    org: Organisation, table: TableSchema, key: str, parts: dict[str, str], *, in_url: bool
) -> RowKey:
    settle_keys(org)
    table = org.catalogue.tables[table.logical_name]
    names = {_column_name(table, name): text for name, text in parts.items()}
    alternate = key_for(table, frozenset(names))
    if alternate is None:
        raise errors.key_not_usable(table.logical_name)
    values = {name: _literal(table, table.columns[name], text) for name, text in names.items()}
    if in_url and any(FORBIDDEN_IN_KEYS & set(v) for v in values.values() if isinstance(v, str) and guid(v) is None):
        raise errors.invalid("Bad Request - Error in query syntax.", "0x80060888")
    ordered = tuple(values[name] for name in alternate.columns)
    row_id = org.store(table.logical_name).holder(alternate.schema_name, ordered)
    return RowKey(table, row_id, values, key)


def _column_name(table: TableSchema, name: str) -> str:
    if name.startswith("_") and name.endswith("_value") and name[1:-6] in table.columns:
        return name[1:-6]
    if name in table.columns and table.columns[name].kind not in LOOKUP_KINDS:
        return name
    raise errors.key_not_usable(table.logical_name)


def _literal(table: TableSchema, column: Column, text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if column.kind in LOOKUP_KINDS or column.kind is Kind.GUID:
        found = guid(text)
        if found is not None:
            return found
    elif column.kind in NUMBER_KINDS or column.kind in (Kind.PICKLIST, Kind.DATETIME):
        try:
            return text if column.kind is Kind.DATETIME else (float(text) if "." in text else int(text))
        except ValueError:
            pass
    raise errors.invalid("Bad Request - Error in query syntax.", "0x80060888")


def resolve_reference(org: Organisation, reference: Any) -> tuple[str, str]:
    """(table, row id) of `/accounts(key)` in a body; raises when it is no reference or nothing has that key."""
    parts = segments(path_of(reference)) if isinstance(reference, str) else []
    if len(parts) != 1 or not parts[0].key:
        raise errors.bad_payload(
            "", f"Microsoft.OData.ODataException: Invalid URI '{str(reference)[:120]}': a reference to a row is needed."
        )
    table = org.catalogue.by_set(parts[0].name)
    found = find_row(org, table, parts[0].key, in_url=False)
    if found.row_id is None:
        raise errors.no_record_for_key()
    return table.logical_name, found.row_id


def existing(org: Organisation, row: RowKey) -> str:
    """The id of a row that must be there; the 404 differs by kind of key."""
    name = row.table.logical_name
    if row.row_id is None:
        raise errors.no_record_for_key()
    if row.row_id not in org.store(name).rows:
        raise errors.no_record(name, row.row_id)
    return row.row_id
