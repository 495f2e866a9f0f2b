"""What a pack has to know of the audit trail while it streams by: how many events, where chains end, what they tell.

Nothing here judges whether a chain is intact. The pack holds it as it is in the storage; the program inside judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from shared.audit.chain import CLOSED, head_in
from shared.audit.event import Head


class Chain:
    """A chain that streams by. Remembers its last line."""

    def __init__(self) -> None:
        self.events = 0
        self._rest = self._last = b""

    def taken(self, piece: bytes) -> bytes:
        """What of a piece belongs into the pack: here all of it. Only its last line is cut out: it may be large."""
        self.events += piece.count(b"\n")
        end = piece.rfind(b"\n")
        if end >= 0:
            begin = piece.rfind(b"\n", 0, end) + 1
            self._last = piece[begin:end] if begin else self._rest + piece[:end]
            self._rest = b""
        self._rest += piece[end + 1 :]
        return piece

    @property
    def head(self) -> Head:
        """The number and the hash of the last event; none when nobody can read it."""
        return head_in(_body(self._last))


class Story(Chain):
    """The run's own chain. Goes into the pack up to the first event that tells of what the pack does not hold yet,
    because it happened while the pack was made: a chain that ends earlier is a chain, and the pack agrees with itself.

    ``documents``: the current number of each document that the pack knows; ``decisions``: those in it, by gate and
    digest.
    """

    def __init__(self, documents: Mapping[str, int], decisions: set[tuple[str, str]]) -> None:
        super().__init__()
        self.closed: dict[str, Head] = {}
        self.at = ""
        self._documents, self._decisions = documents, decisions
        self._over = False

    def taken(self, piece: bytes) -> bytes:
        """What of a piece belongs into the pack: the lines that are whole, up to that event."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        kept = []
        for line in lines:
            body = _body(line)
            self._over = self._over or self._is_news(body)
            if self._over:
                break
            kept.append(line + b"\n")
            self.events += 1
            self.at = str(body.get("at") or self.at)
            if body.get("kind") == CLOSED:
                self.closed[str(_facts(body).get("chain"))] = head_in(_facts(body))
        return b"".join(kept)

    def open_among(self, chains: Mapping[str, Chain]) -> list[str]:
        """The chains that do not end where the story says: their lanes are at work, or were cut short."""
        return sorted(name for name, one in chains.items() if self.closed.get(name) != one.head)

    def _is_news(self, body: Mapping[str, Any]) -> bool:
        kind, facts = body.get("kind"), _facts(body)
        if kind == "document-published":
            number = facts.get("sequence")
            return isinstance(number, int) and number > self._documents.get(str(facts.get("name")), 0)
        return kind == "decision" and (str(facts.get("gate")), str(facts.get("digest"))) not in self._decisions


def _body(line: bytes) -> Mapping[str, Any]:
    """What a line says; nothing when nobody can read it."""
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _facts(body: Mapping[str, Any]) -> Mapping[str, Any]:
    facts = body.get("facts")
    return facts if isinstance(facts, dict) else {}
