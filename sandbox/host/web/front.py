"""The app's HTTP triggers: finds the route, checks the key, invokes, answers within Azure's 230 seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..functions import Function
from ..invocations import Invocations
from ..keys import Keys
from ..limits import REQUEST_BODY_BYTES
from ..workers.contract import Datum, HttpAnswer, HttpCall, Outcome
from .routes import Routes


class Front:
    """Answers every path that is not the host's own."""

    def __init__(
        self,
        routes: Routes,
        invocations: Invocations,
        keys: Keys,
        *,
        headers: Mapping[str, str],
        seconds: float,
    ) -> None:
        self._routes = routes
        self._invocations = invocations
        self._keys = keys
        self._headers = headers
        self._seconds = seconds
        self._running: set[asyncio.Task[Outcome]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = self._routes.match(request.method, request.rel_url.raw_path)
        if found is None:
            return web.Response(status=404)
        route, parameters = found
        if not self._keys.open_function(route.auth_level, presented_key(request)):
            return web.Response(status=401)
        if (request.content_length or 0) > REQUEST_BODY_BYTES:
            return web.Response(status=413)  # before reading any of it; a body without a length is cut off on the way
        call = HttpCall(
            method=request.method,
            url=str(request.url),
            headers=_joined(request.headers),
            params=parameters,
            query=_joined(request.query),
            body=await request.read(),
        )
        outcome = await self._outcome(route.function, call)
        if outcome is None:
            return web.Response(status=504, text="The request timed out (230 seconds).")
        return self._response(outcome)

    async def _outcome(self, function: Function, call: HttpCall) -> Outcome | None:
        """None when the load balancer would have given up; the function itself goes on, as it does on Azure."""
        task = asyncio.create_task(self._invocations.invoke(function, {function.trigger.name: Datum("http", call)}))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({task}, timeout=self._seconds)
        return task.result() if done else None

    def _response(self, outcome: Outcome) -> web.Response:
        if outcome.failure is not None:
            return web.Response(status=500, headers=self._headers)
        returned = outcome.returned
        if returned.value is None:
            return web.Response(status=204, headers=self._headers)
        if not isinstance(returned.value, HttpAnswer):
            kind = "application/json" if returned.kind == "json" else "text/plain"
            return web.Response(text=_text(returned.value), content_type=kind, headers=self._headers)
        answer = returned.value
        response = web.Response(status=answer.status, body=answer.body)
        for name, value in [*answer.headers, *((name, value) for name, value in self._headers.items())]:
            response.headers[name] = value
        for cookie in answer.cookies:
            response.headers.add("Set-Cookie", cookie)
        return response


def presented_key(request: web.Request) -> str | None:
    """The key a caller shows: the header, or `code` in the query."""
    return request.headers.get("x-functions-key") or request.query.get("code")


def _joined(values: Any) -> dict[str, str]:
    """Repeated names joined by commas, as ASP.NET hands them to the worker."""
    joined: dict[str, str] = {}
    for name, value in values.items():
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
