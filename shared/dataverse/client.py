"""Dataverse as the app knows it: one value with every verb. DOOR

The verbs live in `reads`, `rows`, `states`, `activities`, `opportunities`, `files`, `definitions`, `removals`,
`security` and `links`; all of them send through one `Transport`.
"""

from __future__ import annotations

import httpx

from shared.dataverse.files import Files
from shared.dataverse.gate import Gate
from shared.dataverse.links import Links
from shared.dataverse.security import Security
from shared.dataverse.transport import TokenSource, Transport


class Dataverse(Files, Security, Links):
    """One environment. Keep one per process and address: its callers then share a pace, as they share the limits.

    ``url`` is the environment's address without a path. ``users`` are the application users to write as: Dataverse
    limits each by itself, so several are faster than one. ``http`` should come from ``pools.connect()``: no
    cookies. Verbs raise TryAgain after two minutes of waiting, AskPerson when a person has to act, Stop when we are
    wrong.
    """

    def __init__(
        self, url: str, *users: TokenSource, http: httpx.AsyncClient | None = None, pace: Gate | None = None
    ) -> None:
        super().__init__(Transport(url, users, client=http, gate=pace))

    async def close(self) -> None:
        """Close the connections, unless they were given to us."""
        await self._transport.close()
