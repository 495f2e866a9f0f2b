"""Hosts for the tests: in this process with either worker, or as a process that can be killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.host import Host
from sandbox.host.running import running_host

APPS = Path(__file__).parent / "apps"
WORKERS = ["runtime", "invoker"] if sys.version_info >= (3, 13) else ["invoker"]

Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
Start = Callable[..., AbstractAsyncContextManager[Host]]


@pytest.fixture(params=WORKERS)
def worker(request: pytest.FixtureRequest) -> str:
    """Every worker this Python can run."""
    return str(request.param)


@pytest.fixture
def eventually() -> Eventually:
    """`await eventually(ask)`: ask until there is an answer, for things that happen where no event can tell us."""

    async def wait(ask: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(60):
            while not (answer := await ask()):  # noqa: ASYNC110 - what happens is not in this process
                await asyncio.sleep(0.01)
            return answer

    return wait


@pytest.fixture
def apps() -> Path:
    """The folder with one app in each folder."""
    return APPS


@pytest.fixture
def hosting(tmp_path: Path) -> Start:
    """`hosting("app", **options)`: that app on one state file per test, so a second use is a restart."""

    def start(app: str | Path, **options: Any) -> AbstractAsyncContextManager[Host]:
        return running_host(APPS / app, **{"state": tmp_path / "hub.db", **options})

    return start
