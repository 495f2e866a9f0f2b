"""FetchXML over HTTP: rows or aggregates of one table and the tables linked to it, page by page.

Reading and joining are `fetch_query`; here is what becomes of the rows that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree

from . import aggregates, errors
from .columns import Column, TableSchema
from .fetch_query import Attribute, Fetch, Joined, parse_fetch
from .queries import MOST, Backwards
from .rendering import renderer, visible_columns
from .tables import folded
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

CRM = "@Microsoft.Dynamics.CRM."


def fetch_rows(org: Organisation, table: TableSchema, request: Request) -> Answer:
    """GET of an entity set with ?fetchXml=; the entity must be the set's own."""
    try:
        document = ElementTree.fromstring(request.query["fetchXml"])
    except ElementTree.ParseError as problem:
        raise errors.invalid(f"Invalid XML in the fetch: {problem}", "0x80040201") from None
    fetch = parse_fetch(org, document)
    if fetch.table is not table:
        text = f"The fetch asks for '{fetch.table.logical_name}' but the URL for '{table.logical_name}'."
        raise errors.invalid(text, "0x80060888")
    found = fetch.rows()
    body: dict[str, Any] = {"@odata.context": f"{request.root}/$metadata#{table.set_name}"}
    if fetch.aggregate:
        return Answer(200, {**body, "value": _aggregated(fetch, found)}, rows=max(1, len(found)))
    _sort(fetch, found)
    shown = _shown(org, fetch, found, request.annotations)
    if fetch.distinct:
        shown = list({repr(sorted(row.items())): row for row in shown}.values())
    return _paged(fetch, body, shown)


def _paged(fetch: Fetch, body: dict[str, Any], shown: list[dict[str, Any]]) -> Answer:
    if fetch.top is not None:
        return Answer(200, {**body, "value": shown[: fetch.top]})
    size = min(fetch.count or MOST, MOST)
    start = (fetch.page - 1) * size
    page = shown[start : start + size]
    if fetch.wants_total:
        body[f"{CRM}totalrecordcount"] = min(len(shown), MOST)
        body[f"{CRM}totalrecordcountlimitexceeded"] = len(shown) > MOST
    if start + size < len(shown):
        inner = quote(quote(f'<cookie page="{fetch.page}"><at last="{start + size}" /></cookie>', safe=""), safe="")
        body[f"{CRM}morerecords"] = True
        body[f"{CRM}fetchxmlpagingcookie"] = (
            f'<cookie pagenumber="{fetch.page + 1}" pagingcookie="{inner}" istracking="False" />'
        )
    return Answer(200, {**body, "value": page}, rows=max(1, len(page)))


def _sort(fetch: Fetch, found: list[Joined]) -> None:
    def key(row: Joined) -> tuple[Any, ...]:
        parts: list[Any] = []
        for order in fetch.orders:
            value = folded((row.get(order.alias) or {}).get(order.column.logical_name))
            part = (value is not None, value if value is not None else 0)
            parts.append(Backwards(part) if order.descending else part)
        return tuple(parts)

    if fetch.orders:
        found.sort(key=key)


def _shown(org: Organisation, fetch: Fetch, found: list[Joined], annotations: str) -> list[dict[str, Any]]:
    plain = [attribute.column for attribute in fetch.attributes if not attribute.alias and attribute.link == ""]
    columns = visible_columns(fetch.table) if fetch.everything else _with_key(fetch.table, plain)
    show = renderer(org, fetch.table, columns, annotations)
    named = [attribute for attribute in fetch.attributes if attribute.alias or attribute.link]
    documents = []
    for joined in found:
        document = show(joined[""] or {})
        for attribute in named:
            value = (joined.get(attribute.link) or {}).get(attribute.column.logical_name)
            if value is not None:
                document[attribute.name] = value
        documents.append(document)
    return documents


def _with_key(table: TableSchema, columns: list[Column]) -> list[Column]:
    key = table.columns[table.primary_id]
    return columns if key in columns else [*columns, key]


def _aggregated(fetch: Fetch, found: list[Joined]) -> list[dict[str, Any]]:
    if len(found) > aggregates.LIMIT:
        raise aggregates.too_many()
    groups: dict[tuple[Any, ...], list[Joined]] = {}
    keys = [attribute for attribute in fetch.attributes if attribute.grouped]
    for joined in found:
        groups.setdefault(tuple(_value(attribute, joined) for attribute in keys), []).append(joined)
    if not keys:
        groups = {(): found}
    lines = []
    for values, rows in groups.items():
        line = {attribute.name: value for attribute, value in zip(keys, values, strict=True)}
        line |= {a.name: _measured(a, rows) for a in fetch.attributes if a.aggregate is not None}
        lines.append(line)
    return lines


def _value(attribute: Attribute, joined: Joined) -> Any:
    return (joined.get(attribute.link) or {}).get(attribute.column.logical_name)


def _measured(attribute: Attribute, rows: list[Joined]) -> Any:
    if attribute.aggregate == "count":
        return len(rows)
    values = [value for value in (_value(attribute, row) for row in rows) if value is not None]
    functions: dict[str, Callable[[], Any]] = {
        "countcolumn": lambda: len(set(values) if attribute.distinct else values),
        "sum": lambda: sum(values),
        "avg": lambda: sum(values) / len(values) if values else None,
        "min": lambda: min(values, default=None),
        "max": lambda: max(values, default=None),
    }
    if attribute.aggregate not in functions:
        raise errors.not_simulated(f"the aggregate {attribute.aggregate}")
    return functions[attribute.aggregate]()
