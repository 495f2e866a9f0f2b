"""One SQLite file in WAL mode, shared by any number of hosts on this machine, and the transactions on it.

Commits are not fsynced (`synchronous=NORMAL`): a killed process loses nothing, a power cut may lose the last moments.
All statements run on the event loop's thread: they take tens of microseconds, and one thread needs no locks. Among
processes, one writes at a time (`BEGIN IMMEDIATE`); the others wait for it in SQLite, for as long as BUSY_SECONDS.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 2
BUSY_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE instances (
    id TEXT PRIMARY KEY, execution_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
    input TEXT, output TEXT, custom_status TEXT,
    parent_id TEXT, parent_execution_id TEXT, parent_task_id INTEGER,
    created REAL NOT NULL, updated REAL NOT NULL, revision INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX instances_by_creation ON instances (created, id);

CREATE TABLE history (
    instance_id TEXT NOT NULL, position INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL, execution_id TEXT, rank INTEGER NOT NULL, due REAL NOT NULL, event TEXT NOT NULL
);
CREATE INDEX messages_by_instance ON messages (instance_id, rank, due, id);
CREATE INDEX messages_by_due ON messages (due);

CREATE TABLE activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, task_id INTEGER NOT NULL,
    name TEXT NOT NULL, input TEXT, owner TEXT, added REAL NOT NULL
);
CREATE INDEX activities_by_instance ON activities (instance_id);
CREATE INDEX activities_unowned ON activities (id) WHERE owner IS NULL;

CREATE TABLE hosts (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, lease_until REAL NOT NULL
);

CREATE TABLE entities (
    id TEXT PRIMARY KEY, state TEXT, existing INTEGER NOT NULL, created REAL NOT NULL, updated REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE timers (name TEXT PRIMARY KEY, schedule TEXT NOT NULL, last REAL, next REAL NOT NULL) WITHOUT ROWID;
"""


class Overtaken(Exception):
    """Another host has done, or will do, what this transaction was about to store: nothing of it is kept."""


class Database:
    """A connection with the schema in place. Raises ValueError for a file of another version.

    `found_alone` says that no other host had the file open at that moment: whoever is written in it as a host is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # The lock dies with its process, also on kill -9: everybody holds it together, whoever gets it whole is alone.
        self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self.found_alone = _is_free(self._lock)
            if not self.found_alone:
                fcntl.flock(self._lock, fcntl.LOCK_SH)  # waits for one who is just beginning
            self._connection = self._opened(path)
            if self.found_alone:
                self.run("DELETE FROM hosts")
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        except BaseException:
            os.close(self._lock)
            raise

    def _opened(self, path: Path) -> sqlite3.Connection:
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))  # it holds keys and payloads
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=BUSY_SECONDS)
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536;"
        )
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            connection.close()
            raise ValueError(f"{path}: state version {version}; this host writes version {SCHEMA_VERSION}")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, also across kill -9 and on a full disk. Not nested."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite itself rolls back what the disk had no room for
                self._connection.execute("ROLLBACK")
            raise

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def run_many(self, statement: str, rows: list[tuple[Any, ...]]) -> int:
        """How many rows that concerned."""
        return self._connection.executemany(statement, rows).rowcount

    def changes_of_others(self) -> int:
        """A number that moves when another connection has committed, and not when this one has."""
        found: int = self.run("PRAGMA data_version").fetchone()[0]
        return found

    def setting(self, name: str) -> str | None:
        row = self.run("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_setting(self, name: str, value: str) -> None:
        self.run(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
