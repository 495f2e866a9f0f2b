"""$apply: filter, groupby and aggregate over at most 50,000 rows, which is where Dataverse refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import errors
from .columns import Column, TableSchema
from .expanding import split_outside
from .filters import Node, parse_filter, syntax_error
from .selection import Selection, property_column
from .tables import Row
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

LIMIT = 50_000
PART = re.compile(r"(filter|groupby|aggregate)\((.*)\)\Z", re.DOTALL)
COUNT = re.compile(r"\$count\s+as\s+(\w+)\Z")
MEASURE = re.compile(r"(\w+)\s+with\s+(sum|min|max|average|countdistinct)\s+as\s+(\w+)\Z")

Measure = tuple[str, Callable[[list[Row]], Any]]


def too_many() -> errors.DataverseError:
    text = "AggregateQueryRecordLimit exceeded. Cannot perform this operation."
    return errors.invalid(text, "0x8004e023")


def measured(function: str, column: str, rows: Iterable[Row]) -> Any:
    """sum, min, max, average, countdistinct over the values that are not null."""
    values = [row[column] for row in rows if column in row]
    match function:
        case "sum":
            return sum(values)
        case "countdistinct":
            return len(set(values))
        case "average" | "avg":
            return sum(values) / len(values) if values else None
        case "min":
            return min(values, default=None)
        case "max":
            return max(values, default=None)
    raise errors.not_simulated(f"the aggregate {function}")


def apply_aggregate(org: Organisation, table: TableSchema, request: Request) -> Answer:
    predicate: Node | None = None
    groups: list[Column] = []
    measures: list[Measure] = []
    for part in split_outside(request.query["$apply"], "/"):
        found = PART.match(part)
        if found is None:
            raise syntax_error(part)
        match found[1]:
            case "filter":
                predicate = parse_filter(found[2], request.query)
            case "groupby":
                groups, measures = _groupby(table, found[2])
            case "aggregate":
                measures = _measures(table, found[2])
    rows = []
    for row in Selection(org, table, predicate).rows():
        rows.append(row)
        if len(rows) > LIMIT:
            raise too_many()
    value = [_line(group, groups, measures) for group in _grouped(rows, groups)]
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#{table.set_name}", "value": value})


def _groupby(table: TableSchema, text: str) -> tuple[list[Column], list[Measure]]:
    names, *rest = split_outside(text, ",")
    if not names.startswith("("):
        raise syntax_error(text)
    groups = [property_column(table, name) for name in split_outside(names[1:-1], ",")]
    measures = []
    for part in rest:
        found = PART.match(part)
        if found is None or found[1] != "aggregate":
            raise syntax_error(text)
        measures = _measures(table, found[2])
    return groups, measures


def _measures(table: TableSchema, text: str) -> list[Measure]:
    measures: list[Measure] = []
    for part in split_outside(text, ","):
        if found := COUNT.match(part):
            measures.append((found[1], len))
        elif found := MEASURE.match(part):
            measures.append((found[3], _measure(property_column(table, found[1]).logical_name, found[2])))
        else:
            raise syntax_error(text)
    return measures


def _measure(column: str, function: str) -> Callable[[list[Row]], Any]:
    return lambda rows: measured(function, column, rows)


def _grouped(rows: list[Row], groups: list[Column]) -> Iterable[list[Row]]:
    if not groups:
        return [rows]
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(column.logical_name) for column in groups), []).append(row)
    return found.values()


def _line(rows: list[Row], groups: list[Column], measures: list[Measure]) -> dict[str, Any]:
    line = {column.property_name: rows[0].get(column.logical_name) for column in groups}
    return line | {name: function(rows) for name, function in measures}
