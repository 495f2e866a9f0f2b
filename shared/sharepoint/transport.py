"""The one way to Microsoft Graph: every request, with a token or without, goes through here. DOOR

Here live the token, the waits and the retries. Addresses that carry their own permission (upload sessions, downloads)
never see a token: Graph refuses one there, and they may be on another host.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import orjson

from shared.authorities import trusted
from shared.errors import Stop
from shared.sharepoint import faults

GRAPH = "https://graph.microsoft.com"
PATIENCE = 120.0
"""Seconds a request is retried before the wait goes back to the caller, who can set a durable timer."""

_TIMEOUT = httpx.Timeout(connect=15.0, read=110.0, write=60.0, pool=None)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
_LONGEST_ASKED = 3600.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class TokenSource(Protocol):
    """Whoever can give and take back access tokens."""

    async def token(self, resource: str) -> str: ...

    def forget(self, resource: str) -> None: ...


class Broken(Exception):
    """A connection failed before the whole answer was there: whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its body. ``after`` is the wait it asks for, in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    after: float = 0.0

    def json(self) -> dict[str, Any]:
        """The body as an object; Stop when it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise Stop("sharepoint-answer-unreadable", "Microsoft Graph answered something that is not JSON.")
        return found

    def code(self) -> str:
        """The error code in the body, empty without one."""
        try:
            found = orjson.loads(self.body)["error"]["code"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return ""
        return found if isinstance(found, str) else ""


class Waits:
    """How long to go on: each try that fails uses up patience, each success gives it back."""

    def __init__(self, patience: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._patience, self._clock, self._sleep = patience, clock, sleep
        self.renew()

    def renew(self) -> None:
        """Something went well."""
        self._tries = 0
        self._end = self._clock() + self._patience

    async def another(self, asked: float) -> float:
        """Wait as asked, or longer with each try; 0 then. The seconds, without waiting, when patience is too short."""
        wait = asked or min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._tries) * random.uniform(0.5, 1.0)
        self._tries += 1
        if self._clock() + wait > self._end:
            return max(wait, 1.0)
        await self._sleep(wait)
        return 0.0


class Graph:
    """Sends requests. ``http`` is borrowed; without one the client is ours, and ``close`` ends it.

    ``resource`` is what tokens are for: the origin of ``graph_url``, or Microsoft Graph's own when that is a stand-in
    on this machine.
    """

    def __init__(
        self,
        tokens: TokenSource,
        *,
        graph_url: str = GRAPH,
        http: httpx.AsyncClient | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = urlsplit(graph_url)
        self._local = parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not self._local:
            raise Stop("graph-address-invalid", "The address of Microsoft Graph must begin with https.")
        self._root = f"{parts.scheme}://{parts.netloc}/v1.0/"
        self._resource = GRAPH if self._local else f"https://{parts.netloc}"
        self._tokens = tokens
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT, verify=trusted())
        self._owns_http = http is None
        self._patience, self._clock, self._sleep = patience, clock, sleep

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._owns_http:
            await self._http.aclose()

    def waits(self) -> Waits:
        """A fresh measure of patience."""
        return Waits(self._patience, self._clock, self._sleep)

    async def send(
        self,
        method: str,
        path: str,
        *,
        where: str,
        body: Any = None,
        content: bytes | None = None,
        accept: Collection[int] = (),
    ) -> Reply:
        """One request with a token, retried while that can help. All requests sent here may be carried out twice.

        ``path`` is relative to /v1.0, or a link that Graph gave. ``accept`` are statuses that the caller judges;
        other refusals are raised as TryAgain, AskPerson or Stop, with ``where`` to say what was tried.
        """
        url = path if path.startswith(self._root) else self._root + path
        if "://" in path and not path.startswith(self._root):
            raise Stop("foreign-link", "Microsoft Graph answered with a link to another host; no token is sent there.")
        data = orjson.dumps(body) if body is not None else content
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json" if body is not None else "application/octet-stream"
        waits, refreshed = self.waits(), False
        while True:
            token = await self._tokens.token(self._resource)
            try:
                reply = await self._once(method, url, {**headers, "Authorization": f"Bearer {token}"}, data)
            except Broken:
                if waited := await waits.another(0.0):
                    raise faults.unreachable(where, after=waited) from None
                continue
            if reply.status < 400 or reply.status in accept:
                return reply
            if reply.status == 401 and not refreshed:
                self._tokens.forget(self._resource)
                refreshed = True
                continue
            if not faults.is_passing(reply.status):
                raise faults.failure(reply.status, reply.code(), where)
            if waited := await waits.another(reply.after):
                raise faults.failure(reply.status, reply.code(), where, after=waited)

    async def bare(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Callable[[], AsyncIterator[bytes]] | None = None,
    ) -> Reply:
        """One request without a token to an address that Graph gave, tried once. Raises Broken."""
        return await self._once(method, self.checked(url), dict(headers or {}), content() if content else None)

    @asynccontextmanager
    async def reading(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """An answer without a token of which only the head has been read. Raises Broken, in the block too."""
        try:
            async with self._http.stream(
                "GET", self.checked(url), headers=headers, timeout=_TIMEOUT, follow_redirects=False
            ) as response:
                yield response
        except httpx.RequestError as error:
            raise Broken(type(error).__name__) from None

    def checked(self, url: str) -> str:
        """An address that carries its own permission: it must not travel in clear, save on this machine."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (self._local and parts.hostname in _LOOPBACK):
            raise Stop("foreign-link", "Microsoft Graph answered with an address that is not https.")
        return url

    async def _once(
        self, method: str, url: str, headers: dict[str, str], data: bytes | AsyncIterator[bytes] | None
    ) -> Reply:
        try:
            answer = await self._http.request(
                method, url, content=data, headers=headers, timeout=_TIMEOUT, follow_redirects=False
            )
        except httpx.RequestError as error:
            raise Broken(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, answer.content, retry_after(answer.headers))


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds out of Retry-After, which is a number or a date (RFC 9110, section 10.2.3). 0 without one."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), _LONGEST_ASKED)
