"""What is not part of Graph, without a token: a canonical export, counts, the clock, and what was granted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from .behaviour import GRANTS
from .site import Site


@dataclass
class Statistics:
    """Requests by kind and by status, and the bytes that arrived in slices and small uploads."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes_received: int = 0

    def count(self, kind: str, status: int, received: int) -> None:
        self.requests[kind] += 1
        self.statuses[status] += 1
        self.bytes_received += received


def export(site: Site) -> bytes:
    """NDJSON, one line for each folder and file in the order of library and path: same content, same bytes."""
    lines: list[tuple[str, str, dict[str, Any]]] = []
    for library in site.store.libraries():
        for item in site.store.tree(site.store.root(library.id))[1:]:
            path = "/".join(site.store.path(item))
            entry: dict[str, Any] = {"library": library.name, "path": path, "folder": item.is_folder}
            if not item.is_folder:
                entry |= {"size": item.size, "sha256": item.sha256, "quickXorHash": item.quick_xor_hash}
            lines.append((library.name, path, entry))
    ordered = sorted(lines, key=lambda line: line[:2])
    return b"".join(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) + b"\n" for _, _, entry in ordered)


def add_control_routes(app: web.Application, site: Site, statistics: Statistics) -> None:
    """GET /sandbox/export and /sandbox/stats; POST /sandbox/clock and /sandbox/permission."""

    async def exported(request: web.Request) -> web.Response:
        return web.Response(body=export(site), content_type="application/x-ndjson")

    async def stats(request: web.Request) -> web.Response:
        trees = [site.store.tree(site.store.root(library.id))[1:] for library in site.store.libraries()]
        items = [item for tree in trees for item in tree]
        counts = {
            "requests": dict(sorted(statistics.requests.items())),
            "statuses": {str(status): count for status, count in sorted(statistics.statuses.items())},
            "bytes_received": statistics.bytes_received,
            "files": sum(not item.is_folder for item in items),
            "folders": sum(item.is_folder for item in items),
            "bytes_kept": sum(item.size for item in items),
            "open_sessions": sum(session.expires > site.clock.now() for session in site.store.sessions()),
        }
        return web.json_response(counts)

    async def advance(request: web.Request) -> web.Response:
        seconds = (await request.json()).get("advance_seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            return web.json_response({"error": "advance_seconds must be a number, not negative"}, status=400)
        site.clock.ahead += seconds
        return web.json_response({"now": site.instant()})

    async def grant(request: web.Request) -> web.Response:
        granted = (await request.json()).get("granted")
        if granted not in GRANTS:
            return web.json_response({"error": f"granted is one of {', '.join(GRANTS)}"}, status=400)
        site.granted = granted
        return web.json_response({"granted": granted})

    app.router.add_get("/sandbox/export", exported)
    app.router.add_get("/sandbox/stats", stats)
    app.router.add_post("/sandbox/clock", advance)
    app.router.add_post("/sandbox/permission", grant)
