"""A request at the front door as bytes and headers, for journeys about what the door itself says.

Apart from the customer, who sees only whether things went well: here status, media type and body are the story, and
each answer is held against the API's description.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from sandbox.town import Town
from tests.contract import Contract

PROBLEMS = "https://bridgework.dev/problems/"
CONTRACT = Contract.read()


@dataclass(frozen=True)
class Seen:
    """An answer. ``body`` is parsed JSON, None for none."""

    status: int
    content_type: str
    headers: dict[str, str]
    body: Any

    @property
    def slug(self) -> str:
        """The stable part of a problem's type."""
        return str(self.body["type"]).removeprefix(PROBLEMS)


@dataclass(frozen=True)
class Door:
    """The app's front door; ``key`` is the function key to come with, the town's own unless told."""

    town: Town
    key: str | None = None

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Seen:
        """One request. ``body``: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        key = self.town.function_key if self.key is None else self.key
        sent = {"Content-Type": "application/json", **({"x-functions-key": key} if key else {}), **headers}
        request = urllib.request.Request(self.town.functions_url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                seen = _seen(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            seen = _seen(refused.code, refused.headers, refused.read())
        CONTRACT.check_answer(method, path, seen.status, seen.content_type, seen.body)
        return seen

    def refused(self, status: int, slug: str, method: str, path: str, body: Any = None, **headers: str) -> Seen:
        """A request that has to be refused just so, with complete problem details."""
        seen = self.send(method, path, body, **headers)
        assert (seen.status, seen.body and seen.slug) == (status, slug), seen.body
        assert seen.content_type == "application/problem+json"
        assert seen.body["status"] == status
        assert seen.body["title"]
        assert seen.body["detail"]
        return seen


def _seen(status: int, headers: Any, text: bytes) -> Seen:
    return Seen(status, headers.get_content_type(), dict(headers), json.loads(text) if text else None)
