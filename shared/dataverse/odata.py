"""How names, keys, values and filters are written in OData, and how its answers are read back. Pure text.

Apart from the client because every rule here has bitten someone: bind names keep their case, quotes are doubled, a date
column refuses a timestamp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import orjson

from shared.errors import Stop
from shared.schema.model import Field, Kind, Table

ROOT = "/api/data/v9.2/"
URL_LIMIT = 7_500
"""Characters of one address. Dataverse takes 32 KB, but proxies between us and it commonly stop at 8 KB."""

HEADERS = {
    "Accept": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
}
JSON = "application/json; charset=utf-8"
STRONG = {"Consistency": "Strong"}
"""Reads metadata past a cache that lags up to 30 seconds."""

ETAG = "@odata.etag"
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ENTITY_ID = re.compile(rf"\(({_GUID})\)$")
_BIND = "@odata.bind"
_LINKED = frozenset({Kind.LOOKUP, Kind.OWNER})


def quoted(text: str) -> str:
    """A string literal: ``O'Hara`` becomes ``'O''Hara'``."""
    return "'" + text.replace("'", "''") + "'"


def record(set_name: str, row_id: str) -> str:
    """The path of one row, relative to the service root."""
    return f"{set_name}({row_id})"


def reference(set_name: str, row_id: str) -> str:
    """The value of a bind: ``/contacts(guid)``."""
    return f"/{set_name}({row_id})"


def bind_name(field: Field, target_table: str) -> str:
    """The property that points a lookup at a table: ``bw_PatientId@odata.bind``. Case matters.

    Raises Stop when the live metadata knows no way from that lookup to that table: a guess would be refused anyway.
    """
    if field.kind is Kind.OWNER:
        return f"{field.name}@odata.bind"
    navigation = field.navigation_to(target_table)
    if navigation is None:
        raise Stop("lookup-target", f"Column {field.name} cannot point to table {target_table}.")
    return f"{navigation}@odata.bind"


def read_name(table: Table, name: str) -> str:
    """A column's name in a query and in an answer: lookups read as ``_name_value``."""
    field = table.field(name)
    return f"_{name}_value" if field is not None and field.kind in _LINKED else name


def query(**options: str) -> str:
    """Query options (``select`` becomes ``$select``, ``p1`` stays ``@p1``), percent-encoded, None-free."""
    parts = []
    for name, value in options.items():
        sign = "@" if re.fullmatch(r"p\d", name) else "$"
        parts.append(f"{sign}{name}={quote(value, safe=_SAFE)}")
    return "?" + "&".join(parts) if parts else ""


_SAFE = "/,()$@'=:;*"
_CONDITIONS = 100
"""In one filter. Dataverse takes 500, but each costs it time."""


def within(name: str, values: Sequence[str], *, also: str | None = None, **options: str) -> str:
    """The query for rows whose ``name`` is one of ``values``, and for which the filter ``also`` holds."""
    rule = "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)"
    return query(
        **options,
        filter=f"{rule} and ({also})" if also else rule,
        p1=quoted(name),
        p2=orjson.dumps(list(values)).decode(),
    )


def groups(values: Sequence[str], *, room: int) -> Iterator[Sequence[str]]:
    """The values in groups that each fit ``room`` characters of address once quoted and encoded."""
    start = 0
    while start < len(values):
        end, used = start, 0
        while end < len(values):
            used += len(quote(orjson.dumps(values[end]).decode(), safe="")) + 1  # and a comma
            if used > room and end > start:
                break
            end += 1
        yield values[start:end]
        start = end


def either(name: str, ids: Sequence[str], *, room: int) -> Iterator[str]:
    """Filters for rows whose ``name`` is one of ``ids``: each within ``room`` characters of address, once encoded."""
    each = len(quote(f"{name} eq {'0' * 36} or ", safe=_SAFE))
    most = max(1, min(room // each, _CONDITIONS))
    for start in range(0, len(ids), most):
        yield " or ".join(f"{name} eq {id_}" for id_ in ids[start : start + most])


def entity_id(header: str) -> str | None:
    """The row's id out of an OData-EntityId header; None when it names an alternate key instead."""
    found = _ENTITY_ID.search(header.strip())
    return found[1].lower() if found else None


def instant(moment: datetime) -> str:
    """A point in time, in UTC to the second (Dataverse drops the rest)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(value: date) -> str:
    """A date-only value. A full timestamp in its place is a type error."""
    return value.isoformat() if not isinstance(value, datetime) else value.date().isoformat()


def read_instant(text: str) -> datetime:
    """A point in time as Dataverse writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def columns(table: Table, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, by logical column name; a bind becomes the id it points to.

    Rows nested in it (an activity's parties) are no columns of its own, and left out.
    """
    ways = {f"{way}{_BIND}": field.name for field in table.fields for _, way in field.navigation}
    found: dict[str, Any] = {}
    for name, value in sent.items():
        if name.endswith(_BIND):
            column = ways.get(name, name.removesuffix(_BIND).lower())
            found[column] = None if value is None else entity_id(str(value))
        elif not name.startswith("@") and not isinstance(value, list | tuple):
            found[name] = value
    return found


def shows(table: Table, sent: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
    """Whether a row read back carries every value of its own that was sent: how a lost answer is settled."""
    return all(_same(value, present.get(read_name(table, name))) for name, value in columns(table, sent).items())


def _same(sent: Any, present: Any) -> bool:
    if isinstance(sent, str) and isinstance(present, str):
        if sent.casefold() == present.casefold():
            return True
        try:
            return read_instant(sent) == read_instant(present)
        except (ValueError, TypeError):
            return False
    return bool(sent == present)
