"""The queue of activities. A row is claimed, run, and deleted only together with the arrival of its result.

Its owner is a host; how long a host is alive is written in one place, with the hosts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .database import Database


@dataclass(frozen=True, slots=True)
class Work:
    """One activity to run for one task of one execution; `input` is JSON text."""

    id: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None


class Activities:
    """Statements on activities; the caller holds the transaction. Times are in wall-clock seconds."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, rows: Iterable[tuple[str, str, int, str, str | None]], *, wall: float) -> None:
        """Rows of instance id, execution id, task id, function name, input."""
        self._db.run_many(
            "INSERT INTO activities (instance_id, execution_id, task_id, name, input, added) VALUES (?, ?, ?, ?, ?, ?)",
            [(*row, wall) for row in rows],
        )

    def claim(self, owner: str, *, limit: int, added_before: float) -> list[Work]:
        """Oldest first: rows that nobody owns. The owner must be a host in this transaction."""
        rows = self._db.run(
            "UPDATE activities SET owner = ? WHERE id IN (SELECT id FROM activities "
            "WHERE owner IS NULL AND added < ? ORDER BY id LIMIT ?) "
            "RETURNING id, instance_id, execution_id, task_id, name, input",
            (owner, added_before, limit),
        ).fetchall()
        return sorted((Work(*row) for row in rows), key=lambda work: work.id)

    def finish(self, work: Work, owner: str) -> bool:
        """False when the row is another's by now, or gone: then its result is nobody's either."""
        return self._db.run("DELETE FROM activities WHERE id = ? AND owner = ?", (work.id, owner)).rowcount == 1

    def count(self, instance_id: str | None = None) -> int:
        """Queued and running, of one instance or of all."""
        where, values = ("", ()) if instance_id is None else (" WHERE instance_id = ?", (instance_id,))
        found: int = self._db.run(f"SELECT COUNT(*) FROM activities{where}", values).fetchone()[0]
        return found

    def any_unowned(self) -> bool:
        return self._db.run("SELECT 1 FROM activities WHERE owner IS NULL LIMIT 1").fetchone() is not None
