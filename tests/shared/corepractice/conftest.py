"""One small practice, served by the simulator and exported in every format."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from sandbox.corepractice.app import RunningServer, running
from sandbox.corepractice.bundle import FORMATS, write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from shared.corepractice.bundle import BundleSource
from shared.corepractice.client import ApiSource
from shared.corepractice.source import Record, Source

TOKEN = "town-secret"
PATIENTS = 300


@pytest.fixture(scope="session")
def bundles() -> dict[str, bytes]:
    """The practice's export in each format."""
    exports = {}
    for format in FORMATS:
        written = io.BytesIO()
        write_bundle(Practice(Clinic(PATIENTS, seed=3)), written, format=format)
        exports[format] = written.getvalue()
    return exports


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    practice = Practice(Clinic(PATIENTS, seed=3))
    async with running(practice, token=TOKEN) as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def api(server: RunningServer, http: httpx.AsyncClient) -> ApiSource:
    return ApiSource(server.url, TOKEN, http=http, patience=20)


@pytest.fixture(params=FORMATS)
def exported(request: pytest.FixtureRequest, bundles: dict[str, bytes]) -> bytes:
    return bundles[request.param]


@pytest.fixture
def bundle(exported: bytes) -> BundleSource:
    return BundleSource(io.BytesIO(exported))


@pytest.fixture
def read_all() -> Callable[..., Awaitable[list[Record]]]:
    """Reads all records of an object, page after page."""

    async def read(source: Source, name: str, *, since: str | None = None, limit: int = 500) -> list[Record]:
        found: list[Record] = []
        cursor: str | None = None
        while True:
            page = await source.page(name, cursor=cursor, since=since, limit=limit)
            found += page.records
            cursor = page.next_cursor
            if cursor is None:
                return found

    return read
