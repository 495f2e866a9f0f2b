"""Rows of entities: an id `@name@key`, and a state as JSON text."""

from __future__ import annotations

from dataclasses import dataclass

from .database import Database


@dataclass(frozen=True, slots=True)
class Entity:
    """`existing` and `state` are what the function left; times are seconds since 1970."""

    id: str
    state: str | None
    existing: bool
    created: float
    updated: float


class Entities:
    """Statements on entities; the caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, entity_id: str) -> Entity | None:
        row = self._db.run(
            "SELECT id, state, existing, created, updated FROM entities WHERE id = ?", (entity_id,)
        ).fetchone()
        return None if row is None else Entity(row[0], row[1], bool(row[2]), row[3], row[4])

    def put(self, entity_id: str, *, state: str | None, existing: bool, now: float) -> None:
        self._db.run(
            "INSERT INTO entities VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET state = excluded.state, existing = excluded.existing, updated = excluded.updated",
            (entity_id, state, int(existing), now, now),
        )

    def named(self, name: str) -> list[Entity]:
        prefix = f"@{name.lower()}@"
        rows = self._db.run(
            "SELECT id, state, existing, created, updated FROM entities WHERE substr(id, 1, ?) = ? ORDER BY id",
            (len(prefix), prefix),
        )
        return [Entity(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]
