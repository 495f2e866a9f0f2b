"""A fetch read from its XML, and the rows it means: filters and joins, nothing about their presentation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from . import conditions, errors
from .column_security import readable
from .columns import Column, TableSchema
from .conditions import Predicate
from .tables import Row, Table

if TYPE_CHECKING:
    from .organisation import Organisation

Joined = dict[str, Row | None]
"""One result: rows by link alias, the fetched entity's own under ""; None for an outer link that found nothing."""

COMPARISONS = {"eq": "eq", "ne": "ne", "neq": "ne", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le",
               "on-or-after": "ge", "on-or-before": "le"}  # fmt: skip
KNOWN_ELEMENTS = frozenset({"attribute", "all-attributes", "no-attrs", "filter", "order", "link-entity"})


@dataclass(frozen=True)
class Attribute:
    column: Column
    link: str
    alias: str | None
    aggregate: str | None = None
    grouped: bool = False
    distinct: bool = False

    @property
    def name(self) -> str:
        return self.alias or f"{self.link}.{self.column.logical_name}"


@dataclass(frozen=True)
class Order:
    alias: str
    column: Column
    descending: bool


@dataclass
class _Link:
    alias: str
    table: TableSchema
    store: Table
    source_alias: str
    source_column: str
    column: str
    outer: bool
    test: Predicate


@dataclass
class Fetch:
    """A compiled fetch; `rows` runs it."""

    org: Organisation
    table: TableSchema
    store: Table
    test: Predicate
    links: list[_Link] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    everything: bool = False
    aggregate: bool = False
    distinct: bool = False
    wants_total: bool = False
    top: int | None = None
    count: int | None = None
    page: int = 1

    def rows(self) -> list[Joined]:
        found: list[Joined] = [{"": row} for row in self.store.after() if self.test(row)]
        for link in self.links:
            found = [joined for one in found for joined in _joined(link, one)]
        return found


def _joined(link: _Link, one: Joined) -> Iterable[Joined]:
    source = one.get(link.source_alias) or {}
    value = source.get(link.source_column)
    matches = [] if value is None else [row for row in link.store.having(link.column, value) if link.test(row)]
    if matches:
        return [{**one, link.alias: row} for row in matches]
    return [{**one, link.alias: None}] if link.outer else []


def parse_fetch(org: Organisation, document: Element) -> Fetch:
    entity = document.find("entity")
    if document.tag != "fetch" or entity is None:
        raise errors.invalid("The fetch needs an entity.", "0x80040201")
    table = _table(org, entity.get("name", ""))
    from_bin = document.get("datasource") == "bin"
    store = org.bin(table.logical_name) if from_bin else readable(org, table.logical_name)
    fetch = Fetch(org, table, store, lambda row: True)
    fetch.aggregate = document.get("aggregate") == "true"
    fetch.distinct = document.get("distinct") == "true"
    fetch.wants_total = document.get("returntotalrecordcount") == "true"
    fetch.top = int(document.get("top", "0")) or None
    fetch.count = int(document.get("count", "0")) or None
    fetch.page = int(document.get("page", "1"))
    fetch.test = _read(fetch, entity, table, "")
    if not fetch.aggregate and not fetch.attributes and entity.find("no-attrs") is None:
        fetch.everything = fetch.everything or not fetch.links
    return fetch


def _table(org: Organisation, name: str) -> TableSchema:
    table = org.catalogue.table(name)
    if table is None:
        text = f"The entity with a name = '{name}' was not found in the MetadataCache."
        raise errors.invalid(text, "0x80041102")
    return table


def _column(table: TableSchema, name: str | None) -> Column:
    column = table.columns.get(name or "")
    if column is None:
        raise errors.unknown_attribute(table.logical_name, str(name))
    return column


def _read(fetch: Fetch, element: Element, table: TableSchema, alias: str) -> Predicate:
    """Take in what an entity or link-entity holds; answers its filter."""
    tests: list[Predicate] = []
    for child in element:
        if child.tag not in KNOWN_ELEMENTS:
            raise errors.not_simulated(f"the FetchXML element {child.tag}")
        match child.tag:
            case "attribute":
                fetch.attributes.append(_attribute(table, child, alias))
            case "all-attributes" if alias == "":
                fetch.everything = True
            case "all-attributes":
                fetch.attributes.extend(Attribute(column, alias, None) for column in table.columns.values())
            case "filter":
                tests.append(_filter(table, child))
            case "order":
                fetch.orders.append(_order(fetch, table, child, alias))
            case "link-entity":
                _link(fetch, child, alias)
    return conditions.every(tests) if tests else lambda row: True


def _attribute(table: TableSchema, element: Element, alias: str) -> Attribute:
    column = _column(table, element.get("name"))
    if column.holds_file and (alias or element.get("alias")):
        raise errors.not_simulated(f"{column.logical_name} under an alias or of a linked table")
    return Attribute(
        column,
        alias,
        element.get("alias"),
        element.get("aggregate"),
        element.get("groupby") == "true",
        element.get("distinct") == "true",
    )


def _order(fetch: Fetch, table: TableSchema, element: Element, alias: str) -> Order:
    descending = element.get("descending") == "true"
    if element.get("entityname"):
        raise errors.not_simulated("order by a linked entity's alias")
    if element.get("alias"):
        raise errors.not_simulated("order by an aggregate's alias")
    return Order(alias, _column(table, element.get("attribute")), descending)


def _link(fetch: Fetch, element: Element, source: str) -> None:
    table = _table(fetch.org, element.get("name", ""))
    kind = element.get("link-type", "inner")
    if kind not in ("inner", "outer"):
        raise errors.not_simulated(f"the link type {kind}")
    alias = element.get("alias") or f"{table.logical_name}{len(fetch.links) + 1}"
    to = element.get("to", "")
    link = _Link(
        alias,
        table,
        readable(fetch.org, table.logical_name),
        source,
        to,
        _column(table, element.get("from")).logical_name,
        kind == "outer",
        lambda row: True,
    )
    fetch.links.append(link)
    link.test = _read(fetch, element, table, alias)


def _filter(table: TableSchema, element: Element) -> Predicate:
    tests = []
    for child in element:
        if child.tag == "filter":
            tests.append(_filter(table, child))
        elif child.tag == "condition":
            tests.append(_condition(table, child))
        else:
            raise errors.not_simulated(f"the FetchXML filter element {child.tag}")
    if not tests:
        return lambda row: True
    return conditions.some(tests) if element.get("type") == "or" else conditions.every(tests)


def _condition(table: TableSchema, element: Element) -> Predicate:
    if element.get("entityname") or element.get("valueof"):
        raise errors.not_simulated("a condition on another entity's column")
    column = _column(table, element.get("attribute"))
    operator = element.get("operator", "")
    texts = [value.text or "" for value in element.findall("value")]
    if "value" in element.attrib:
        texts = [element.get("value", "")]
    return fetch_condition(column, operator, texts)


def fetch_condition(column: Column, operator: str, texts: list[str]) -> Predicate:
    """One condition; every value is written as text."""
    read = conditions.reader(column.logical_name)

    def value(at: int) -> Any:
        if at >= len(texts):
            raise errors.invalid(f"The operator {operator} needs a value.", "0x80040203")
        return conditions.comparable(column, texts[at], lenient=True)

    if operator not in ("null", "not-null"):
        conditions.refuse_content(column)
    if operator in COMPARISONS:
        return conditions.compare(read, COMPARISONS[operator], value(0))
    match operator:
        case "null":
            return conditions.compare(read, "eq", None)
        case "not-null":
            return conditions.compare(read, "ne", None)
        case "in" | "not-in":
            test = conditions.one_of(read, [value(at) for at in range(len(texts))])
            return test if operator == "in" else conditions.negated(test)
        case "between":
            return conditions.every(
                [conditions.compare(read, "ge", value(0)), conditions.compare(read, "le", value(1))]
            )
        case "like" | "not-like":
            test = conditions.like(read, texts[0])
            return test if operator == "like" else conditions.negated(test)
        case "begins-with":
            return conditions.text_test(read, "startswith", texts[0])
        case "ends-with":
            return conditions.text_test(read, "endswith", texts[0])
        case "on":
            return conditions.text_test(read, "startswith", texts[0][:10])
    raise errors.not_simulated(f"the FetchXML operator {operator}")
