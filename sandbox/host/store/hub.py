"""All tables of one state file together, as the engine holds them."""

from __future__ import annotations

from pathlib import Path

from .activities import Activities
from .database import Database
from .entities import Entities
from .hosts import Hosts
from .instances import Instances
from .messages import Messages


class Hub:
    """A task hub: the doors to one state file."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.instances = Instances(self.database)
        self.messages = Messages(self.database)
        self.activities = Activities(self.database)
        self.entities = Entities(self.database)
        self.hosts = Hosts(self.database)
        self.transaction = self.database.transaction

    def close(self) -> None:
        self.database.close()
