"""The queue of activities. A row is claimed, run, and deleted only together with the arrival of its result."""

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
    """Statements on activities; the caller holds the transaction. Leases are in wall-clock seconds."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, rows: Iterable[tuple[str, str, int, str, str | None]]) -> None:
        """Rows of instance id, execution id, task id, function name, input."""
        self._db.run_many(
            "INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
            list(rows),
        )

    def claim(self, owner: str, *, limit: int, wall: float, lease_seconds: float) -> list[Work]:
        """Oldest first: rows that nobody owns, or whose owner (another) let the lease run out."""
        rows = self._db.run(
            "UPDATE activities SET owner = ?, lease_until = ? WHERE id IN (SELECT id FROM activities "
            "WHERE owner IS NULL OR (owner <> ? AND lease_until < ?) ORDER BY id LIMIT ?) "
            "RETURNING id, instance_id, execution_id, task_id, name, input",
            (owner, wall + lease_seconds, owner, wall, limit),
        ).fetchall()
        return sorted((Work(*row) for row in rows), key=lambda work: work.id)

    def release_all(self) -> None:
        """For a starting host that holds the file alone: whoever owned rows is gone."""
        self._db.run("UPDATE activities SET owner = NULL WHERE owner IS NOT NULL")

    def finish(self, works: Iterable[Work]) -> None:
        self._db.run_many("DELETE FROM activities WHERE id = ?", [(work.id,) for work in works])

    def outstanding(self) -> dict[str, int]:
        """How many activities each instance waits for."""
        return dict(self._db.run("SELECT instance_id, COUNT(*) FROM activities GROUP BY instance_id").fetchall())
