"""This host among those that share the state file: its own place, and who else is alive.

A place is kept by renewing it. Whoever finds that another's lease has run out removes that host and frees what it had
claimed; a host that comes back from a long pause finds its place gone, and begins again under a new name.

Who keeps an instance is worked out from its id and the list of hosts, so nothing is claimed and nothing handed over.
For a moment two hosts may differ about the list, and both take a turn: then one of the two commits is refused.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
import uuid

from ..store.hub import Hub

log = logging.getLogger(__name__)

RENEWALS = 3
"""In the time of one lease."""


class Membership:
    """`id` names this host for as long as it keeps its place. Leases are in wall-clock seconds."""

    def __init__(self, hub: Hub, url: str, *, lease_seconds: float) -> None:
        self.id = ""
        self.lease_seconds = lease_seconds
        self._hub = hub
        self._url = url
        self._alive: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        return len(self._alive) <= 1

    @property
    def hosts(self) -> int:
        """How many are alive, this one among them."""
        return max(1, len(self._alive))

    def keeps(self, instance_id: str) -> bool:
        """Whether the turns of this instance or entity are this host's to take."""
        return self.alone or self._alive[_number(instance_id) % len(self._alive)] == self.id

    def join(self) -> None:
        """Take a place, as the youngest."""
        self.id, wall = uuid.uuid4().hex, time.time()
        with self._hub.transaction():
            self._hub.hosts.join(self.id, self._url, lease_until=wall + self.lease_seconds)
            self._hub.hosts.bury(wall=wall)
            self._alive = self._hub.hosts.alive()

    def renew(self) -> bool:
        """Go on being alive, and remove who is not. False when the place was lost; `join` takes another."""
        wall = time.time()
        with self._hub.transaction():
            kept = self._hub.hosts.renew(self.id, lease_until=wall + self.lease_seconds)
            gone = self._hub.hosts.bury(wall=wall)
        for url in gone:
            log.warning("The lease of the host at %s has run out: its work is taken over", url)
        return kept

    def extend(self, connection: sqlite3.Connection) -> None:
        """Only go on being alive; from any thread, on a connection of its own."""
        connection.execute("UPDATE hosts SET lease_until = ? WHERE id = ?", (time.time() + self.lease_seconds, self.id))

    def leave(self) -> None:
        with self._hub.transaction():
            self._hub.hosts.leave(self.id)

    def look(self) -> bool:
        """Read who is alive; whether that has changed."""
        alive = self._hub.hosts.alive()
        changed = alive != self._alive
        # One that is not in the list has lost its place: it keeps to what it thought until it has another.
        if self.id in alive:
            self._alive = alive
        return changed

    def holds(self) -> bool:
        """Whether the place is still this host's; sure for as long as a transaction is open."""
        return self.id in self._hub.hosts.alive()

    def is_eldest(self) -> bool:
        """Whether this host does what only one may do."""
        return self._hub.hosts.alive()[:1] == (self.id,)


def _number(instance_id: str) -> int:
    """The same on every host; well spread also when ids differ in one digit."""
    return int.from_bytes(hashlib.blake2b(instance_id.encode(), digest_size=4).digest())
