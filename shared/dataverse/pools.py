"""The connections to Dataverse, in a pool for each of our users and web server: the library looks at all connections of
a pool, for each of them again, whenever a request comes or goes. With 170 in one that took a whole core. DOOR
"""

from __future__ import annotations

import http.cookiejar
from typing import Any

import httpx

from shared.authorities import trusted

POOL = "bridgework.pool"
"""The request's extension that names its pool."""
_TIMEOUT = httpx.Timeout(connect=15.0, read=110.0, write=60.0, pool=None)
_LIMITS = httpx.Limits(max_connections=400, max_keepalive_connections=400, keepalive_expiry=60.0)
"""More than any pace lets through: the gate is what holds requests back, not the pool."""


def connect(transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> httpx.AsyncClient:
    """The process's one HTTP client: kept-alive connections and no cookies.

    A kept ARRAffinity cookie would pin all load to one web server and so to one server's share of the limits.
    """
    client = httpx.AsyncClient(timeout=_TIMEOUT, transport=transport or _Pools(), **options)
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


class _Pools(httpx.AsyncBaseTransport):
    """A pool for each name, made when it is first asked for."""

    def __init__(self) -> None:
        self._pools: dict[Any, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """By the pool that the request names."""
        name = request.extensions.get(POOL)
        if name not in self._pools:
            self._pools[name] = httpx.AsyncHTTPTransport(verify=trusted(), limits=_LIMITS)
        return await self._pools[name].handle_async_request(request)

    async def aclose(self) -> None:
        """Close them all."""
        while self._pools:
            await self._pools.popitem()[1].aclose()
