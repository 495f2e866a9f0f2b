"""The inbox of every instance and entity: events that wait to be taken into a history, some only from a due time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from .database import Database

AT_ONCE = 0.0


class Rank(IntEnum):
    """Which messages go first: a start before anything else, control before work, carried-over events before new."""

    START = 0
    CONTROL = 1
    CARRIED = 2
    WORK = 3


@dataclass(frozen=True, slots=True)
class Message:
    """An event (JSON text) on its way; `execution_id` None means whichever execution is current."""

    instance_id: str
    execution_id: str | None
    event: str
    rank: Rank = Rank.WORK
    due: float = AT_ONCE


@dataclass(frozen=True, slots=True)
class Received:
    """A message in the inbox."""

    id: int
    execution_id: str | None
    rank: int
    due: float
    event: str


class Messages:
    """Statements on messages; the caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def send(self, messages: Iterable[Message]) -> None:
        self._db.run_many(
            "INSERT INTO messages (instance_id, execution_id, rank, due, event) VALUES (?, ?, ?, ?, ?)",
            [(m.instance_id, m.execution_id, int(m.rank), m.due, m.event) for m in messages],
        )

    def waiting(self, instance_id: str, *, now: float, limit: int, up_to: Rank = Rank.WORK) -> list[Received]:
        """What may be taken now, in the order it must be taken."""
        rows = self._db.run(
            "SELECT id, execution_id, rank, due, event FROM messages "
            "WHERE instance_id = ? AND rank <= ? AND due <= ? ORDER BY rank, due, id LIMIT ?",
            (instance_id, int(up_to), now, limit),
        )
        return [Received(*row) for row in rows]

    def drop(self, messages: Iterable[Received]) -> int:
        """How many of them were still there."""
        return self._db.run_many("DELETE FROM messages WHERE id = ?", [(message.id,) for message in messages])

    def drop_execution(self, instance_id: str, execution_id: str) -> None:
        """Timers and results that belong to an execution which is over."""
        self._db.run("DELETE FROM messages WHERE instance_id = ? AND execution_id = ?", (instance_id, execution_id))

    def recipients(self, *, after: int = 0) -> list[tuple[str, float]]:
        """Every instance with messages younger than the id `after`, and each of their due times."""
        rows = self._db.run(
            "SELECT instance_id, due FROM messages WHERE id > ? GROUP BY instance_id, due ORDER BY MIN(id)", (after,)
        )
        return [(row[0], row[1]) for row in rows]

    def newest(self) -> int:
        """The highest id there ever was: ids rise in the order of commits, whichever host commits."""
        row = self._db.run("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
        return 0 if row is None else int(row[0])
