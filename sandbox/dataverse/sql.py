"""The SQL subset behind `?sql=`: SELECT from one table with WHERE, GROUP BY, ORDER BY and TOP. Read only.

No joins: Dataverse has some, the clients known here can do without, and half of a join is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from . import conditions, errors
from .aggregates import measured
from .column_security import readable
from .columns import Column, TableSchema
from .conditions import Predicate
from .fetch_query import fetch_condition
from .queries import MOST, sort_key, sort_values
from .rendering import renderer
from .tables import Row
from .wire import Answer, Request

if TYPE_CHECKING:
    from .organisation import Organisation

T = TypeVar("T")
TOKEN = re.compile(
    r"\s*(?:(?P<text>N?'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\[?[A-Za-z_][\w]*\]?(?:\.\[?\w+\]?)?)"
    r"|(?P<mark><>|!=|<=|>=|[=<>(),*]))"
)
OPERATORS = {"=": "eq", "<>": "ne", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
FUNCTIONS = {"count": "count", "sum": "sum", "min": "min", "max": "max", "avg": "avg"}


@dataclass
class _Query:
    items: list[tuple[str, Column | None, str | None]] = field(default_factory=list)
    """(function or "", column or None for *, alias)"""
    distinct: bool = False
    top: int | None = None
    test: Predicate | None = None
    groups: list[Column] = field(default_factory=list)
    order: list[tuple[Column, bool]] = field(default_factory=list)


def sql_rows(org: Organisation, table: TableSchema, request: Request) -> Answer:
    query = _Reader(table, request.query["sql"]).read()
    rows = [row for row in readable(org, table.logical_name).after() if query.test is None or query.test(row)]
    if query.order:
        rows.sort(key=lambda row: sort_key(sort_values(row, query.order), query.order, row["@n"]))
    if query.groups or any(function for function, _, _ in query.items):
        value = _aggregated(query, rows)
    else:
        columns = [column for _, column, _ in query.items if column is not None]
        show = renderer(org, table, columns, request.annotations)
        value = [show(row) for row in rows]
    if query.distinct:
        value = list({repr({k: v for k, v in row.items() if k != "@odata.etag"}): row for row in value}.values())
    value = value[: min(query.top or MOST, MOST)]
    return Answer(200, {"@odata.context": f"{request.root}/$metadata#{table.set_name}", "value": value})


def _aggregated(query: _Query, rows: list[Row]) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(column.logical_name) for column in query.groups), []).append(row)
    if not query.groups:
        groups = {(): rows}
    return [{_name(item): _value(item, found) for item in query.items} for found in groups.values()]


def _name(item: tuple[str, Column | None, str | None]) -> str:
    function, column, alias = item
    return alias or (function or (column.property_name if column else "expr"))


def _value(item: tuple[str, Column | None, str | None], rows: list[Row]) -> Any:
    function, column, _ = item
    if column is None:
        return len(rows)
    if function == "count":
        return sum(1 for row in rows if column.logical_name in row)
    if function:
        return measured(function, column.logical_name, rows)
    return rows[0].get(column.logical_name) if rows else None


class _Reader:
    def __init__(self, table: TableSchema, text: str) -> None:
        self._table, self._text = table, text
        self._tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip().rstrip(";"))
        while at < end:
            token = TOKEN.match(text, at)
            if token is None or token.lastgroup is None:
                raise self._wrong()
            self._tokens.append((token.lastgroup, token[token.lastgroup]))
            at = token.end()
        self._tokens.append(("end", ""))
        self._at = 0

    def _wrong(self) -> errors.DataverseError:
        return errors.invalid(f"The SQL statement cannot be read: {self._text[:200]}", "0x80040203")

    def _word(self, *words: str) -> bool:
        """Take these words if they come next."""
        found = [text.lower() for _, text in self._tokens[self._at : self._at + len(words)]]
        if found == list(words):
            self._at += len(words)
            return True
        return False

    def _take(self, kind: str) -> str:
        found, text = self._tokens[self._at]
        if found != kind:
            raise self._wrong()
        self._at += 1
        return text

    def _column(self) -> Column:
        name = self._take("name").replace("[", "").replace("]", "").rpartition(".")[2].lower()
        column = self._table.columns.get(name)
        if column is None:
            raise errors.unknown_attribute(self._table.logical_name, name)
        return column

    def read(self) -> _Query:
        query = _Query()
        if not self._word("select"):
            raise errors.invalid("Only SELECT is supported.", "0x80040203")
        query.distinct = self._word("distinct")
        if self._word("top"):
            query.top = int(self._take("number"))
        query.items.append(self._item())
        while self._word(","):
            query.items.append(self._item())
        self._from()
        if self._word("where"):
            query.test = self._either()
        if self._word("group", "by"):
            query.groups = self._list(self._column)
        if self._word("order", "by"):
            query.order = self._list(self._ordered)
        self._take("end")
        return query

    def _from(self) -> None:
        if not self._word("from") or self._take("name").lower().strip("[]") != self._table.logical_name:
            raise errors.invalid(f"The statement must select from {self._table.logical_name}.", "0x80040203")
        for word in ("join", "inner", "left", "right", "cross"):
            if self._tokens[self._at][1].lower() == word:
                raise errors.not_simulated("joins in SQL")
        self._word("as")
        if self._tokens[self._at][0] == "name" and self._tokens[self._at][1].lower() not in ("where", "group", "order"):
            self._at += 1

    def _list(self, read: Callable[[], T]) -> list[T]:
        found = [read()]
        while self._word(","):
            found.append(read())
        return found

    def _ordered(self) -> tuple[Column, bool]:
        column = self._column()
        if self._word("desc"):
            return column, True
        self._word("asc")
        return column, False

    def _item(self) -> tuple[str, Column | None, str | None]:
        name = self._tokens[self._at][1].lower()
        function, column = "", None
        if name in FUNCTIONS and self._tokens[self._at + 1][1] == "(":
            self._at += 2
            function = FUNCTIONS[name]
            column = None if self._word("*") else self._column()
            if not self._word(")"):
                raise self._wrong()
        else:
            column = self._column()
        return function, column, self._take("name") if self._word("as") else None

    def _either(self) -> Predicate:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return conditions.some(parts)

    def _both(self) -> Predicate:
        parts = [self._not()]
        while self._word("and"):
            parts.append(self._not())
        return conditions.every(parts)

    def _not(self) -> Predicate:
        if self._word("not"):
            return conditions.negated(self._not())
        if self._word("("):
            found = self._either()
            if not self._word(")"):
                raise self._wrong()
            return found
        return self._condition()

    def _condition(self) -> Predicate:
        column = self._column()
        if self._word("is", "not", "null"):
            return fetch_condition(column, "not-null", [])
        if self._word("is", "null"):
            return fetch_condition(column, "null", [])
        negated = self._word("not")
        if self._word("like"):
            return fetch_condition(column, "not-like" if negated else "like", [self._literal()])
        if self._word("in"):
            return fetch_condition(column, "not-in" if negated else "in", self._literals())
        if self._word("between"):
            low = self._literal()
            if not self._word("and"):
                raise self._wrong()
            return fetch_condition(column, "between", [low, self._literal()])
        operator = OPERATORS.get(self._take("mark"))
        if operator is None or negated:
            raise self._wrong()
        return fetch_condition(column, operator, [self._literal()])

    def _literals(self) -> list[str]:
        if not self._word("("):
            raise self._wrong()
        found = self._list(self._literal)
        if not self._word(")"):
            raise self._wrong()
        return found

    def _literal(self) -> str:
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text.removeprefix("N")[1:-1].replace("''", "'")
        if kind == "number":
            return text
        raise self._wrong()
