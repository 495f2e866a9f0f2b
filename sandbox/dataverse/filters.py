"""$filter: read into a tree, then into a predicate.

The tree comes first because the search for a quick way (one column equal to some values) needs to look at it before
any row is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from . import errors

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<enum>Microsoft\.Dynamics\.CRM\.\w+'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>@?[A-Za-z_$][\w.]*(?:/[A-Za-z_$][\w.]*)*)"
    r"|(?P<list>\[[^\]]*\])"
    r"|(?P<mark>[(),:=]))"
)
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
TEXT_FUNCTIONS = ("contains", "startswith", "endswith")
IN = "Microsoft.Dynamics.CRM.In"


@dataclass(frozen=True)
class Name:
    """A property, or a path of navigation properties to one."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class Compare:
    left: Name
    operator: str
    value: Any


@dataclass(frozen=True)
class TextTest:
    left: Name
    function: str
    value: str


@dataclass(frozen=True)
class Within:
    left: Name
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Both:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class Lambda:
    """`collection/any(x:...)`; `part` is None for a bare `any()`, its names no longer have the variable."""

    collection: Name
    every: bool
    part: Node | None


Node = Compare | TextTest | Within | Both | Either | Not | Lambda


def parse_filter(text: str, query: Mapping[str, str]) -> Node:
    """The tree of a $filter; `query` has the values of its @parameters. Raises 400 for a syntax error."""
    return _Parser(text, query).whole()


def syntax_error(text: str) -> errors.DataverseError:
    return errors.invalid(f"Syntax error in the query expression: {text[:200]}", "0x80060888")


def parameter(name: str, query: Mapping[str, str]) -> Any:
    """The value of `@p1` from the query string, read as JSON save for 'text' in single quotes."""
    text = query.get(name)
    if text is None:
        raise syntax_error(f"the parameter {name} has no value")
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return Typed(text)


class _Parser:
    def __init__(self, text: str, query: Mapping[str, str]) -> None:
        self._text = text
        self._query = query
        self._variables: list[str] = []
        self._tokens = self._scan(text)
        self._at = 0

    def _scan(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        end = len(text.rstrip())
        while at < end:
            token = TOKEN.match(text, at)
            if token is None or token.lastgroup is None:
                raise syntax_error(text)
            found.append((token.lastgroup, token[token.lastgroup]))
            at = token.end()
        return [*found, ("end", "")]

    def whole(self) -> Node:
        node = self._either()
        self._take("end")
        return node

    def _take(self, kind: str, value: str | None = None) -> str:
        found, text = self._tokens[self._at]
        if found != kind or (value is not None and text != value):
            raise syntax_error(self._text)
        self._at += 1
        return text

    def _next_is(self, kind: str, value: str) -> bool:
        if self._tokens[self._at] == (kind, value):
            self._at += 1
            return True
        return False

    def _either(self) -> Node:
        parts = [self._both()]
        while self._next_is("name", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._not()]
        while self._next_is("name", "and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _not(self) -> Node:
        return Not(self._not()) if self._next_is("name", "not") else self._term()

    def _term(self) -> Node:
        if self._next_is("mark", "("):
            node = self._either()
            self._take("mark", ")")
            return node
        name = self._take("name")
        if self._next_is("mark", "("):
            return self._call(name)
        return self._comparison(self._name(name))

    def _name(self, text: str) -> Name:
        path = text.split("/")
        if self._variables and path[0] == self._variables[-1]:
            path = path[1:]
        return Name(tuple(path))

    def _comparison(self, left: Name) -> Node:
        operator = self._take("name")
        if operator not in COMPARISONS:
            raise syntax_error(self._text)
        return Compare(left, operator, self._value())

    def _call(self, name: str) -> Node:
        if name in TEXT_FUNCTIONS:
            return self._text_test(name)
        if name == IN:
            return self._within()
        collection, _, quantifier = name.rpartition("/")
        if collection and quantifier in ("any", "all"):
            return self._lambda(self._name(collection), every=quantifier == "all")
        raise errors.not_simulated(f"the query function {name}")

    def _text_test(self, function: str) -> Node:
        left = self._name(self._take("name"))
        self._take("mark", ",")
        value = self._value()
        self._take("mark", ")")
        if not isinstance(value, str):
            raise syntax_error(self._text)
        return TextTest(left, function, value)

    def _within(self) -> Node:
        named: dict[str, Any] = {}
        while not self._next_is("mark", ")"):
            name = self._take("name")
            self._take("mark", "=")
            named[name] = self._value()
            self._next_is("mark", ",")
        values = named.get("PropertyValues")
        if not isinstance(named.get("PropertyName"), str) or not isinstance(values, list):
            raise syntax_error(self._text)
        return Within(Name((named["PropertyName"],)), tuple(values))

    def _lambda(self, collection: Name, *, every: bool) -> Node:
        if self._next_is("mark", ")"):
            return Lambda(collection, every, None)
        self._variables.append(self._take("name"))
        self._take("mark", ":")
        part = self._either()
        self._take("mark", ")")
        self._variables.pop()
        return Lambda(collection, every, part)

    def _value(self) -> Any:
        kind, text = self._tokens[self._at]
        self._at += 1
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "enum":
                return text.partition("'")[2][:-1]
            case "guid" | "time":
                return Typed(text)
            case "number":
                return float(text) if any(mark in text for mark in ".eE") else int(text)
            case "name" if text in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[text]
            case "list":
                return self._json_list(text)
            case "name" if text.startswith("@"):
                return parameter(text, self._query)
        raise syntax_error(self._text)

    def _json_list(self, text: str) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise syntax_error(self._text) from None


class Typed(str):
    """A guid or a moment as a literal: text, but not a quoted string."""

    __slots__ = ()
