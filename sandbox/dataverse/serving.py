"""An organisation on a port: for the command line and for tests in the same process.

async with running(Organisation.seeded(behaviour=calm())) as server:
    ...                      # server.url, server.org
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from sandbox.faults import FaultSchedule

from .app import build_app
from .limits import OFF, Limits
from .organisation import Organisation

LONGEST_LINE = 128 * 1024


@dataclass(frozen=True)
class Server:
    """`url` has no last slash and no /api/data: it is what a client calls the organisation's URL."""

    url: str
    org: Organisation
    schedule: FaultSchedule

    @property
    def api(self) -> str:
        return f"{self.url}/api/data/v9.2"


@asynccontextmanager
async def running(
    org: Organisation,
    *,
    port: int = 0,
    limits: Limits = OFF,
    key: bytes | None = None,
    schedule: FaultSchedule | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Serve on 127.0.0.1 (port 0: a free one) until the block ends. The organisation is closed at the end."""
    schedule = schedule or FaultSchedule()
    app = build_app(org, limits=limits, key=key, schedule=schedule)
    # Documented: 32 KB of URL in a GET. aiohttp stops at 8 KB unless told otherwise; `app` enforces the limit.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=1.0, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        real_port = runner.addresses[0][1]
        yield Server(f"{'https' if tls else 'http'}://127.0.0.1:{real_port}", org, schedule)
    finally:
        await runner.cleanup()
        org.close()
