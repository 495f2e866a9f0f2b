"""A fresh organisation without delays on its own port, and a bare HTTP client that knows only the wire."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from sandbox.dataverse.behaviour import Behaviour, calm
from sandbox.dataverse.organisation import Organisation
from sandbox.dataverse.serving import Server, running

CRM = "Microsoft.Dynamics.CRM."


def label(text: str) -> dict[str, Any]:
    return {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}


def column(name: str, kind: str = "String", **more: Any) -> dict[str, Any]:
    """An attribute body: column("bw_Age", "Integer", MinValue=0)."""
    return {"@odata.type": f"{CRM}{kind}AttributeMetadata", "SchemaName": name, "DisplayName": label(name), **more}


class Api:
    """The wire: JSON in, answers out. Every helper goes through HTTP."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self.server = server
        self.http = http
        self.url = server.url

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=named)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.send("GET", path, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.send("POST", path, body, **headers)

    async def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.send("PATCH", path, body, **headers)

    async def delete(self, path: str, **headers: str) -> httpx.Response:
        return await self.send("DELETE", path, **headers)

    async def create(self, set_name: str, body: dict[str, Any]) -> str:
        """The id of a row that must be created."""
        answer = await self.post(set_name, body)
        assert answer.status_code == 204, answer.text
        return answer.headers["OData-EntityId"][-37:-1]

    async def row(self, path: str) -> dict[str, Any]:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def bulk(self, set_name: str, message: str, targets: list[dict[str, Any]], table: str) -> httpx.Response:
        typed = [{"@odata.type": f"{CRM}{table}", **target} for target in targets]
        return await self.post(f"{set_name}/{CRM}{message}", {"Targets": typed})

    async def publisher(self, prefix: str = "bw") -> None:
        body = {"friendlyname": prefix, "uniquename": prefix, "customizationprefix": prefix,
                "customizationoptionvalueprefix": 72700}  # fmt: skip
        publisher = await self.create("publishers", body)
        solution = {"friendlyname": "Bridgework", "uniquename": "bridgework", "version": "1.0.0.0",
                    "publisherid@odata.bind": f"/publishers({publisher})"}  # fmt: skip
        await self.create("solutions", solution)

    async def define(self, name: str, *columns: dict[str, Any], **more: Any) -> None:
        """A custom table with its columns; the publisher must exist."""
        body = {
            "@odata.type": f"{CRM}EntityMetadata", "SchemaName": name, "DisplayName": label(name),
            "DisplayCollectionName": label(f"{name}s"), "OwnershipType": "UserOwned", "HasActivities": False,
            "HasNotes": False, "Attributes": [column("bw_Name", IsPrimaryName=True, MaxLength=100)], **more,
        }  # fmt: skip
        answer = await self.post("EntityDefinitions", body)
        assert answer.status_code == 204, answer.text
        for one in columns:
            answer = await self.post(f"EntityDefinitions(LogicalName='{name.lower()}')/Attributes", one)
            assert answer.status_code == 204, answer.text

    async def key(self, table: str, *columns: str) -> httpx.Response:
        body = {"SchemaName": "bw_" + "".join(columns), "DisplayName": label("Key"), "KeyAttributes": list(columns)}
        return await self.post(f"EntityDefinitions(LogicalName='{table}')/Keys", body)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start an organisation of your own: `api = await start(behaviour, limits=..., users=[...])`."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:

        async def begin(
            behaviour: Behaviour | None = None, *, seeded: dict[str, Any] | None = None, **serving: Any
        ) -> Api:
            org = Organisation.seeded(behaviour or calm(), **(seeded or {}))
            server = await stack.enter_async_context(running(org, **serving))
            http = httpx.AsyncClient(base_url=f"{server.api}/", headers={"Authorization": "Bearer any"}, timeout=60)
            await stack.enter_async_context(http)
            return Api(server, http)

        yield begin


@pytest.fixture
async def api(start: Start) -> Api:
    return await start()


@pytest.fixture
def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def error() -> Callable[[httpx.Response], tuple[int, str]]:
    """(status, code) of a refusal."""
    return error_of


@pytest.fixture
def attribute() -> Callable[..., dict[str, Any]]:
    return column


@pytest.fixture
def labelled() -> Callable[[str], dict[str, Any]]:
    return label
