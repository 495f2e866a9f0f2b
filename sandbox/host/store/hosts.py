"""Rows of hosts: who shares this state file, and until when each counts as alive. Leases are in wall-clock seconds."""

from __future__ import annotations

from .database import Database


class Hosts:
    """Statements on hosts; the caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def join(self, host_id: str, url: str, *, lease_until: float) -> None:
        """A new host, the youngest. One that was at the same address before is dead: its port was free."""
        self._db.run("DELETE FROM hosts WHERE url = ?", (url,))
        self._db.run("INSERT INTO hosts (id, url, lease_until) VALUES (?, ?, ?)", (host_id, url, lease_until))
        self._release()

    def renew(self, host_id: str, *, lease_until: float) -> bool:
        """False when the host has lost its place."""
        return self._db.run("UPDATE hosts SET lease_until = ? WHERE id = ?", (lease_until, host_id)).rowcount == 1

    def bury(self, *, wall: float) -> list[str]:
        """Remove hosts whose lease has run out and free what they had claimed; answers their addresses."""
        gone = self._db.run("DELETE FROM hosts WHERE lease_until < ? RETURNING url", (wall,)).fetchall()
        if gone:
            self._release()
        return [row[0] for row in gone]

    def leave(self, host_id: str) -> None:
        self._db.run("DELETE FROM hosts WHERE id = ?", (host_id,))
        self._release()

    def alive(self) -> tuple[str, ...]:
        """Ids, eldest first."""
        return tuple(row[0] for row in self._db.run("SELECT id FROM hosts ORDER BY place"))

    def _release(self) -> None:
        self._db.run(
            "UPDATE activities SET owner = NULL WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM hosts)"
        )
