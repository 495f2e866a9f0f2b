"""What only a toy town has: edits while you watch, the simulator's own truth, and whom Dataverse would know."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox.corepractice.changes import Script, apply_script
from sandbox.corepractice.practice import DoubtfulEdit, Practice
from sandbox.corepractice.staff_users import staff_users

MOST_IDS = 1_000_000


def _bad(message: str) -> web.HTTPException:
    return web.HTTPBadRequest(reason=" ".join(message.split()))


async def _object_body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as problem:
        raise _bad("the body is not JSON") from problem
    if not isinstance(body, dict):
        raise _bad("the body must be an object")
    return body


def _object_name(practice: Practice, name: str | None) -> str:
    if name not in practice.objects:
        raise web.HTTPNotFound(reason=f"There is no such object; there are {', '.join(practice.objects)}.")
    return name


def add_routes(app: web.Application, practice: Practice) -> None:
    """POST /sandbox/change, PUT/DELETE /sandbox/{object}/{id}, POST /sandbox/{object}, GET truth, staff-users."""

    async def change(request: web.Request) -> web.Response:
        try:
            return web.json_response(apply_script(practice, Script.parse(await _object_body(request))))
        except ValueError as problem:
            raise _bad(str(problem)) from problem

    async def truth(request: web.Request) -> web.Response:
        name = _object_name(practice, request.query.get("object"))
        tally = practice.tally(name)
        if tally.active + tally.archived > MOST_IDS:
            raise _bad(f"more than {MOST_IDS:,} ids; GET /v1 has the counts")
        return web.json_response(practice.truth(name).plain())

    async def users(request: web.Request) -> web.Response:
        return web.json_response(staff_users(practice))

    async def edit(request: web.Request) -> web.Response:
        name = _object_name(practice, request.match_info["object"])
        try:
            return web.json_response(practice.edit(name, request.match_info["id"], await _object_body(request)))
        except KeyError as problem:
            raise web.HTTPNotFound(reason=f"{name} has no record of this id.") from problem
        except DoubtfulEdit as problem:
            raise _bad(str(problem)) from problem

    async def create(request: web.Request) -> web.Response:
        name = _object_name(practice, request.match_info["object"])
        try:
            return web.json_response(practice.create(name, await _object_body(request)), status=201)
        except DoubtfulEdit as problem:
            raise _bad(str(problem)) from problem

    async def remove(request: web.Request) -> web.Response:
        name = _object_name(practice, request.match_info["object"])
        try:
            practice.remove(name, request.match_info["id"])
        except KeyError as problem:
            raise web.HTTPNotFound(reason=f"{name} has no record of this id.") from problem
        return web.Response(status=204)

    app.router.add_post("/sandbox/change", change)
    app.router.add_get("/sandbox/truth", truth)
    app.router.add_get("/sandbox/staff-users", users)
    app.router.add_post("/sandbox/{object}", create)
    app.router.add_put("/sandbox/{object}/{id}", edit)
    app.router.add_delete("/sandbox/{object}/{id}", remove)
