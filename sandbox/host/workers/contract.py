"""What every worker offers the host, and the values that pass between them. No engine, no HTTP server here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..functions import Catalogue, Function


@dataclass(frozen=True, slots=True)
class Datum:
    """A value on its way in or out; `kind` is json, string, bytes, http, or None for nothing."""

    kind: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An HTTP request as a function sees it; `params` are the route's."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an HTTP function returned; `cookies` are whole Set-Cookie values."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception in the app: `ValueError: text`, and its traceback."""

    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one invocation: a datum, or a failure."""

    returned: Datum = field(default_factory=lambda: Datum(None, None))
    failure: Failure | None = None


class Worker(Protocol):
    """Loads one app and runs its functions. `load` raises AppRefused; `invoke` never raises for the app's errors."""

    name: str
    catalogue: Catalogue

    async def load(self, app_directory: str) -> None: ...

    async def invoke(self, function: Function, inputs: Mapping[str, Datum]) -> Outcome: ...

    async def stop(self) -> None: ...
