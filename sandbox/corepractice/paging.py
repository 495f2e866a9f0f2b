"""What a list request asks for, and cursors: opaque to the client, self-contained, valid while records change."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.corepractice.practice import Place
from sandbox.corepractice.records import microseconds

DEFAULT_LIMIT = 200
MOST = 500
PARAMETERS = frozenset({"limit", "cursor", "updated_since", "include_archived"})


class BadRequest(ValueError):
    """The message is for the caller and repeats nothing it should not."""


@dataclass(frozen=True)
class ListRequest:
    limit: int
    since: int | None  # microseconds since 1970
    archived: bool
    after: Place | None


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST:
        raise BadRequest(f"limit must be a whole number from 1 to {MOST}")
    return int(text)


def _since(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return microseconds(text)
    except ValueError:
        hint = " (a + in a query must be written %2B)" if " " in text else ""
        raise BadRequest(f"updated_since must be ISO-8601 with an offset{hint}") from None


def _archived(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise BadRequest("include_archived must be true or false")
    return text == "true"


def parse(object_name: str, query: Mapping[str, str]) -> ListRequest:
    """Raises BadRequest. What a cursor remembers need not be repeated, but may not be contradicted."""
    unknown = sorted(set(query) - PARAMETERS)
    if unknown:
        raise BadRequest(f"unknown parameter: {', '.join(unknown)}")
    if len(query) > len(set(query)):  # a multidict counts what its iterator does not repeat
        raise BadRequest("a parameter was given twice")
    asked = ListRequest(
        limit=_limit(query.get("limit")),
        since=_since(query.get("updated_since")),
        archived=_archived(query.get("include_archived")),
        after=None,
    )
    if "cursor" not in query:
        return asked
    found = decode(object_name, query["cursor"])
    if "updated_since" in query and asked.since != found.since:
        raise BadRequest("the cursor belongs to a list with another updated_since")
    if "include_archived" in query and asked.archived != found.archived:
        raise BadRequest("the cursor belongs to a list with another include_archived")
    return ListRequest(asked.limit, found.since, found.archived, found.after)


def encode(object_name: str, asked: ListRequest, last: Place) -> str:
    kept = [object_name, asked.since, asked.archived, last.id, last.updated]
    text = json.dumps(kept, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(object_name: str, cursor: str) -> ListRequest:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        owner, since, archived, last, updated = json.loads(text)
        kinds = (owner, last), (since, updated)
        sound = all(isinstance(part, str) for part in kinds[0]) and isinstance(archived, bool)
        sound = sound and all(part is None or type(part) is int for part in kinds[1])
    except (UnicodeError, binascii.Error, ValueError, TypeError):
        raise BadRequest("cursor is not one of ours") from None
    if not sound or (since is None) != (updated is None):
        raise BadRequest("cursor is not one of ours")
    if owner != object_name:
        raise BadRequest(f"the cursor belongs to {owner}")
    return ListRequest(DEFAULT_LIMIT, since, archived, Place(last, updated))
