"""The connections to Dataverse, in pools of a bounded size. DOOR

The library looks at all connections of a pool, for each of them again, whenever a request comes or goes: 170 in one
pool took a whole core.
"""

from __future__ import annotations

import http.cookiejar
from typing import Any

import httpx

from shared.authorities import trusted

FULL = 32
"""Requests under way in a pool; the next one goes by another."""
_TIMEOUT = httpx.Timeout(connect=15.0, read=110.0, write=60.0, pool=None)
_LIMITS = httpx.Limits(max_connections=400, max_keepalive_connections=400, keepalive_expiry=60.0)
"""More than any pace lets through: the gate is what holds requests back, not a pool."""


def connect(**options: Any) -> httpx.AsyncClient:
    """One pool: kept-alive connections and no cookies.

    A kept ARRAffinity cookie would pin all load to one web server and so to one server's share of the limits.
    """
    client = httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, verify=trusted(), **options)
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


class Pools:
    """As many as are needed at once, filled in their order: a process that asks little keeps to the first one.
    ``given``: all goes by that one, which stays open."""

    def __init__(self, given: httpx.AsyncClient | None = None) -> None:
        self._given = given
        self._own: list[httpx.AsyncClient] = []
        self._under_way: list[int] = []

    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """As httpx's."""
        if self._given is not None:
            return await self._given.request(method, url, **more)
        number = next((n for n, count in enumerate(self._under_way) if count < FULL), len(self._own))
        if number == len(self._own):
            self._own.append(connect())
            self._under_way.append(0)
        self._under_way[number] += 1
        try:
            return await self._own[number].request(method, url, **more)
        finally:
            self._under_way[number] -= 1

    async def close(self) -> None:
        """Close the connections that are ours."""
        for client in self._own:
            await client.aclose()
