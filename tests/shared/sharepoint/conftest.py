"""A site behind real sockets that can be cut, the client for it, and a clock that only sleeping moves."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from sandbox.faults import Fault
from sandbox.identity import tokens
from sandbox.sharepoint.behaviour import Behaviour
from sandbox.sharepoint.control import export
from sandbox.sharepoint.serving import Server, running
from shared.sharepoint.client import SharePoint
from shared.sharepoint.items import Drive, Uploaded
from shared.sharepoint.session import SLICE, UNIT

KEY = b"k" * 32
GRAPH = "https://graph.microsoft.com"
SIZE = 2 * SLICE + UNIT + 7
"""Four slices: two whole ones, a rest of one unit and seven bytes."""


@dataclass
class Clock:
    """Seconds, moved by whoever sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass
class Issuer:
    """Gives tokens of the sandbox's identity; a forgotten one is followed by another."""

    lifetime: int = 3600
    forgotten: int = 0

    async def token(self, resource: str) -> str:
        assert resource == GRAPH
        lifetime = self.lifetime if not self.forgotten else 3600
        return tokens.issue(resource=resource, client_id="app", key=KEY, now=time.time(), lifetime=lifetime)

    def forget(self, resource: str) -> None:
        self.forgotten += 1


@lru_cache
def _numbered(size: int) -> bytes:
    """So many bytes, no four of which come twice."""
    return array("I", range(-(-size // 4))).tobytes()[:size]


class Source:
    """A file of a source: bytes that differ from place to place, and from where on they were asked for."""

    def __init__(self, size: int = SIZE, *, gives: int | None = None) -> None:
        self.content = _numbered(size)
        self.size = size
        self.opened: list[int] = []
        self.breaks_at: int | None = None
        self._gives = self.content if gives is None else (self.content + b"more")[:gives]

    async def open_at(self, place: int) -> AsyncIterator[bytes]:
        self.opened.append(place)
        for start in range(place, len(self._gives), 100_000):
            if self.breaks_at is not None and start >= self.breaks_at:
                raise ConnectionError("the source died")
            yield self._gives[start : start + 100_000]


class Wire:
    """Between client and server: carries bytes, and cuts a connection after so many of them when told to."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._left: dict[str, int] = {}
        self.cuts = 0
        self.url = ""

    def cut_after(self, **left: int) -> None:
        """Cut after so many bytes `up` (to the server) or `down`, once."""
        self._left = dict(left)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        both = (writer, there_writer)
        await asyncio.gather(
            self._carry("up", reader, there_writer, both), self._carry("down", there_reader, writer, both)
        )

    async def _carry(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, both: Any) -> None:
        try:
            while piece := await reader.read(16_384):
                left = self._left.get(way)
                if left is not None and left <= len(piece):
                    del self._left[way]
                    self.cuts += 1
                    for end in both:
                        end.transport.abort()
                    return
                if left is not None:
                    self._left[way] = left - len(piece)
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


class Shore:
    """A running site with the client for it."""

    def __init__(
        self, server: Server, wire: Wire, sharepoint: SharePoint, drive: Drive, clock: Clock, issuer: Issuer
    ) -> None:
        self.server = server
        self.wire = wire
        self.sharepoint = sharepoint
        self.drive = drive
        self.clock = clock
        self.issuer = issuer
        self.kept: list[str] = []

    def strike(self, kind: str, match: str, **more: Any) -> None:
        """The faults of this and no other kind, from now on."""
        self.server.schedule.clear()
        self.server.schedule.add([Fault(kind, match=match, **more)])

    async def upload(self, source: Source, name: str = "scan", **more: Any) -> Uploaded:
        async def keep(url: str) -> None:
            self.kept.append(url)

        options = {"keep": keep, **more}
        return await self.sharepoint.upload(
            self.drive, "root", name, source.size, source.open_at, "application/dicom", **options
        )

    def files(self) -> dict[str, dict[str, Any]]:
        """Everything in the site, by path."""
        entries = [orjson.loads(line) for line in export(self.server.site).splitlines()]
        return {entry["path"]: entry for entry in entries}

    async def get(self, url: str) -> Any:
        """What a bare GET answers, as JSON."""
        async with httpx.AsyncClient(base_url=self.server.url) as http:
            return (await http.get(url)).json()

    def another(self) -> SharePoint:
        """The client of a process started anew."""
        return SharePoint(
            self.server.site_url, self.issuer, graph_url=self.wire.url, clock=self.clock, sleep=self.clock.sleep
        )


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Start a site of your own: `shore = await start(Behaviour(...))`."""
    async with AsyncExitStack() as stack:

        async def begin(behaviour: Behaviour | None = None) -> Shore:
            server = await stack.enter_async_context(running(behaviour, key=KEY))
            wire, clock, issuer = Wire(server.url), Clock(), Issuer()
            listening = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
            stack.callback(listening.close)
            wire.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            sharepoint = SharePoint(server.site_url, issuer, graph_url=wire.url, clock=clock, sleep=clock.sleep)
            stack.push_async_callback(sharepoint.close)
            return Shore(server, wire, sharepoint, await sharepoint.library("Documents"), clock, issuer)

        yield begin


@pytest.fixture
async def shore(start: Callable[..., Any]) -> Shore:
    found: Shore = await start()
    return found


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def file_of() -> type[Source]:
    """A file of the size given."""
    return Source
