"""Reading rows: $select, $filter, $orderby, $top, $count, $expand, $apply, and pages by an opaque token.

A page starts after the last row of the page before (a keyset, not an offset): rows that come and go meanwhile move
nothing, and 200,000 rows cost forty pages, not forty scans. A sorted result is remembered while its table rests.
"""

from __future__ import annotations

import base64
import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import orjson

from . import errors
from .aggregates import apply_aggregate
from .column_security import hidden, readable
from .columns import Column, TableSchema
from .expanding import Expansion, compile_expansions
from .filters import parse_filter, syntax_error
from .rendering import renderer, visible_columns
from .selection import Selection, property_column
from .tables import Row, folded
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

MOST = 5000
OPTIONS = frozenset({"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$apply", "$skiptoken"})
TOTAL = "Microsoft.Dynamics.CRM.totalrecordcount"
REMEMBERED = 4

Order = list[tuple[Column, bool]]


@dataclass(frozen=True)
class Cursor:
    """Where the next page starts: after this place, and for a sorted result after these sort values."""

    page: int
    place: int
    values: tuple[Any, ...] = ()


def check_options(query: dict[str, str], allowed: frozenset[str] = OPTIONS) -> None:
    for name in query:
        if name == "$skip":
            raise errors.invalid("The query parameter $skip is not supported.", "0x80060888")
        if name.startswith("$") and name not in allowed:
            raise errors.not_simulated(f"the query option {name}")


def list_rows(org: Organisation, table: TableSchema, request: Request, within: list[Row] | None = None) -> Answer:
    """GET of an entity set, or of the rows behind a collection (`within`)."""
    query = request.query
    check_options(query)
    if "$apply" in query:
        return apply_aggregate(org, table, request)
    selection = Selection(org, table, parse_filter(query["$filter"], query) if query.get("$filter") else None)
    order = parse_order(table, query.get("$orderby", ""))
    rows, following = _page(org, table, request, selection, order, within)
    columns = chosen_columns(table, query.get("$select"))
    expansions = compile_expansions(org, table, query.get("$expand", ""), query)
    show = renderer(org, table, columns, request.annotations)
    shown = [show(row) for row in rows]
    for expansion in expansions:
        expansion.add(rows, shown, request.annotations)
    body: dict[str, Any] = {"@odata.context": f"{request.root}/$metadata#{context(table, query, expansions)}"}
    if query.get("$count", "").lower() == "true":
        _add_count(request, body, count_rows(selection, within))
    body["value"] = shown
    if following is not None:
        body["@odata.nextLink"] = _next_link(request, following)
    headers = {"Preference-Applied": f"odata.maxpagesize={request.page_size}"} if request.page_size else {}
    return Answer(200, body, headers, rows=max(1, len(rows)))


def context(table: TableSchema, query: dict[str, str], expansions: list[Expansion]) -> str:
    chosen = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    parts = chosen + [expansion.context for expansion in expansions]
    return f"{table.set_name}({','.join(parts)})" if parts else table.set_name


def chosen_columns(table: TableSchema, select: str | None) -> list[Column]:
    """$select also brings the primary key, as Dataverse does."""
    if not select or select.strip() == "*":
        return visible_columns(table)
    chosen = {table.primary_id: table.columns[table.primary_id]}
    for name in (part.strip() for part in select.split(",")):
        column = property_column(table, name)
        chosen[column.logical_name] = column
    return [column for name, column in chosen.items() if name != table.primary_id] + [chosen[table.primary_id]]


def parse_order(table: TableSchema, text: str) -> Order:
    """[(column, descending)]"""
    order: Order = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise syntax_error(text)
        if "/" in name:
            raise errors.not_simulated("$orderby through a navigation property")
        order.append((property_column(table, name), direction.strip() == "desc"))
    return order


class Backwards:
    """Turns an order round, for descending parts of a sort key."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Backwards) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backwards) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


def sort_values(row: Row, order: Order) -> tuple[Any, ...]:
    return tuple(folded(row.get(column.logical_name)) for column, _ in order)


def sort_key(values: tuple[Any, ...], order: Order, place: int) -> tuple[Any, ...]:
    """Nulls come first, as in SQL Server; ties are broken by the order of creation."""
    parts: list[Any] = []
    for value, (_, descending) in zip(values, order, strict=True):
        part = (value is not None, value if value is not None else 0)
        parts.append(Backwards(part) if descending else part)
    return (*parts, place)


def _page(
    org: Organisation,
    table: TableSchema,
    request: Request,
    selection: Selection,
    order: Order,
    within: list[Row] | None,
) -> tuple[list[Row], Cursor | None]:
    size = request.page_size
    top = _whole_number(request.query.get("$top"), "$top")
    # Documented: $top is ignored next to odata.maxpagesize.
    limit = min(size, MOST) if size else MOST if top is None else min(top, MOST)
    more_follows = bool(size) or top is None or top > MOST
    cursor = read_token(request.query["$skiptoken"]) if "$skiptoken" in request.query else Cursor(1, 0)
    if within is not None:
        matching = [row for row in within if selection.predicate is None or selection.predicate(row)]
        if order:
            matching.sort(key=lambda row: sort_key(sort_values(row, order), order, row["@n"]))
        return matching[:limit] if not more_follows else matching, None
    if order:
        found, last = _sorted_page(org, table, request, selection, order, cursor, limit)
    else:
        found, last = _plain_page(selection, cursor, limit)
    if last is None or not more_follows:
        return found, None
    return found, Cursor(cursor.page + 1, last["@n"], sort_values(last, order))


def _whole_number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdigit():
        raise syntax_error(f"{name}={text}")
    return int(text)


def _plain_page(selection: Selection, cursor: Cursor, limit: int) -> tuple[list[Row], Row | None]:
    found: list[Row] = []
    for row in selection.rows(cursor.place):
        if len(found) == limit:
            return found, found[-1] if found else row
        found.append(row)
    return found, None


def _sorted_page(
    org: Organisation,
    table: TableSchema,
    request: Request,
    selection: Selection,
    order: Order,
    cursor: Cursor,
    limit: int,
) -> tuple[list[Row], Row | None]:
    store = readable(org, table.logical_name)
    parameters = tuple(sorted(item for item in request.query.items() if item[0].startswith("@")))
    key = (
        table.logical_name,
        store.version,
        hidden(org, table),
        request.query.get("$filter"),
        parameters,
        tuple((column.logical_name, descending) for column, descending in order),
    )
    # A filter that looks into other tables can change its mind while this one rests.
    remember = "/" not in (request.query.get("$filter") or "")
    ranked = org.sorted_results.get(key) if remember else None
    if ranked is None:
        ranked = [
            (sort_key(sort_values(row, order), order, row["@n"]), row[table.primary_id]) for row in selection.rows()
        ]
        ranked.sort()
        if remember:
            org.sorted_results[key] = ranked
        while len(org.sorted_results) > REMEMBERED:
            org.sorted_results.popitem(last=False)
    start = 0
    if cursor.page > 1:
        start = bisect_right(ranked, sort_key(cursor.values, order, cursor.place), key=lambda entry: entry[0])
    found = [store.rows[row_id] for _, row_id in ranked[start : start + limit]]
    return found, found[-1] if found and start + limit < len(ranked) else None


def count_rows(selection: Selection, within: list[Row] | None = None) -> int:
    if within is not None:
        return sum(1 for row in within if selection.predicate is None or selection.predicate(row))
    return sum(1 for _ in selection.rows())


def _add_count(request: Request, body: dict[str, Any], count: int) -> None:
    """Counts stop at 5,000; two annotations tell."""
    body["@odata.count"] = min(count, MOST)
    if TOTAL in request.annotations or request.annotations == "*":
        body[f"@{TOTAL}"] = min(count, MOST)
        body[f"@{TOTAL}limitexceeded"] = count > MOST


def write_token(cursor: Cursor) -> str:
    payload = orjson.dumps([cursor.place, *cursor.values])
    sealed = base64.urlsafe_b64encode(zlib.crc32(payload).to_bytes(4, "big") + payload).decode("ascii")
    cookie = quote(f'<cookie page="{cursor.page - 1}"><at last="{sealed}" /></cookie>', safe="")
    return f'<cookie pagenumber="{cursor.page}" pagingcookie="{cookie}" istracking="False" />'


def read_token(token: str) -> Cursor:
    """The cursor in a $skiptoken; raises 400 for one that was not made here."""
    page = re.search(r'pagenumber="(\d+)"', token)
    cookie = re.search(r'pagingcookie="([^"]*)"', token)
    inner = re.search(r'last="([^"]*)"', unquote(cookie[1])) if cookie else None
    try:
        if page is None or inner is None:
            raise ValueError
        sealed = base64.urlsafe_b64decode(inner[1])
        payload = sealed[4:]
        if zlib.crc32(payload) != int.from_bytes(sealed[:4], "big"):
            raise ValueError
        place, *values = orjson.loads(payload)
    except (ValueError, orjson.JSONDecodeError):
        raise errors.invalid("Malformed XML in the Paging Cookie", "0x80041129") from None
    return Cursor(int(page[1]), place, tuple(values))


def _next_link(request: Request, cursor: Cursor) -> str:
    options = {name: value for name, value in request.query.items() if name != "$skiptoken"}
    options["$skiptoken"] = write_token(cursor)
    query = "&".join(f"{quote(name, safe='$@')}={quote(value, safe='')}" for name, value in options.items())
    return f"{request.root}/{quote(request.path, safe='/()=,')}?{query}"
