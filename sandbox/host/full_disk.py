"""A disk that is full for a moment, and then has room again.

In turns of two kinds. The process may write to no file at all (``RLIMIT_FSIZE``: each write fails with EFBIG, where a
full disk fails it with ENOSPC), which breaks commits; or SQLite may not let its file grow (``max_page_count``, for
which it has the very error of a full disk), which breaks statements.

``SANDBOX_HOST_FULL_DISK`` names a file that counts, across lives: ``.`` for each transaction begun, ``F`` for one with
which the disk became full, ``!`` for each that failed for it.
``SANDBOX_HOST_FULL_DISK_EVERY`` is ``150:1.5``: with every 150th transaction, for a second and a half.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .store.database import Database

FILE = "SANDBOX_HOST_FULL_DISK"
EVERY = "SANDBOX_HOST_FULL_DISK_EVERY"
BEGUN, FULL, FAILED = b".", b"F", b"!"
NO_LIMIT = 0xFFFFFFFE
"""Of SQLite's pages."""


class Disk:
    """Becomes full with every so-manieth transaction, for so many seconds."""

    def __init__(self, record: Path, every: int, seconds: float) -> None:
        self._record = os.open(record, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._every = every
        self._seconds = seconds
        self._full = False
        self._failures = 0

    def begin(self, database: Database) -> None:
        """A transaction is about to begin."""
        if self._full:
            return
        begun = os.fstat(self._record).st_size + 1
        strikes = begun % self._every == 0
        os.write(self._record, FULL if strikes else BEGUN)
        if not strikes:
            return
        self._full = True
        if (begun // self._every) % 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        else:
            database.run("PRAGMA max_page_count = 1")  # no less than it has
        asyncio.get_running_loop().call_later(self._seconds, self._lift, database)

    def failed(self) -> None:
        """A transaction did not come to its end."""
        self._failures += self._full

    def _lift(self, database: Database) -> None:
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        database.run(f"PRAGMA max_page_count = {NO_LIMIT}")
        os.write(self._record, FAILED * self._failures)
        self._full, self._failures = False, 0


def install() -> None:
    """Fill this process's disk now and then, if that is asked for."""
    record = os.environ.get(FILE)
    if not record:
        return
    every, _, seconds = (os.environ.get(EVERY) or "150:1.5").partition(":")
    disk, original = Disk(Path(record), int(every), float(seconds)), Database.transaction

    @contextmanager
    def watched(self: Database) -> Iterator[None]:
        disk.begin(self)
        try:
            with original(self):
                yield
        except sqlite3.Error:
            disk.failed()
            raise

    Database.transaction = watched  # type: ignore[method-assign]


def counts(record: Path) -> tuple[int, int]:
    """How often the disk was full, and how many transactions failed for it."""
    content = record.read_bytes()
    return content.count(FULL), content.count(FAILED)
