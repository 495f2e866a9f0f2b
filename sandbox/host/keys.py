"""The host's keys, and which of them opens which door.

As on Azure: a master key for everything, a default function key for `function` routes, and one system key for the
durable webhooks. They live in the state file, so links stay good across restarts.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from .store.database import Database


@dataclass(frozen=True)
class Keys:
    """`identity` is the secret header of the managed identity endpoint."""

    master: str
    function: str
    system: str
    identity: str

    def open_function(self, level: str, presented: str | None) -> bool:
        """Whether a route of this auth level (anonymous, function, admin) opens to the presented key."""
        match level.lower():
            case "anonymous":
                return True
            case "function":
                return _same(presented, self.function) or _same(presented, self.master)
            case _:
                return _same(presented, self.master)

    def open_admin(self, presented: str | None) -> bool:
        return _same(presented, self.master)

    def open_webhooks(self, presented: str | None) -> bool:
        return _same(presented, self.system) or _same(presented, self.master)


def keys_of(database: Database, *, function: str | None = None, master: str | None = None) -> Keys:
    """The keys in the state file, made by the first host; given ones replace the stored ones."""
    with database.transaction():
        return Keys(
            master=_kept(database, "key.master", master),
            function=_kept(database, "key.function", function),
            system=_kept(database, "key.system", None),
            identity=_kept(database, "key.identity", None),
        )


def _kept(database: Database, name: str, given: str | None) -> str:
    stored = database.setting(name)
    key = given or stored or secrets.token_urlsafe(40)
    if key != stored:
        database.keep_setting(name, key)
    return key


def _same(presented: str | None, key: str) -> bool:
    return presented is not None and hmac.compare_digest(presented.encode(), key.encode())
