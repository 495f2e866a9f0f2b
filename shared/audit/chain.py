"""Whether a chain is as it was written, and if not, the first event that is altered, removed, moved or put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.audit.event import MEMBERS, STORY, Head, canonical, digest

CLOSED = "chain-closed"
"""The kind of story event that holds a lane's head: from then on the lane's end cannot be cut off unseen."""
REGISTERED = "run-registered"
"""The first event of a story, which names its run."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event of a chain that is not as it was written: its number, and what was done to it.

    ``altered``: its content, or its hash. ``removed``, ``reordered``, ``inserted`` (that number stands there twice).
    ``cut-off``: it and all that follow are gone. ``of-another-chain``, ``of-another-run``: written, but not here.
    """

    chain: str
    n: int
    why: str


class Walk:
    """A walk along one chain, line by line, that remembers no more than where it is.

    ``promised``: heads that the chain is known to have had, from the story or from the run's own row.
    """

    def __init__(self, chain: str, *, run: str = "", promised: Iterable[Head] = ()) -> None:
        self.chain = chain
        self.lines = 0
        self.head = Head()
        self.broken: Broken | None = None
        self.closed: dict[str, Head] = {}
        self._run = run
        self._promised = {one.n: one.hash for one in promised if one.n}

    def step(self, line: bytes) -> None:
        """The next line, without its newline."""
        self.lines += 1
        body = _sound(line)
        if self.broken is not None:
            # What is missing may only stand elsewhere.
            if self.broken.why == "removed" and body and body["n"] == self.broken.n and body["chain"] == self.chain:
                self._break(self.broken.n, "reordered")
            return
        expected = self.head.n + 1
        if body is None:
            return self._break(expected, "altered")
        if body["chain"] != self.chain:
            return self._break(expected, "of-another-chain")
        if body["n"] > expected:
            return self._break(expected, "removed")
        if body["n"] < expected:
            return self._break(body["n"], "inserted")
        if body["prev"] != self.head.hash:
            # This event tells what the hash of the one before it was: that one was written anew, with a hash that fits.
            return self._break(max(self.head.n, 1), "altered")
        if self._promised.get(expected, body["hash"]) != body["hash"]:
            return self._break(expected, "altered")
        self.head = Head(expected, body["hash"])
        self._take(body)

    def end(self) -> Broken | None:
        """What is wrong with the chain, after its last line."""
        last = max(self._promised, default=0)
        if self.broken is None and self.head.n < last:
            self._break(self.head.n + 1, "cut-off")
        return self.broken

    def _take(self, body: Mapping[str, Any]) -> None:
        facts = body["facts"]
        if body["kind"] == REGISTERED and self._run and facts.get("run") != self._run:
            self._break(self.head.n, "of-another-run")
        if self.chain == STORY and body["kind"] == CLOSED:
            self.closed[str(facts.get("chain"))] = head_in(facts)

    def _break(self, n: int, why: str) -> None:
        self.broken = Broken(self.chain, n, why)


def verify(chain: str, lines: Iterable[bytes], *, promised: Iterable[Head] = ()) -> tuple[Head, Broken | None]:
    """The head of a chain as far as it is sound, and the first event that is not."""
    walk = Walk(chain, promised=promised)
    for line in lines:
        walk.step(line)
    return walk.head, walk.end()


def head_in(facts: Mapping[str, Any]) -> Head:
    """The head that facts tell of; one that nothing is known of promises nothing."""
    n, hash_ = facts.get("n"), facts.get("hash")
    return Head(n, hash_) if isinstance(n, int) and isinstance(hash_, str) else Head()


def promised(text: str) -> Head:
    """The head that a run's row holds as ``<n>:<hash>``; nothing promises nothing."""
    n, _, hash_ = text.partition(":")
    return Head(int(n), hash_) if n.isdecimal() else Head()


def spelled(head: Head) -> str:
    """A head as a run's row holds it."""
    return f"{head.n}:{head.hash}"


def _sound(line: bytes) -> dict[str, Any] | None:
    """A line that is whole and has the hash it says, or None."""
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or set(body) != MEMBERS or not isinstance(body["facts"], dict):
        return None
    if type(body["n"]) is not int:
        return None
    unsigned = {name: value for name, value in body.items() if name != "hash"}
    return body if digest(unsigned) == body["hash"] and canonical(body) == line else None
