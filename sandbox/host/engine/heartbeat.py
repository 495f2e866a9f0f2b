"""Renews the host's lease from a thread of its own: an app that holds up the event loop is slow, not dead.

On Azure the host is another process than the app's code, so there a busy worker costs it no lease either. A frozen
process stops with all its threads.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from ..store.database import BUSY_SECONDS
from .membership import RENEWALS, Membership

log = logging.getLogger(__name__)


class Heartbeat:
    """Beats from `start` to `stop`, on a connection of its own. That the place is lost, others have to notice."""

    def __init__(self, state: Path, membership: Membership) -> None:
        self._state = state
        self._membership = membership
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        connection = sqlite3.connect(self._state, isolation_level=None, timeout=BUSY_SECONDS)
        while not self._over.wait(self._membership.lease_seconds / RENEWALS):
            try:
                self._membership.extend(connection)
            except sqlite3.OperationalError:
                log.exception("The lease could not be renewed; it is tried again")
        connection.close()
