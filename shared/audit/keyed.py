"""Ids as keyed hashes: equal ids are equal in the trail, and nobody finds the id without the run's key.

A plain hash would not do: ids of a small clinic can be tried one after another.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from shared.errors import Stop

BYTES = 16
"""HMAC-SHA256 may be cut to half its length (RFC 2104, section 5); two ids of one run will not meet in 128 bits."""


def keyed(key: str, id_: str) -> str:
    """An id as it stands in the trail. ``key`` is the run's, in hexadecimal. Raises Stop for a run without one."""
    return keyed_all(key, [id_])[0]


def keyed_all(key: str, ids: Iterable[str]) -> list[str]:
    """The same for many, in their order."""
    opened = _opened(key)
    return [hmac.digest(opened, id_.encode(), "sha256")[:BYTES].hex() for id_ in ids]


def _opened(key: str) -> bytes:
    """The key's bytes. A key wrapped by a vault's would be unwrapped before it comes here: see Run.audit_key."""
    if not key:
        raise Stop("audit-key-missing", "The run has no key for its audit trail.", remedy="Start a new run.")
    return bytes.fromhex(key)
