"""The two listeners: the public one with everything, and a loopback one for the SDK's durable client."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp import web

from ..keys import Keys
from ..limits import REQUEST_BODY_BYTES
from . import durable_api
from .front import presented_key
from .links import WEBHOOKS

ADDRESS = "127.0.0.1"


def bound(port: int) -> socket.socket:
    """A socket on the loopback address (port 0: the system chooses), before anything is there to serve."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    return f"http://{ADDRESS}:{listener.getsockname()[1]}"


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Serve until the runner is cleaned up."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024).start()
    return runner


def application(keys: Keys | None) -> web.Application:
    """An empty application; with keys, it guards the durable webhooks with them."""
    middlewares: list[Any] = [durable_api.errors]
    if keys is not None:
        middlewares.insert(0, _webhook_guard(keys))
    return web.Application(client_max_size=REQUEST_BODY_BYTES, middlewares=middlewares)


def _webhook_guard(keys: Keys) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith(WEBHOOKS) and not keys.open_webhooks(presented_key(request)):
            return web.Response(status=401)
        response: web.StreamResponse = await handler(request)
        return response

    return guard
