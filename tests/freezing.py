"""Processes that are frozen and go on, as a machine does that its owner forgets for a while."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path


def freeze(process_id: int, state: Path) -> None:
    """Stop a host where it stands, but not in the middle of a commit: that would hold up everybody on that state."""
    while True:
        os.kill(process_id, signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(state, timeout=0.5, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            thaw(process_id)
            time.sleep(0.02)


def thaw(process_id: int) -> None:
    """Let it go on."""
    os.kill(process_id, signal.SIGCONT)


def alive(state: Path) -> dict[str, int]:
    """The addresses of the hosts on a state file, and how many activities each of them has claimed."""
    with closing(sqlite3.connect(state, timeout=30)) as connection:
        found = connection.execute(
            "SELECT url, (SELECT COUNT(*) FROM activities WHERE owner = hosts.id) FROM hosts ORDER BY place"
        )
        return dict(found.fetchall())
