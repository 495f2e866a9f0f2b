"""Requests read and answers written as Graph does: options, bodies, JSON. What is not known here is refused."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from .errors import invalid, not_simulated
from .site import CONFLICTS

CONFLICT = "@microsoft.graph.conflictBehavior"


def answer(document: dict[str, Any], status: int = 200) -> web.Response:
    """A document as JSON."""
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json", charset="utf-8")


def origin(request: web.Request) -> str:
    """The address the client used, so that links lead back the way it came."""
    return f"{request.scheme}://{request.host}"


def kind(request: web.Request) -> str:
    """The request without ids and names."""
    for prefix in ("/upload/", "/download/"):
        if request.path.startswith(prefix):
            return f"{request.method} {prefix}"
    for word in ("children", "content", "createUploadSession"):
        if request.path.endswith(f"/{word}"):
            return f"{request.method} {word}"
    return f"{request.method} {'site' if request.path.startswith('/v1.0/sites/') else 'item'}"


def only(request: web.Request, method: str) -> None:
    """GraphError 501 for any other method."""
    if request.method != method:
        raise not_simulated(f"{request.method} {request.path}")


def options(request: web.Request, *known: str) -> None:
    """GraphError 501 for any other query option."""
    unknown = sorted(set(request.query) - set(known))
    if unknown:
        raise not_simulated(f"the option {', '.join(unknown)} here")


def selected(document: dict[str, Any], request: web.Request) -> dict[str, Any]:
    """The document, or of it what $select names."""
    wanted = request.query.get("$select")
    if not wanted:
        return document
    names = [name.strip() for name in wanted.split(",")]
    names = ["@microsoft.graph.downloadUrl" if name == "content.downloadUrl" else name for name in names]
    return {name: document[name] for name in ["id", *names] if name in document}


def conflict_behaviour(value: object) -> str:
    """One of fail, replace and rename; GraphError 400 otherwise."""
    if value not in CONFLICTS:
        raise invalid(f"{CONFLICT} is one of {', '.join(CONFLICTS)}.")
    return str(value)


async def read_body(request: web.Request, *known: str) -> dict[str, Any]:
    """A JSON object; GraphError 501 for a property that is not in `known`."""
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        raise invalid("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body is not an object.")
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise not_simulated(f"the property {', '.join(unknown)} here")
    return body
