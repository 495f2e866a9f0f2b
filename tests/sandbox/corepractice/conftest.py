"""A practice of three hundred patients behind a server on a free port, and a client that may enter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.corepractice.app import RunningServer, running
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice

TOKEN = "town-secret"


class Caller:
    """Reads the API as a client would."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.http.get(path, params=parameters)

    async def pages(self, name: str, **parameters: Any) -> list[list[dict[str, Any]]]:
        found, cursor = [], None
        while True:
            extra = {} if cursor is None else {"cursor": cursor}
            answer = (await self.get(f"/v1/{name}", **parameters, **extra)).raise_for_status().json()
            found.append(answer["data"])
            cursor = answer["next_cursor"]
            if cursor is None:
                return found

    async def all(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        return [record for page in await self.pages(name, limit=500, **parameters) for record in page]


@pytest.fixture
def practice() -> Practice:
    return Practice(Clinic(300, seed=1))


@pytest.fixture
async def server(practice: Practice) -> AsyncIterator[RunningServer]:
    async with running(practice, token=TOKEN) as running_server:
        yield running_server


@pytest.fixture
async def call(server: RunningServer) -> AsyncIterator[Caller]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
        yield Caller(http)
