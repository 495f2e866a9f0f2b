"""$expand: related rows inside a row, single-valued or collection, with $select, $filter, $orderby, $top inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import errors
from .columns import TableSchema
from .filters import parse_filter, syntax_error
from .rendering import renderer
from .selection import Selection, collection, follow, navigation
from .tables import Row

if TYPE_CHECKING:
    from .organisation import Organisation

INSIDE = frozenset({"$select", "$filter", "$orderby", "$top", "$expand"})


class Expansion:
    """One expanded navigation property of one table."""

    def __init__(
        self, org: Organisation, table: TableSchema, name: str, options: dict[str, str], query: Mapping[str, str]
    ) -> None:
        from .queries import chosen_columns, parse_order

        unknown = set(options) - INSIDE
        if unknown:
            raise errors.not_simulated(f"{', '.join(sorted(unknown))} inside $expand")
        self._org, self.name, self._options = org, name, options
        self._single, self._many, self._target = self._reach(table)
        self._columns = chosen_columns(self._target, options.get("$select"))
        node = parse_filter(options["$filter"], query) if "$filter" in options else None
        self._selection = Selection(org, self._target, node)
        self._order = parse_order(self._target, options.get("$orderby", ""))
        self._top = int(options["$top"]) if options.get("$top", "").isdigit() else None
        self._inner = compile_expansions(org, self._target, options.get("$expand", ""), query)

    @property
    def context(self) -> str:
        return f"{self.name}({self._options.get('$select', '')})"

    def _reach(
        self, table: TableSchema
    ) -> tuple[Callable[[Row], Row | None] | None, Callable[[Row], list[Row]] | None, TableSchema]:
        links = self._org.catalogue.links
        if self.name in links.by_navigation[table.logical_name]:
            link, target = navigation(self._org, table, self.name)
            return follow(self._org, table, link, target.logical_name), None, target
        many, target = collection(self._org, table, self.name)
        return None, many, target

    def add(self, rows: list[Row], shown: list[dict[str, Any]], annotations: str) -> None:
        """Put the related rows into the JSON of each row."""
        show = renderer(self._org, self._target, self._columns, annotations)

        def rendered(found: list[Row]) -> list[dict[str, Any]]:
            documents = [show(row) for row in found]
            for expansion in self._inner:
                expansion.add(found, documents, annotations)
            return documents

        for row, document in zip(rows, shown, strict=True):
            if self._single is not None:
                one = self._single(row)
                document[self.name] = rendered([one])[0] if one is not None else None
            elif self._many is not None:
                document[self.name] = rendered(self._chosen(self._many(row)))

    def _chosen(self, rows: list[Row]) -> list[Row]:
        from .queries import sort_key, sort_values

        test = self._selection.predicate
        found = [row for row in rows if test is None or test(row)]
        if self._order:
            found.sort(key=lambda row: sort_key(sort_values(row, self._order), self._order, row["@n"]))
        return found if self._top is None else found[: self._top]


def compile_expansions(org: Organisation, table: TableSchema, text: str, query: Mapping[str, str]) -> list[Expansion]:
    return [Expansion(org, table, name, options, query) for name, options in split_expand(text)]


def split_expand(text: str) -> list[tuple[str, dict[str, str]]]:
    """`a($select=b;$top=1),c` into [("a", {"$select": "b", "$top": "1"}), ("c", {})]."""
    found = []
    for part in split_outside(text, ","):
        name, bracket, rest = part.partition("(")
        if bracket and not rest.endswith(")"):
            raise syntax_error(text)
        options = {}
        for option in split_outside(rest[:-1] if bracket else "", ";"):
            key, _, value = option.partition("=")
            options[key.strip()] = value
        found.append((name.strip(), options))
    return found


def split_outside(text: str, mark: str) -> list[str]:
    """Split at a mark that is neither in brackets nor in quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == mark and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]
