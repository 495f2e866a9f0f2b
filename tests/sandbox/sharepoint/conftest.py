"""A site on its own port and a bare HTTP client that knows only the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from sandbox.sharepoint.behaviour import Behaviour
from sandbox.sharepoint.serving import Server, running

UNIT = 327_680
FAIL = {"item": {"@microsoft.graph.conflictBehavior": "fail"}}


class Caller:
    """Graph as a client meets it, in one library."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self.server = server
        self.http = http
        self.bare = httpx.AsyncClient()
        self.drive = server.site.store.libraries()[0].id

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """`path` is relative to the library."""
        return await self.http.request(method, f"/v1.0/drives/{self.drive}/{path}", **options)

    async def session(self, path: str = "root:/scan.dcm:", body: Any = None) -> str:
        answer = await self.send("POST", f"{path}/createUploadSession", json=body or FAIL)
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["uploadUrl"]
        return url

    async def slice(self, url: str, content: bytes, first: int, total: int, **headers: str) -> httpx.Response:
        span = f"bytes {first}-{first + len(content) - 1}/{total}"
        return await self.bare.put(url, content=content, headers={"Content-Range": span, **headers})

    async def folder(self, name: str, conflict: str = "fail") -> httpx.Response:
        body = {"name": name, "folder": {}, "@microsoft.graph.conflictBehavior": conflict}
        return await self.send("POST", "root/children", json=body)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Start a site of your own: `call = await start(Behaviour(...), key=...)`."""
    async with AsyncExitStack() as stack:

        async def begin(behaviour: Behaviour | None = None, **serving: Any) -> Caller:
            server = await stack.enter_async_context(running(behaviour, **serving))
            http = httpx.AsyncClient(base_url=server.url, headers={"Authorization": "Bearer any"})
            caller = Caller(server, await stack.enter_async_context(http))
            await stack.enter_async_context(caller.bare)
            return caller

        yield begin


@pytest.fixture
async def call(start: Callable[..., Any]) -> Caller:
    found: Caller = await start()
    return found


@pytest.fixture
def refusal() -> Callable[[httpx.Response], tuple[int, str]]:
    """(status, code) of a refusal."""
    return lambda answer: (answer.status_code, answer.json()["error"]["code"])
