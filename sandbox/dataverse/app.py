"""HTTP around the organisation: authentication, limits, faults, the customization lock. It keeps no rows.

Everything that takes simulated time waits here; what a request means is decided without waiting, in `routing`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from traceback import extract_tb
from urllib.parse import unquote

import orjson
from aiohttp import web

from sandbox.faults import FaultSchedule, add_fault_routes, faults_middleware

from .access import Access
from .addresses import ROOT
from .administration import Statistics, add_admin_routes
from .batch import run_batch
from .errors import DataverseError
from .file_columns import OCTETS
from .files import Spool
from .limits import OFF, Admission, Limits, Protection
from .organisation import Organisation
from .routing import answer, is_customization
from .wire import JSON, Answer, Request, read_query, refusal

LONGEST_URL = 32 * 1024
SPOOLED = 1024 * 1024
LARGEST_BODY = 132 * 1024 * 1024
COOKIE = "ARRAffinity"
FAULT_CODES = {"rate_limited": "0x80072322", "unavailable": "0x80044150", "unauthorized": ""}


def build_app(
    org: Organisation, *, limits: Limits = OFF, key: bytes | None = None, schedule: FaultSchedule | None = None
) -> web.Application:
    """The web application. `key` verifies tokens; without one any bearer token is accepted."""
    schedule = schedule or FaultSchedule()

    def fault_body(status: int, code: str, message: str) -> object:
        return {"error": {"code": FAULT_CODES.get(code, code), "message": message}}

    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[faults_middleware(schedule, fault_body)])
    door = Door(org, limits, key)
    add_fault_routes(app, schedule)
    add_admin_routes(app, org, door.statistics, door.protection, key)
    app.router.add_route("*", "/{path:.*}", door.handle)
    return app


class Door:
    """What HTTP adds to an organisation."""

    def __init__(self, org: Organisation, limits: Limits, key: bytes | None) -> None:
        self._org = org
        self._access = Access(org, key)
        self._customizing = False
        self._warming: set[str] = set()
        self._chance = random.Random(7)
        self._turns: Counter[str] = Counter()
        self.statistics = Statistics()
        self.protection = Protection(limits, lambda: asyncio.get_running_loop().time())

    async def handle(self, http: web.Request) -> web.StreamResponse:
        found = ROOT.match(http.path)
        if found is None:
            return _http(refusal(DataverseError(404, "", f"Nothing is here: {http.path}")), {})
        root = f"{http.scheme}://{http.host}{found[0].rstrip('/')}"
        # The name and port the client used come back in every link, so that a proxy in between keeps working.
        if len(http.rel_url.raw_path_qs) > LONGEST_URL:
            return _http(refusal(DataverseError(414, "0x80060888", "The request URL is longer than 32 KB.")), {})
        headers = {
            "x-ms-service-request-id": self._org.new_id(),
            "REQ_ID": self._org.new_id(),
            "OData-Version": "4.0",
            "x-ms-dop-hint": str(self._dop_hint),
        }
        try:
            caller = self._access.caller(http.headers, f"{http.scheme}://{http.host}")
            server, fresh = self._server(http, caller.real_id)
            admission = self.protection.enter(caller.real_id, server)
        except DataverseError as error:
            self.statistics.count(http.method, http.path[found.end() :], error.status, 0)
            return _http(refusal(error), headers)
        result, spool = Answer(500), None
        try:
            spool = await self._spooled(http)
            request = Request(
                method=http.method,
                path=unquote(http.rel_url.raw_path[found.end() :]),
                query=read_query(http.rel_url.raw_query_string),
                headers={name.lower(): value for name, value in http.headers.items()},
                body=await http.read() if spool is None else b"",
                root=root,
                caller=caller,
                fault=http.get("fault"),
                spool=spool,
            )
            result = await self._executed(request, admission)
        except web.HTTPRequestEntityTooLarge:
            result = refusal(DataverseError(413, "0x8004418a", "The request exceeds the maximum size."))
        except Exception as bug:
            result = refusal(_unexpected(bug))
        finally:
            self.protection.leave(admission)
            if spool is not None:
                spool.discard()
        self.statistics.count(http.method, http.path[found.end() :], result.status, result.rows)
        response = _http(result, headers | self.protection.headers(caller.real_id, server))
        if fresh:
            response.set_cookie(COOKIE, f"server{server}", httponly=True)
        return response

    async def _spooled(self, http: web.Request) -> Spool | None:
        """The body of a large upload to a file column goes to disk as it comes; others are read by whoever asks."""
        length = http.content_length
        large = (length is None or length > SPOOLED) and "Content-Range" not in http.headers
        if http.method not in ("PATCH", "PUT") or http.content_type != OCTETS or not large or not http.can_read_body:
            return None
        spool = self._org.files.spool()
        try:
            async for chunk in http.content.iter_chunked(1 << 20):
                if spool.size + len(chunk) > LARGEST_BODY:
                    raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, spool.size)
                spool.write(chunk)
        except BaseException:
            spool.discard()
            raise
        return spool

    @property
    def _dop_hint(self) -> int:
        hint = self.protection.limits.dop_hint
        return self._org.behaviour.dop_hint if hint is None else hint

    def _server(self, http: web.Request, user: str) -> tuple[int, bool]:
        """The virtual web server: the cookie's, else any; and whether the client has to be told."""
        servers = self.protection.limits.servers
        cookie = http.cookies.get(COOKIE, "")
        number = cookie.removeprefix("server")
        if number.isdigit() and int(number) < servers:
            return int(number), False
        if self.protection.limits.spread == "turns":
            self._turns[user] += 1
            return self._turns[user] % servers, True
        return self._chance.randrange(servers), True

    async def _executed(self, request: Request, admission: Admission) -> Answer:
        if is_customization(request):
            result = await self._customized(request)
        elif (table := self._cold_table(request)) is not None:
            result = await self._warmed(request, table)
        else:
            result = self._answered(request)
        cost = self.protection.limits.cost(result.rows)
        if cost:
            await asyncio.sleep(self.protection.charge(admission, cost))
        return result

    def _answered(self, request: Request) -> Answer:
        if request.path.strip("/") == "$batch" and request.method == "POST":
            return run_batch(self._org, request, answer)
        return answer(self._org, request)

    async def _customized(self, request: Request) -> Answer:
        """One customization at a time: a second one meets the lock, a 429 that is no throttling."""
        if self._customizing:
            text = (
                "Cannot start another [EntityCustomization] because there is a previous [EntityCustomization] running"
                " at this moment. Use Solution History for more details."
            )
            return refusal(DataverseError(429, "0x80071151", text))
        self._customizing = True
        try:
            result = self._answered(request)
            await _pause(self._org.behaviour.customization_seconds)
        finally:
            self._customizing = False
        return result

    def _cold_table(self, request: Request) -> str | None:
        """The custom table whose first bulk message this is."""
        if not request.path.endswith(("CreateMultiple", "UpdateMultiple", "UpsertMultiple")):
            return None
        name = self._org.catalogue.sets.get(request.path.partition("/")[0], "")
        table = self._org.catalogue.table(name)
        cold = table is not None and table.custom and name not in self._org.warm
        return name if cold and self._org.behaviour.table_warmup_seconds else None

    async def _warmed(self, request: Request, table: str) -> Answer:
        """The platform makes its SQL types at a table's first bulk message; a second one meanwhile loses the race."""
        if table in self._warming:
            text = "Generic SQL error. Sql Number: 3732. Cannot drop type because it is being referenced by object."
            return refusal(DataverseError(500, "0x80044150", text))
        self._warming.add(table)
        try:
            result = self._answered(request)
            await _pause(self._org.behaviour.table_warmup_seconds)
            if result.status < 400:
                self._org.warm.add(table)
        finally:
            self._warming.discard(table)
        return result


def _unexpected(bug: Exception) -> DataverseError:
    """A mistake of the simulator's own: where it was goes to stderr, the message (it may hold a record) does not."""
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(bug.__traceback__)[::-1])
    print(f"the Dataverse simulator failed: {type(bug).__name__} at {places}", file=sys.stderr, flush=True)
    return DataverseError(500, "0x80040216", "An unexpected error occurred (in the sandbox itself; see its log).")


_pause: Callable[[float], Awaitable[None]] = asyncio.sleep


def _http(found: Answer, headers: dict[str, str]) -> web.Response:
    merged = {**headers, **found.headers}
    if found.body is None:
        return web.Response(status=found.status, headers=merged)
    body = found.body if isinstance(found.body, bytes) else orjson.dumps(found.body)
    merged["Content-Type"] = found.content_type if found.content_type != JSON else f"{JSON}; charset=utf-8"
    return web.Response(status=found.status, body=body, headers=merged)
