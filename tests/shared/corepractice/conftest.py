"""One small practice, served by the simulator and exported in every format."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

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
PATIENTS = 150
ZONE = ZoneInfo("Australia/Sydney")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


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
def export_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def exported(export_format: str, bundles: dict[str, bytes]) -> bytes:
    return bundles[export_format]


@pytest.fixture
def as_exported(export_format: str) -> Callable[[list[Record]], list[Record]]:
    """The API's records as far as an export can tell: a report prints times in the practice's zone, without seconds."""

    def told(value: Any) -> Any:
        if not isinstance(value, str) or not INSTANT.fullmatch(value):
            return value
        return datetime.fromisoformat(value).astimezone(ZONE).replace(second=0).isoformat()

    def as_told(records: list[Record]) -> list[Record]:
        if export_format != "reports":
            return records
        return [{name: told(value) for name, value in record.items()} for record in records]

    return as_told


@pytest.fixture(scope="session")
def opened(bundles: dict[str, bytes]) -> dict[str, BundleSource]:
    """A source for each format. Each is surveyed once, before its first record, which takes longer than to read it."""
    return {format: BundleSource(io.BytesIO(content)) for format, content in bundles.items()}


@pytest.fixture
def bundle(export_format: str, opened: dict[str, BundleSource]) -> BundleSource:
    """One that others have read from before; whoever closes it makes one of their own."""
    return opened[export_format]


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
