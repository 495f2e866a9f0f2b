"""One request and one answer, whether they came over HTTP by themselves or as a part of a $batch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from . import errors
from .addresses import ROOT, Segment, segments
from .files import Spool
from .people import Caller

PAGE = re.compile(r"odata\.maxpagesize\s*=\s*\"?(\d+)")
ANNOTATIONS = re.compile(r"odata\.include-annotations\s*=\s*\"?([^\"]*)")
JSON = "application/json; odata.metadata=minimal"


@dataclass
class Request:
    """`path` is decoded and begins after the service root; header names are lower case; `root` has no last slash."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    root: str
    caller: Caller
    fault: str | None = None
    in_batch: bool = False
    spool: Spool | None = None
    """The body of a large upload, on disk; then `body` is empty."""

    def segments(self) -> list[Segment]:
        return segments(self.path)

    def json(self) -> dict[str, Any]:
        """The body as an object; raises the 400 of a body that is none."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            message = "Error identified in Payload provided by the user: the body is not a JSON object."
            raise errors.invalid(message, "0x80048d19")
        return document

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    @property
    def prefer(self) -> str:
        return self.headers.get("prefer", "")

    @property
    def page_size(self) -> int | None:
        found = PAGE.search(self.prefer)
        return int(found[1]) if found else None

    @property
    def annotations(self) -> str:
        found = ANNOTATIONS.search(self.prefer)
        return found[1] if found else ""

    @property
    def wants_representation(self) -> bool:
        return "return=representation" in self.prefer

    @property
    def strong(self) -> bool:
        return self.headers.get("consistency", "").lower() == "strong"


@dataclass
class Answer:
    """`body` is JSON to be (an object), bytes, or nothing. `rows` is how many rows it cost, for the limits."""

    status: int = 204
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    rows: int = 1

    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


def refusal(error: errors.DataverseError) -> Answer:
    return Answer(error.status, error.body(), dict(error.headers))


@lru_cache(maxsize=1024)
def split_url(url: str) -> tuple[str, dict[str, str]]:
    """(decoded path after the service root, decoded query) of an absolute or relative URL."""
    path, _, query = url.partition("?")
    root = ROOT.search(path)
    return unquote(path[root.end() :] if root else path.lstrip("/")), read_query(query)


def read_query(query: str) -> dict[str, str]:
    """`+` is a space and `%24` a dollar; of a repeated option the first counts."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, value)
    return found
