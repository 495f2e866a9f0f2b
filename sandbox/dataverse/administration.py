"""/sandbox/: what a test wants of the simulator and Dataverse has not: export, users, privileges, clock, statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from .access import user_token
from .columns import TableSchema, to_document
from .files import FILES
from .keys import settle_keys
from .organisation import BIN
from .people import MIGRATION_ROLE
from .securing import SYSTEM_PROFILE
from .seed import add_user, set_role_gaps

if TYPE_CHECKING:
    from .limits import Protection
    from .organisation import Organisation

PLATFORM_TABLES = frozenset(
    {
        "organization",
        "businessunit",
        "systemuser",
        "team",
        "role",
        "systemuserroles",
        "teamroles",
        "teammembership",
        "transactioncurrency",
        "sdkmessage",
        "sdkmessagefilter",
        "asyncoperation",
        "bulkdeleteoperation",
        "bulkdeletefailure",
    }
)


class Statistics:
    """Counters since the start; requests by method and first segment."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.rows = 0

    def count(self, method: str, path: str, status: int, rows: int) -> None:
        name = path.partition("(")[0].partition("?")[0]
        self.requests[f"{method} {name}"] += 1
        self.statuses[status] += 1
        self.rows += rows

    def document(self, org: Organisation, protection: Protection) -> dict[str, Any]:
        return {
            "requests": dict(sorted(self.requests.items())),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "rows": self.rows,
            "throttled": protection.refusals,
            "doors": protection.doors,
            "shut_seconds": protection.shut_seconds,
            "executed_seconds": protection.executed,
            "tables": {name: len(store) for name, store in sorted(org.stores.items()) if len(store) and name != FILES},
        }


def add_admin_routes(
    app: web.Application, org: Organisation, statistics: Statistics, protection: Protection, key: bytes | None
) -> None:
    """Unauthenticated on purpose: the simulator listens on the loopback address only."""

    async def stats(request: web.Request) -> web.Response:
        return web.json_response(statistics.document(org, protection))

    async def export(request: web.Request) -> web.StreamResponse:
        return await _export(org, request)

    async def users(request: web.Request) -> web.Response:
        document = await request.json()
        try:
            ids = [add_user(org, user) for user in (document if isinstance(document, list) else [document])]
        except (ValueError, AttributeError) as problem:
            return web.json_response({"error": f"not a user: {problem}"}, status=400)
        resource, now = f"{request.scheme}://{request.host}", org.clock.now()
        rows = [org.people.user(user_id) or {} for user_id in ids]
        tokens = [user_token(row, resource=resource, key=key, now=now) for row in rows]
        return web.json_response({"systemuserids": ids, "tokens": tokens})

    async def privileges(request: web.Request) -> web.Response:
        document = await request.json()
        role = set_role_gaps(org, document.get("role", MIGRATION_ROLE), document.get("missing", []))
        return web.json_response({"roleid": role})

    async def clock(request: web.Request) -> web.Response:
        seconds = float((await request.json()).get("advance_seconds", 0))
        if seconds < 0:
            return web.json_response({"error": "the clock only goes forward"}, status=400)
        org.clock.ahead += seconds
        settle_keys(org)
        return web.json_response({"now": org.clock.text()})

    app.router.add_get("/sandbox/stats", stats)
    app.router.add_get("/sandbox/export", export)
    app.router.add_post("/sandbox/users", users)
    app.router.add_post("/sandbox/privileges", privileges)
    app.router.add_post("/sandbox/clock", clock)


async def _export(org: Organisation, request: web.Request) -> web.StreamResponse:
    """NDJSON, the same for the same content: metadata first, then rows by table and id. `?tables=a,b` narrows."""
    wanted = {name for name in request.query.get("tables", "").split(",") if name}
    answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await answer.prepare(request)
    chunk = bytearray()
    for line in export_lines(org, wanted):
        chunk += line + b"\n"
        if len(chunk) > 1 << 18:
            await answer.write(bytes(chunk))
            chunk.clear()
    await answer.write(bytes(chunk))
    await answer.write_eof()
    return answer


def export_lines(org: Organisation, wanted: set[str]) -> Iterator[bytes]:
    """Canonical lines, keys sorted. Rows keep every stored value, audit columns and rowversion included."""

    def line(document: dict[str, Any]) -> bytes:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    if not wanted:
        for name, table in sorted(org.catalogue.tables.items()):
            created = custom_part(table)
            if created is not None:
                yield line({"metadata": "table", "name": name, "definition": created})
        for link in sorted(org.catalogue.relationships.values(), key=lambda link: link.schema_name):
            if link.custom:
                yield line({"metadata": "relationship", "name": link.schema_name, "definition": to_document(link)})
        for both in sorted(org.catalogue.many_to_many.values(), key=lambda link: link.schema_name):
            if both.custom:
                yield line({"metadata": "many_to_many", "name": both.schema_name, "definition": to_document(both)})
        for choice in sorted(org.catalogue.choices.values(), key=lambda choice: choice.name):
            yield line({"metadata": "choice", "name": choice.name, "definition": to_document(choice)})
    files_of = {name: table.file_columns for name, table in org.catalogue.tables.items() if table.file_columns}
    for name, store in sorted(org.stores.items()):
        if name.startswith((BIN, FILES)) or (name not in wanted if wanted else name in PLATFORM_TABLES):
            continue
        for row_id in sorted(store.rows):
            if store.rows[row_id].get("fieldsecurityprofileid") == SYSTEM_PROFILE:
                continue
            row = {key: value for key, value in store.rows[row_id].items() if key != "@n"}
            for column in files_of.get(name, frozenset()) & row.keys():
                row[column] = org.files.about(row[column])
            yield line({"table": name, "id": row_id, "row": row})


def custom_part(table: TableSchema) -> dict[str, Any] | None:
    """A custom table whole; of a standard one what was added to it; None for one that is as it came."""
    document = to_document(table)
    if table.custom:
        return document
    columns = [column for column in document["columns"] if column["custom"]]
    return {"columns": columns, "keys": document["keys"]} if columns or table.keys else None
