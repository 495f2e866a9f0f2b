"""The durable HTTP API, once for the SDK's client (loopback, no key) and once as webhooks (system key).

Paths, statuses and texts after the extension's HttpApiHandler; where its versions differ, the status that the 1.7 SDK
understands.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from aiohttp import web

from ..clock import moment_of
from ..engine import operations as ops
from ..engine.engine import Engine
from ..engine.entities import entity_id
from ..engine.events import parsed
from ..store.hub import Hub
from ..store.instances import Instance, Query
from . import views
from .links import Links

_PAGE = 100


class DurableApi:
    """Handlers under one base path; `guard` decides who may call."""

    def __init__(self, engine: Engine, hub: Hub, links: Links) -> None:
        self._engine = engine
        self._operations = engine.operations
        self._hub = hub
        self._links = links

    def routes(self, base: str) -> list[web.RouteDef]:
        instance = base + "/instances/{id}"
        return [
            web.post(base + "/orchestrators/{name}", self.start),
            web.post(base + "/orchestrators/{name}/{id}", self.start),
            web.get(base + "/instances", self.find),
            web.get(base + "/instances/", self.find),
            web.delete(base + "/instances", self.purge_matching),
            web.delete(base + "/instances/", self.purge_matching),
            web.get(instance, self.status),
            web.delete(instance, self.purge),
            web.post(instance + "/raiseEvent/{event}", self.raise_event),
            web.post(instance + "/{operation}", self.operate),
            web.get(base + "/entities/{name}", self.entities),
            web.get(base + "/entities/{name}/{key}", self.entity),
            web.post(base + "/entities/{name}/{key}", self.signal),
        ]

    async def start(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        instance_id = self._operations.start(
            request.match_info["name"],
            instance_id=request.match_info.get("id"),
            input_json=body,
            version=request.query.get("version"),
        )
        seconds = request.query.get("timeout")
        if seconds:
            return await self._wait(request, instance_id, float(seconds))
        return self._accepted(request, instance_id)

    async def _wait(self, request: web.Request, instance_id: str, seconds: float) -> web.Response:
        try:
            async with asyncio.timeout(seconds):
                instance = await self._engine.finished(instance_id)
        except TimeoutError:
            return self._accepted(request, instance_id)
        if instance.status == "Completed":
            return web.json_response(text=instance.output or "null")
        return web.json_response(
            views.status(instance, with_input=True), status=500 if instance.status == "Failed" else 200
        )

    def _accepted(self, request: web.Request, instance_id: str) -> web.Response:
        links = self._links.of_instance(instance_id)
        headers = {"Location": links["statusQueryGetUri"], "Retry-After": "10"}
        return web.json_response(links, status=202, headers=headers)

    async def status(self, request: web.Request) -> web.Response:
        instance = self._operations.instance(request.match_info["id"])
        history = None
        if _flag(request, "showHistory", default=False):
            events = [parsed(text) for text in self._operations.history(instance.id)]
            history = views.history_view(events, with_output=_flag(request, "showHistoryOutput", default=False))
        view = views.status(instance, with_input=_flag(request, "showInput", default=True), history=history)
        if not instance.finished:
            return web.json_response(view, status=202, headers={"Location": str(request.url), "Retry-After": "5"})
        failed = instance.status == "Failed" and _flag(request, "returnInternalServerErrorOnFailure", default=False)
        return web.json_response(view, status=500 if failed else 200)

    async def find(self, request: web.Request) -> web.Response:
        """One page; its end is handed back in `x-ms-continuation-token`, and taken from there."""
        size = int(request.query.get("top", _PAGE))
        found = self._operations.find(_query(request, limit=size + 1))
        page = found[:size]
        with_input = _flag(request, "showInput", default=True)
        headers = {"x-ms-continuation-token": _token(page[-1])} if len(found) > size else {}
        return web.json_response([views.status(each, with_input=with_input) for each in page], headers=headers)

    async def purge(self, request: web.Request) -> web.Response:
        try:
            self._operations.purge(request.match_info["id"])
        except ops.Invalid as error:
            return web.json_response(str(error), status=412)
        return web.json_response({"instancesDeleted": 1})

    async def purge_matching(self, request: web.Request) -> web.Response:
        if "createdTimeFrom" not in request.query:
            return web.json_response("Please provide value for 'createdTimeFrom' parameter.", status=400)
        deleted = self._operations.purge_matching(_query(request, limit=-1))
        return web.json_response({"instancesDeleted": deleted}, status=200 if deleted else 404)

    async def raise_event(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _error(400, "Only application/json request content is supported")
        self._operations.raise_event(
            request.match_info["id"], request.match_info["event"], await _json_body(request) or "null"
        )
        return web.Response(status=202)

    async def operate(self, request: web.Request) -> web.Response:
        instance_id, reason = request.match_info["id"], request.query.get("reason")
        match request.match_info["operation"].lower():
            case "terminate":
                self._operations.terminate(instance_id, reason)
            case "suspend":
                self._operations.suspend(instance_id, reason)
            case "resume":
                self._operations.resume(instance_id, reason)
            case "rewind":
                self._operations.rewind(instance_id, reason)
            case "restart":
                renewed = _flag(request, "restartWithNewInstanceId", default=True)
                return self._accepted(request, self._operations.restart(instance_id, with_new_id=renewed))
            case _:
                return web.Response(status=404)
        return web.Response(status=202)

    async def entity(self, request: web.Request) -> web.Response:
        found = self._hub.entities.get(entity_id(request.match_info["name"], request.match_info["key"]))
        if found is None or not found.existing:
            return web.Response(status=404)
        return web.json_response(text=found.state or "null")

    async def entities(self, request: web.Request) -> web.Response:
        fetch = _flag(request, "fetchState", default=False)
        return web.json_response(
            [
                {
                    "entityId": {"name": each.id.split("@")[1], "key": each.id.split("@", 2)[2]},
                    "lastOperationTime": each.updated,
                    **({"state": json.loads(each.state or "null")} if fetch else {}),
                }
                for each in self._hub.entities.named(request.match_info["name"])
                if each.existing
            ]
        )

    async def signal(self, request: web.Request) -> web.Response:
        self._operations.signal(
            request.match_info["name"],
            request.match_info["key"],
            operation=request.query.get("op", ""),
            input_json=await _json_body(request),
        )
        return web.Response(status=202)


@web.middleware
async def errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """The operations' refusals as the statuses that the SDK's client understands."""
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except ops.NotFound as error:
        return _error(404, str(error))
    except ops.Gone as error:
        return _error(410, str(error))
    except ops.AlreadyExists as error:
        return _error(409, str(error))
    except (ops.Invalid, ValueError) as error:
        return _error(400, str(error))


def _error(status: int, text: str) -> web.Response:
    if status in (404, 410):
        return web.Response(status=status)  # the SDK parses any body there as a status
    return web.json_response(
        {"Message": "One or more of the arguments submitted is incorrect", "ExceptionMessage": text},
        status=status,
    )


async def _json_body(request: web.Request) -> str | None:
    """The body as it came, once seen to be JSON; None for none. ValueError otherwise."""
    text = await request.text()
    if not text.strip():
        return None
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"Invalid JSON content: {error}") from error
    return text


def _flag(request: web.Request, name: str, *, default: bool) -> bool:
    text = request.query.get(name, "").lower()
    return text == "true" if text in ("true", "false") else default


def _query(request: web.Request, *, limit: int) -> Query:
    given = request.query
    token = request.headers.get("x-ms-continuation-token")
    return Query(
        created_from=moment_of(given["createdTimeFrom"]) if "createdTimeFrom" in given else None,
        created_to=moment_of(given["createdTimeTo"]) if "createdTimeTo" in given else None,
        statuses=frozenset(part for value in given.getall("runtimeStatus", []) for part in value.split(",") if part),
        prefix=given.get("instanceIdPrefix"),
        after=_place(token) if token else None,
        limit=limit,
    )


def _token(last: Instance) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.created, last.id]).encode()).decode()


def _place(token: str) -> tuple[float, str]:
    created, instance_id = json.loads(base64.urlsafe_b64decode(token))
    return float(created), str(instance_id)
