"""Rows of orchestration instances and their histories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .database import Database, Overtaken

FINISHED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
_COLUMNS = (
    "id, execution_id, name, version, status, input, output, custom_status, parent_id, parent_execution_id, "
    "parent_task_id, created, updated, revision"
)


@dataclass(frozen=True, slots=True)
class Parent:
    """The task of another instance that waits for this one."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(frozen=True, slots=True)
class Instance:
    """One orchestration. `input`, `output` and `custom_status` are JSON text, or None.

    `revision` counts its turns: whoever means to store one says which it builds on.
    """

    id: str
    execution_id: str
    name: str
    version: str
    status: str
    input: str | None
    output: str | None
    custom_status: str | None
    parent: Parent | None
    created: float
    updated: float
    revision: int = 0

    @property
    def finished(self) -> bool:
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class Query:
    """Which instances: all of the given conditions; `after` is the (created, id) of the last row already seen."""

    created_from: float | None = None
    created_to: float | None = None
    statuses: frozenset[str] = frozenset()
    prefix: str | None = None
    after: tuple[float, str] | None = None
    limit: int = -1


class Instances:
    """Statements on instances and history; the caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, instance_id: str) -> Instance | None:
        row = self._db.run(f"SELECT {_COLUMNS} FROM instances WHERE id = ?", (instance_id,)).fetchone()
        return None if row is None else _instance(row)

    def add(self, instance: Instance) -> None:
        """A new instance, with no history; a former one of that id must be deleted first."""
        parent = instance.parent
        self._db.run(
            f"INSERT INTO instances ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                instance.id,
                instance.execution_id,
                instance.name,
                instance.version,
                instance.status,
                instance.input,
                instance.output,
                instance.custom_status,
                parent and parent.instance_id,
                parent and parent.execution_id,
                parent and parent.task_id,
                instance.created,
                instance.updated,
                instance.revision,
            ),
        )

    def advance(self, instance: Instance) -> None:
        """Take the next revision. Raises Overtaken when this one is not the latest, and the caller must give up."""
        taken = self._db.run(
            "UPDATE instances SET revision = revision + 1 WHERE id = ? AND execution_id = ? AND revision = ?",
            (instance.id, instance.execution_id, instance.revision),
        )
        if taken.rowcount != 1:
            raise Overtaken(instance.id)

    def update(
        self,
        instance_id: str,
        *,
        status: str,
        custom_status: str | None,
        updated: float,
        output: str | None = None,
    ) -> None:
        self._db.run(
            "UPDATE instances SET status = ?, custom_status = ?, output = ?, updated = ? WHERE id = ?",
            (status, custom_status, output, updated, instance_id),
        )

    def renew(self, instance_id: str, *, execution_id: str, new_input: str | None, updated: float) -> None:
        """The next generation of a continue-as-new: same instance, new execution, empty history."""
        self.clear_history(instance_id)
        self._db.run(
            "UPDATE instances SET execution_id = ?, input = ?, status = 'Running', updated = ? WHERE id = ?",
            (execution_id, new_input, updated, instance_id),
        )

    def delete(self, instance_id: str) -> None:
        self.clear_history(instance_id)
        for table, column in (
            ("messages", "instance_id"),
            ("activities", "instance_id"),
            ("instances", "id"),
        ):
            self._db.run(f"DELETE FROM {table} WHERE {column} = ?", (instance_id,))

    def find(self, query: Query) -> list[Instance]:
        """Matching instances, oldest first."""
        conditions: list[tuple[str, tuple[Any, ...]]] = []
        if query.created_from is not None:
            conditions.append(("created >= ?", (query.created_from,)))
        if query.created_to is not None:
            conditions.append(("created <= ?", (query.created_to,)))
        if query.statuses:
            marks = ", ".join("?" for _ in query.statuses)
            conditions.append((f"status IN ({marks})", tuple(sorted(query.statuses))))
        if query.prefix:
            conditions.append(("substr(id, 1, ?) = ?", (len(query.prefix), query.prefix)))
        if query.after is not None:
            conditions.append(("(created, id) > (?, ?)", query.after))
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = tuple(value for _, part in conditions for value in part)
        rows = self._db.run(
            f"SELECT {_COLUMNS} FROM instances WHERE {where} ORDER BY created, id LIMIT ?",
            (*values, query.limit),
        )
        return [_instance(row) for row in rows]

    def history(self, instance_id: str) -> list[str]:
        rows = self._db.run("SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,))
        return [row[0] for row in rows]

    def append_history(self, instance_id: str, position: int, events: Sequence[str]) -> None:
        self._db.run_many(
            "INSERT INTO history VALUES (?, ?, ?)",
            [(instance_id, position + offset, event) for offset, event in enumerate(events)],
        )

    def replace_history(self, instance_id: str, events: Iterable[str]) -> None:
        self.clear_history(instance_id)
        self.append_history(instance_id, 0, list(events))

    def clear_history(self, instance_id: str) -> None:
        self._db.run("DELETE FROM history WHERE instance_id = ?", (instance_id,))


def _instance(row: tuple[Any, ...]) -> Instance:
    parent = Parent(row[8], row[9], row[10]) if row[8] is not None else None
    return Instance(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], parent, *row[11:])
