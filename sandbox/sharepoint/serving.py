"""A site on a port: for the command line and for tests in the same process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.faults import FaultSchedule

from .app import LONGEST_LINE, build_app
from .behaviour import Behaviour
from .site import Site


@dataclass(frozen=True)
class Server:
    """`url` is Graph's address for clients, without /v1.0; `site_url` is what a person would call the site's."""

    url: str
    site: Site
    schedule: FaultSchedule

    @property
    def site_url(self) -> str:
        return self.site.behaviour.address


@asynccontextmanager
async def running(
    behaviour: Behaviour | None = None,
    *,
    state: Path | None = None,
    port: int = 0,
    key: bytes | None = None,
    schedule: FaultSchedule | None = None,
) -> AsyncIterator[Server]:
    """Serve on 127.0.0.1 (port 0: a free one) until the block ends. Without `state` nothing outlives it."""
    schedule = schedule or FaultSchedule()
    site = Site(behaviour or Behaviour(), state)
    app = build_app(site, key=key, schedule=schedule)
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=1.0, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE
    )
    await runner.setup()
    try:
        listener = web.TCPSite(runner, "127.0.0.1", port)
        await listener.start()
        yield Server(f"http://127.0.0.1:{runner.addresses[0][1]}", site, schedule)
    finally:
        await runner.cleanup()
        site.close()
