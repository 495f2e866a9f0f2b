"""One event of the trail and the line that it becomes: canonical JSON, so that anybody can work out its hash again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

APP = "bridgework"
"""Who did it when nobody asked for it just then: the app itself, following its story."""
STORY = "story"
"""The chain of what happens to the run as a whole; lanes have chains of their own."""
MEMBERS = frozenset({"at", "chain", "facts", "hash", "kind", "n", "prev", "who"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``facts`` are names, counts, digests and keyed ids, never a record's value, and no
    fractions: JSON writers differ in how they spell those.

    ``facts["mark"]``, where there is one, names what the event is about (a batch, a document, the run's phase). If the
    latest event of that mark says the very same, this one is the repeat of an attempt that was cut off.
    """

    kind: str
    who: str
    facts: Mapping[str, Any]

    @property
    def mark(self) -> str:
        """What the event is about, or nothing: then it is never taken for a repeat."""
        return str(self.facts.get("mark", ""))

    @property
    def fingerprint(self) -> str:
        """The same for the same event, whenever it is told and wherever it stands."""
        return digest({"kind": self.kind, "who": self.who, "facts": self.facts})


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number and the hash of its last event. Number 0 is a chain without events."""

    n: int = 0
    hash: str = ""


def canonical(body: Mapping[str, Any]) -> bytes:
    """The one spelling that is hashed: members in order, no blanks, UTF-8."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical spelling, in hexadecimal."""
    return hashlib.sha256(canonical(body)).hexdigest()


def line(event: Event, *, chain: str, after: Head, at: str) -> tuple[bytes, Head]:
    """The event as the next line of a chain, with its newline, and the head that the chain has then."""
    body = {
        "at": at,
        "chain": chain,
        "facts": event.facts,
        "kind": event.kind,
        "n": after.n + 1,
        "prev": after.hash,
        "who": event.who,
    }
    head = Head(after.n + 1, digest(body))
    return canonical({**body, "hash": head.hash}) + b"\n", head
