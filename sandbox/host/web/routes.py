"""Route templates of HTTP triggers (`runs/{run}/documents/{name:alpha?}`), matched the way ASP.NET routing does.

Literal segments win over parameters, constrained parameters over free ones, a catch-all comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from ..functions import AppRefused, Function

_PARAMETER = re.compile(r"^\{(\*{0,2})([A-Za-z_]\w*)((?::[^}?]+)*)(\?)?\}$")
_CONSTRAINTS: Mapping[str, str] = {
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
    "bool": r"(?i:true|false)",
    "alpha": r"[A-Za-z]+",
    "guid": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "decimal": r"[+-]?\d+(?:\.\d+)?",
    "double": r"[+-]?\d+(?:\.\d+)?",
    "float": r"[+-]?\d+(?:\.\d+)?",
}
_ALL_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Route:
    """One function's address; `precedence` sorts the more specific first."""

    function: Function
    template: str
    pattern: re.Pattern[str]
    precedence: tuple[int, ...]
    methods: frozenset[str]
    auth_level: str


class Routes:
    """All routes of an app under its prefix."""

    def __init__(self, functions: Iterable[Function], *, prefix: str) -> None:
        self._prefix = f"/{prefix}/" if prefix else "/"
        self.all = sorted((_route(function) for function in functions), key=lambda route: route.precedence)

    def match(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """The route for this request and its parameters, decoded; `raw_path` is still percent-encoded."""
        if not raw_path.lower().startswith(self._prefix.lower()):
            return None
        rest = raw_path[len(self._prefix) :].rstrip("/")
        for route in self.all:
            found = route.pattern.fullmatch(rest)
            if found and method in route.methods:
                return route, {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
        return None


def _route(function: Function) -> Route:
    details = function.trigger.details
    template = str(details.get("route") or function.name).strip("/")
    pattern, precedence = "", []
    for index, segment in enumerate(template.split("/")):
        text, weight, optional = _segment(function, segment)
        slash = "/" if index else ""
        pattern += f"(?:{slash}{text})?" if optional else slash + text
        precedence.append(weight)
    methods = frozenset(str(method).upper() for method in details.get("methods") or _ALL_METHODS)
    level = str(details.get("authLevel") or "function")
    return Route(function, template, re.compile(pattern, re.IGNORECASE), tuple(precedence), methods, level)


def _segment(function: Function, segment: str) -> tuple[str, int, bool]:
    """A segment as a pattern, its weight, and whether it may be missing."""
    if "{" not in segment:
        return re.escape(segment), 1, False
    found = _PARAMETER.match(segment)
    if not found:
        raise AppRefused(f"function '{function.name}': route segment '{segment}' is not supported by this host")
    stars, name, constraints, optional = found.groups()
    if stars:
        return f"(?P<{name}>.*)", 4, True
    inner = "[^/]+"
    for constraint in filter(None, constraints.split(":")):
        if constraint not in _CONSTRAINTS:
            raise AppRefused(
                f"function '{function.name}': route constraint '{constraint}' is not supported by this host"
            )
        inner = _CONSTRAINTS[constraint]
    return f"(?P<{name}>{inner})", 2 if constraints else 3, optional is not None
