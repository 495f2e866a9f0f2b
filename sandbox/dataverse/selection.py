"""Which rows a query means: a $filter tree against one table, with an index where one column decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import conditions, errors
from .column_security import readable
from .columns import LOOKUP_KINDS, TEXT_KINDS, Column, Kind, Relationship, TableSchema
from .conditions import Predicate, Read
from .filters import Both, Compare, Either, Lambda, Name, Node, Not, TextTest, Typed, Within
from .tables import Row
from .values import guid

if TYPE_CHECKING:
    from .organisation import Organisation

INDEXED_VALUES = 5000
MOST_OF_IT = 0.5
"""Of a table. Where an index leaves over more, each page is found sooner by going on from where the last one ended."""


def property_column(table: TableSchema, name: str) -> Column:
    """The column behind a property of the JSON row; raises the 400 of an unknown one. Lookups are `_name_value`."""
    column = table.columns.get(name)
    if column is not None and column.kind not in LOOKUP_KINDS:
        return column
    if name.startswith("_") and name.endswith("_value"):
        column = table.columns.get(name[1:-6])
        if column is not None and column.kind in LOOKUP_KINDS:
            return column
    raise errors.unknown_property(table.logical_name, name)


def navigation(org: Organisation, table: TableSchema, name: str) -> tuple[Relationship, TableSchema]:
    """A single-valued navigation property and the table at its end."""
    link = org.catalogue.links.by_navigation[table.logical_name].get(name)
    if link is None:
        raise errors.unknown_property(table.logical_name, name)
    target = "systemuser" if link.referenced == "owner" else link.referenced
    return link, org.catalogue.tables[target]


def follow(org: Organisation, table: TableSchema, link: Relationship, target: str) -> Callable[[Row], Row | None]:
    """From a row to the row its lookup points at through this navigation property."""
    rows, column = readable(org, target).rows, link.column
    if not table.columns[column].polymorphic:
        return lambda row: rows.get(row.get(column, ""))
    typed = f"{column}@type"
    return lambda row: rows.get(row[column]) if row.get(typed) == target else None


class Selection:
    """A compiled $filter for one table."""

    def __init__(self, org: Organisation, table: TableSchema, node: Node | None) -> None:
        self._org = org
        self._table = table
        self._node = node
        self.predicate: Predicate | None = None if node is None else self._compile(table, node)

    def candidates(self) -> list[Row] | None:
        """The rows that one column's index leaves over, in order of creation; None when no index helps much."""
        narrowed = None if self._node is None else self._narrowed(self._node)
        if narrowed is None:
            return None
        column, values = narrowed
        store = readable(self._org, self._table.logical_name)
        if column == self._table.primary_id:
            found = [row for row in (store.rows.get(value) for value in set(values)) if row is not None]
        elif sum(store.how_many_have(column, value) for value in set(values)) > MOST_OF_IT * len(store.rows):
            return None
        else:
            found = [row for value in set(values) for row in store.having(column, value)]
        return sorted(found, key=lambda row: int(row["@n"]))

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Matching rows in order of creation, those beyond a place."""
        found = self.candidates()
        source = readable(self._org, self._table.logical_name).after(after) if found is None else found
        for row in source:
            if row["@n"] > after and (self.predicate is None or self.predicate(row)):
                yield row

    def _narrowed(self, node: Node) -> tuple[str, list[Any]] | None:
        match node:
            case Compare(Name((name,)), "eq", value) if value is not None:
                column = property_column(self._table, name)
                return column.logical_name, [conditions.comparable(column, value)]
            case Within(Name((name,)), values) if len(values) <= INDEXED_VALUES:
                column = self._table.columns.get(name) or property_column(self._table, name)
                return column.logical_name, [conditions.comparable(column, value) for value in values]
            case Both(parts):
                return next((found for found in map(self._narrowed, parts) if found is not None), None)
            case Either(parts):
                found = [self._narrowed(part) for part in parts]
                if all(one is not None and found[0] is not None and one[0] == found[0][0] for one in found):
                    return found[0][0], [value for one in found if one for value in one[1]]  # type: ignore[index]
        return None

    def _compile(self, table: TableSchema, node: Node) -> Predicate:
        match node:
            case Both(parts):
                return conditions.every([self._compile(table, part) for part in parts])
            case Either(parts):
                return conditions.some([self._compile(table, part) for part in parts])
            case Not(part):
                return conditions.negated(self._compile(table, part))
            case Compare(left, operator, value):
                column, read = self._read(table, left)
                if value is not None:
                    conditions.refuse_content(column)
                _refuse_wrong_quotes(column, value)
                return conditions.compare(read, operator, conditions.comparable(column, value))
            case TextTest(left, function, value):
                column, read = self._read(table, left)
                conditions.refuse_content(column)
                if column.kind not in TEXT_KINDS:
                    raise errors.invalid(f"{function} needs a text column, not {column.logical_name}.", "0x80060888")
                return conditions.text_test(read, function, value)
            case Within(left, values):
                column, read = self._read(table, left, logical=True)
                return conditions.one_of(read, [conditions.comparable(column, value) for value in values])
            case Lambda():
                return self._lambda(table, node)

    def _read(self, table: TableSchema, name: Name, *, logical: bool = False) -> tuple[Column, Read]:
        """`logical`: query functions take a lookup by its logical name, too."""
        path = list(name.path)
        steps: list[Callable[[Row], Row | None]] = []
        while len(path) > 1:
            link, target = navigation(self._org, table, path.pop(0))
            steps.append(follow(self._org, table, link, target.logical_name))
            table = target
        named = table.columns.get(path[0]) if logical else None
        column = named or property_column(table, path[0])
        stored = column.logical_name
        if not steps:
            return column, conditions.reader(stored)

        def read(row: Row) -> Any:
            here: Row | None = row
            for step in steps:
                here = step(here) if here is not None else None
            return None if here is None else here.get(stored)

        return column, read

    def _lambda(self, table: TableSchema, node: Lambda) -> Predicate:
        if len(node.collection.path) != 1:
            raise errors.not_simulated("any() and all() behind another navigation property")
        children, child = collection(self._org, table, node.collection.path[0])
        test = self._compile(child, node.part) if node.part is not None else (lambda row: True)
        if node.every:
            return lambda row: all(test(found) for found in children(row))
        return lambda row: any(test(found) for found in children(row))


def collection(org: Organisation, table: TableSchema, name: str) -> tuple[Callable[[Row], list[Row]], TableSchema]:
    """The rows behind a collection-valued navigation property, and their table."""
    links = org.catalogue.links
    link = links.by_collection[table.logical_name].get(name)
    if link is not None:
        child = org.catalogue.tables[link.referencing]
        return _children(org, table, link, child), child
    both = links.many[table.logical_name].get(name)
    if both is None:
        raise errors.unknown_property(table.logical_name, name)
    here, there, other = both.column1, both.column2, both.entity2
    if (name == both.navigation2 and table.logical_name == both.entity2 and name != both.navigation1) or (
        both.entity1 != table.logical_name
    ):
        here, there, other = both.column2, both.column1, both.entity1
    store, rows = org.store(both.intersect), readable(org, other).rows
    primary = table.primary_id
    return (
        lambda row: [rows[pair[there]] for pair in store.having(here, row[primary]) if pair[there] in rows],
        org.catalogue.tables[other],
    )


def _children(
    org: Organisation, table: TableSchema, link: Relationship, child: TableSchema
) -> Callable[[Row], list[Row]]:
    store, column, primary, name = readable(org, link.referencing), link.column, table.primary_id, table.logical_name
    if not child.columns[column].polymorphic:
        return lambda row: store.having(column, row[primary])
    typed = f"{column}@type"
    return lambda row: [found for found in store.having(column, row[primary]) if found.get(typed) == name]


def _refuse_wrong_quotes(column: Column, value: Any) -> None:
    """Guids are written without quotes, text with them; the other way round is a type error."""
    is_guid = column.kind in LOOKUP_KINDS or column.kind is Kind.GUID
    typed = isinstance(value, Typed)
    if isinstance(value, str) and ((is_guid and not typed) or (column.kind in TEXT_KINDS and typed and guid(value))):
        left, right = ("Edm.Guid", "Edm.String") if is_guid else ("Edm.String", "Edm.Guid")
        raise errors.invalid(
            f"A binary operator with incompatible types was detected. Found operand types '{left}' and '{right}' for"
            " operator kind 'Equal'.",
            "0x0",
        )
