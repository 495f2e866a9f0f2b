"""The host's own endpoints: liveness, what is loaded, firing a timer now, and (when asked for) moving the clock."""

from __future__ import annotations

import json

from aiohttp import web

from ..clock import Clock, iso
from ..functions import Catalogue
from ..jumps import jump
from ..keys import Keys
from ..store.database import Database
from ..timers import TimerTriggers
from .front import presented_key


class Admin:
    """Handlers under /admin (master key) and /sandbox/clock (only with clock control)."""

    def __init__(
        self, catalogue: Catalogue, keys: Keys, timers: TimerTriggers, clock: Clock, database: Database
    ) -> None:
        self._catalogue = catalogue
        self._keys = keys
        self._timers = timers
        self._clock = clock
        self._db = database

    def routes(self, *, clock_control: bool) -> list[web.RouteDef]:
        routes = [
            web.get("/admin/host/ping", self.ping),
            web.get("/admin/host/status", self.status),
            web.get("/admin/functions", self.functions),
            web.post("/admin/functions/{name}", self.fire),
        ]
        if clock_control:
            routes += [web.get("/sandbox/clock", self.time), web.post("/sandbox/clock", self.advance)]
        return routes

    async def ping(self, _request: web.Request) -> web.Response:
        return web.Response(status=200)

    async def status(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"state": "Running", "version": "4.sandbox", "errors": []})

    async def functions(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response(
            [
                {
                    "name": function.name,
                    "config": {"bindings": [dict(each.details) for each in function.bindings]},
                }
                for function in self._catalogue.all
            ]
        )

    async def fire(self, request: web.Request) -> web.Response:
        """As on Azure: POST with the master key, 202 at once; here for timer functions only."""
        self._check(request)
        function = self._catalogue.by_name.get(request.match_info["name"].lower())
        if function is None:
            return web.Response(status=404)
        if not self._timers.fire(function.name):
            return web.json_response({"Message": "only timer functions can be run by hand on this host"}, status=501)
        return web.Response(status=202)

    async def time(self, _request: web.Request) -> web.Response:
        return web.json_response(self._view())

    async def advance(self, request: web.Request) -> web.Response:
        """`{"advance_seconds": N}`, N not negative; due timers fire at once, and the offset outlives a restart."""
        try:
            seconds = float((await request.json())["advance_seconds"])
            if not 0 <= seconds < 1e10:
                raise ValueError
        except (ValueError, KeyError, TypeError, json.JSONDecodeError):
            return web.json_response({"Message": "advance_seconds must be a number from 0 up"}, status=400)
        jump(self._db, self._clock, seconds)
        return web.json_response(self._view())

    def _view(self) -> dict[str, object]:
        return {"now": iso(self._clock.now()), "offset_seconds": self._clock.offset}

    def _check(self, request: web.Request) -> None:
        if not self._keys.open_admin(presented_key(request)):
            raise web.HTTPUnauthorized
