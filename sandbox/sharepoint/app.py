"""Graph over HTTP: addresses, tokens, permissions, faults. What a request means for the items is `site`'s business."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.faults import FaultSchedule, add_fault_routes, faults_middleware
from sandbox.identity.tokens import verify

from .addresses import DriveAddress, ItemAddress, SiteAddress, checked_name, parse
from .control import Statistics, add_control_routes
from .downloads import Downloads, serve
from .errors import GraphError, denied, error_body, invalid, not_simulated, unauthenticated
from .rendering import item_document, library_document, session_document, site_document
from .sessions import Sessions, parse_range
from .site import Site
from .store import Item
from .wire import CONFLICT, answer, conflict_behaviour, kind, only, options, origin, read_body, selected

AUDIENCES = ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")
LARGEST_SIMPLE_UPLOAD = 250 * 1024 * 1024
FAULT_CODES = {
    "rate_limited": "activityLimitReached",
    "unavailable": "serviceNotAvailable",
    "unauthorized": "InvalidAuthenticationToken",
}
LONGEST_LINE = 32 * 1024


def build_app(site: Site, *, key: bytes | None = None, schedule: FaultSchedule | None = None) -> web.Application:
    """The web application. `key` verifies tokens; without one any bearer token is accepted."""
    schedule = schedule or FaultSchedule()

    def fault_body(status: int, code: str, message: str) -> object:
        return error_body(FAULT_CODES.get(code, code), message)

    statistics = Statistics()
    graph = Graph(site, key, statistics)
    app = web.Application(middlewares=[faults_middleware(schedule, fault_body), graph.answering])
    add_fault_routes(app, schedule)
    add_control_routes(app, site, statistics)
    app.router.add_route("*", "/upload/{session}", graph.upload)
    app.router.add_get("/download/{ticket}", graph.download)
    app.router.add_route("*", "/{path:.*}", graph.handle)
    return app


class Graph:
    """What HTTP adds to a site."""

    def __init__(self, site: Site, key: bytes | None, statistics: Statistics) -> None:
        self._site, self._key, self._statistics = site, key, statistics
        self._sessions = Sessions(site)
        self._downloads = Downloads(site)

    @web.middleware
    async def answering(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refusals as Graph words them, and counts of everything but the control paths."""
        if request.path.startswith("/sandbox/"):
            return await handler(request)
        request_id = str(uuid.uuid4())
        try:
            response = await handler(request)
        except GraphError as error:
            body = error_body(error.code, error.message, inner=error.inner, request_id=request_id)
            response = web.json_response(body, status=error.status, headers=error.headers)
        received = int(request.headers.get("Content-Length") or 0) if response.status in (200, 201, 202) else 0
        self._statistics.count(kind(request), response.status, received)
        if not response.prepared:
            response.headers["request-id"] = request_id
        return response

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Everything under /v1.0."""
        if not request.rel_url.raw_path.startswith("/v1.0/"):
            raise not_simulated(f"{request.method} {request.path}")
        self._authenticate(request)
        address = parse(request.rel_url.raw_path)
        if self._site.granted == "none" or (self._site.granted == "read" and request.method != "GET"):
            raise denied()
        if isinstance(address, ItemAddress):
            return await self._item(request, address)
        only(request, "GET")
        options(request)
        if isinstance(address, DriveAddress):
            return answer(library_document(self._site, self._site.library(address.drive)))
        return self._about_site(address)

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated("Access token is empty.")
        if self._key is None:
            return
        claims = verify(token.strip(), key=self._key, now=self._site.clock.now())
        if claims is None:
            raise unauthenticated("Lifetime validation failed, the token is expired, or its signature is invalid.")
        if claims.aud not in AUDIENCES:
            raise unauthenticated("Invalid audience.")

    def _about_site(self, address: SiteAddress) -> web.Response:
        self._site.require(address)
        if not address.asked:
            return answer(site_document(self._site))
        documents = [library_document(self._site, library) for library in self._site.store.libraries()]
        return answer(documents[0] if address.asked == "drive" else {"value": documents})

    async def _item(self, request: web.Request, address: ItemAddress) -> web.StreamResponse:
        match request.method, address.asked:
            case "GET", "":
                options(request, "$select")
                return answer(selected(self._rendered(request, self._site.item(address)), request))
            case "PATCH", "":
                return await self._rename(request, self._site.item(address))
            case "DELETE", "":
                self._site.delete(self._unchanged(request, self._site.item(address)))
                return web.Response(status=204)
            case "GET", "children":
                return self._children(request, self._site.item(address))
            case "POST", "children":
                return await self._create_folder(request, self._site.item(address))
            case "GET", "content":
                item = self._file(self._site.item(address))
                return web.Response(status=302, headers={"Location": origin(request) + self._downloads.path(item)})
            case "PUT", "content":
                return await self._put(request, address)
            case "POST", "createUploadSession":
                return await self._create_session(request, address)
        raise not_simulated(f"{request.method} {address.asked or 'driveItem'}")

    def _rendered(self, request: web.Request, item: Item) -> dict[str, Any]:
        download_url = "" if item.is_folder else origin(request) + self._downloads.path(item)
        return item_document(self._site, item, download_url=download_url)

    def _file(self, item: Item) -> Item:
        if item.is_folder:
            raise invalid("A folder has no content.")
        return item

    def _unchanged(self, request: web.Request, item: Item) -> Item:
        """The item, unless If-Match names another version of it."""
        expected = request.headers.get("If-Match", "*")
        if expected not in ("*", str(self._rendered(request, item)["eTag"])):
            raise GraphError(412, "resourceModified", "ETag does not match current item's value")
        return item

    def _children(self, request: web.Request, folder: Item) -> web.Response:
        options(request, "$select", "$top", "$skiptoken")
        top = request.query.get("$top", str(self._site.behaviour.page_size))
        if not top.isdigit() or not 1 <= int(top) <= 999:
            raise invalid("$top must be a number from 1 to 999.")
        limit, after = int(top), request.query.get("$skiptoken", "")
        found = self._site.store.children(folder, after=after, limit=limit + 1) if folder.is_folder else []
        document: dict[str, Any] = {
            "value": [selected(self._rendered(request, item), request) for item in found[:limit]]
        }
        if len(found) > limit:
            link = request.rel_url.update_query({"$skiptoken": found[limit - 1].name})
            document["@odata.nextLink"] = f"{origin(request)}{link}"
        return answer(document)

    async def _create_folder(self, request: web.Request, parent: Item) -> web.Response:
        body = await read_body(request, "name", "folder", CONFLICT)
        if not isinstance(body.get("folder"), dict):
            raise not_simulated("making anything but a folder without content")
        conflict = conflict_behaviour(body.get(CONFLICT, "fail"))
        folder, new = self._site.create_folder(parent, checked_name(body.get("name")), conflict)
        return answer(self._rendered(request, folder), 201 if new else 200)

    async def _rename(self, request: web.Request, item: Item) -> web.Response:
        body = await read_body(request, "name")
        item = self._site.rename(self._unchanged(request, item), checked_name(body.get("name")))
        return answer(self._rendered(request, item))

    async def _put(self, request: web.Request, address: ItemAddress) -> web.Response:
        options(request, CONFLICT)
        conflict = conflict_behaviour(request.query.get(CONFLICT, "replace"))
        parent, name = self._target(address)
        content, contents = secrets.token_urlsafe(24), self._site.contents
        contents.create(content)
        try:
            received = await contents.receive(content, offset=0, length=LARGEST_SIMPLE_UPLOAD, stream=request.content)
            if received > LARGEST_SIMPLE_UPLOAD:
                raise GraphError(413, "requestTooLarge", "Use an upload session for more than 250 MB.")
            digest = await self._site.kept_digest(name, content)
            item, new = self._site.keep(parent, name, conflict, content=content, digest=digest)
        except BaseException:
            contents.remove([content])
            raise
        return answer(self._rendered(request, item), 201 if new else 200)

    def _target(self, address: ItemAddress) -> tuple[Item, str]:
        """Folder and name to write to: by a path, or those of a file addressed by its id."""
        if address.path:
            return self._site.place(address)
        item = self._file(self._site.item(address))
        parent = self._site.store.item(item.library, item.parent or "")
        assert parent is not None
        return parent, item.name

    async def _create_session(self, request: web.Request, address: ItemAddress) -> web.Response:
        body = await read_body(request, "item", "deferCommit")
        if body.get("deferCommit"):
            raise not_simulated("deferCommit")
        about = body.get("item") or {}
        unknown = sorted(set(about) - {CONFLICT, "name", "fileSize", "@odata.type"})
        if unknown:
            raise not_simulated(f"{', '.join(unknown)} of an upload")
        declared = about.get("fileSize")
        if declared is not None and (not isinstance(declared, int) or declared < 0):
            raise invalid("fileSize must be a number of bytes.")
        parent, name = self._target(address)
        if about.get("name", name) != name:
            raise invalid("The name in the body must be that in the address.")
        # Documented as fail, but seen to replace (microsoft-graph-docs#19010); whoever cares says it.
        conflict = conflict_behaviour(about.get(CONFLICT, "replace"))
        session = self._sessions.create(parent, name, conflict, declared)
        upload_url = f"{origin(request)}/upload/{session.id}"
        return answer(session_document(self._site, session, upload_url=upload_url))

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The address of an upload session: it is its own permission, and takes no token beside it."""
        if "Authorization" in request.headers:
            raise GraphError(401, "unauthenticated", "An upload URL takes no Authorization header.")
        session_id = request.match_info["session"]
        match request.method:
            case "GET":
                return answer(session_document(self._site, self._sessions.status(session_id)))
            case "DELETE":
                self._sessions.cancel(session_id)
                return web.Response(status=204)
            case "PUT":
                piece = parse_range(request.headers.get("Content-Range"), request.content_length)
                session, item, new = await self._sessions.receive(session_id, piece, request.content)
                if item is None:
                    return answer(session_document(self._site, session), 202)
                return answer(self._rendered(request, item), 201 if new else 200)
        raise not_simulated(f"{request.method} to an upload URL")

    async def download(self, request: web.Request) -> web.StreamResponse:
        return await serve(request, self._site.contents, self._downloads.item(request.match_info["ticket"]))
