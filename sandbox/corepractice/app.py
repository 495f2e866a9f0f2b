"""The API over HTTP, as the contract has it: bearer token, cursor paging, changed-since, files by id."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.corepractice import control, file_answers, paging
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.rate import DEFAULT_RATE, Bucket
from sandbox.faults import FaultSchedule, add_fault_routes, faults_middleware

TOKEN = "sandbox"
PRACTICE: web.AppKey[Practice] = web.AppKey("practice", Practice)


def answer(document: object, status: int = 200, **headers: str) -> web.Response:
    body = orjson.dumps(document)
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def refusal(status: int, code: str, message: str, **headers: str) -> web.Response:
    return answer({"error": {"code": code, "message": message}}, status, **headers)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except paging.BadRequest as problem:
        return refusal(400, "bad_request", str(problem))
    except web.HTTPException as problem:
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(problem.status, "error")
        return refusal(problem.status, code, problem.reason)


def _doorkeeper(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if request.path.startswith("/v1") and not secrets.compare_digest(given, expected):
            message = "Send Authorization: Bearer <token> with a valid token."
            return refusal(401, "unauthorized", message, **{"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return check


def _turnstile(bucket: Bucket) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        wait = bucket.wait() if request.path.startswith("/v1") else None
        if wait is not None:
            message = f"More than {bucket.rate:g} requests a second."
            return refusal(429, "rate_limited", message, **{"Retry-After": str(wait)})
        return await handler(request)

    return check


def _object_name(request: web.Request) -> str:
    name, objects = request.match_info["object"], request.app[PRACTICE].objects
    if name not in objects:
        raise web.HTTPNotFound(reason=f"There is no such object; there are {', '.join(objects)}.")
    return name


async def about(request: web.Request) -> web.Response:
    practice = request.app[PRACTICE]
    tallies = ((name, practice.tally(name)) for name in practice.objects)
    objects = [{"name": name, "count": tally.active, "archived": tally.archived} for name, tally in tallies]
    return answer({"practice": {"name": practice.name, "timezone": practice.zone.key}, "objects": objects})


async def list_records(request: web.Request) -> web.Response:
    name = _object_name(request)
    asked = paging.parse(name, request.query)
    page = request.app[PRACTICE].page(name, asked.limit, since=asked.since, after=asked.after, archived=asked.archived)
    cursor = None if page.last is None else paging.encode(name, asked, page.last)
    return answer({"data": page.records, "next_cursor": cursor})


async def get_record(request: web.Request) -> web.Response:
    name = _object_name(request)
    record = request.app[PRACTICE].find(name, request.match_info["id"])
    return refusal(404, "not_found", f"{name} has no record of this id.") if record is None else answer(record)


async def get_file(request: web.Request) -> web.StreamResponse:
    stored = request.app[PRACTICE].file(request.match_info["id"])
    if stored is None:
        return refusal(404, "not_found", "There is no file of this id.")
    try:
        return await file_answers.answer(request, stored)
    except file_answers.Refused as problem:
        return refusal(problem.status, problem.code, str(problem), **problem.headers)


def build_app(
    practice: Practice,
    *,
    token: str = TOKEN,
    rate_limit: float | None = DEFAULT_RATE,
    faults: FaultSchedule | None = None,
) -> web.Application:
    """`rate_limit` is in requests a second, None for no limit."""
    schedule = faults if faults is not None else FaultSchedule()
    middlewares = [faults_middleware(schedule), _errors_as_json, _doorkeeper(token)]
    if rate_limit is not None:
        middlewares.append(_turnstile(Bucket(rate_limit)))
    app = web.Application(middlewares=middlewares, client_max_size=16 * 2**20)
    app[PRACTICE] = practice
    app.router.add_get("/v1", about)
    app.router.add_get("/v1/files/{id}", get_file)
    app.router.add_get("/v1/{object}", list_records)
    app.router.add_get("/v1/{object}/{id}", get_record)
    add_fault_routes(app, schedule)
    control.add_routes(app, practice)
    return app


@dataclass(frozen=True)
class RunningServer:
    url: str
    practice: Practice
    faults: FaultSchedule


@asynccontextmanager
async def running(
    practice: Practice,
    *,
    token: str = TOKEN,
    rate_limit: float | None = None,
    faults: FaultSchedule | None = None,
    port: int = 0,
) -> AsyncIterator[RunningServer]:
    """Serve on 127.0.0.1 until left; port 0 takes a free one."""
    schedule = faults if faults is not None else FaultSchedule()
    runner = web.AppRunner(build_app(practice, token=token, rate_limit=rate_limit, faults=schedule), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        port = runner.addresses[0][1]
        yield RunningServer(f"http://127.0.0.1:{port}", practice, schedule)
    finally:
        await runner.cleanup()
