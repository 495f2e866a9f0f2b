"""A host that is killed at any moment goes on where it was: nothing lost, results right, repeats bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.host.process import HostProcess

KILLS = 4


@contextlib.asynccontextmanager
async def process(apps: Path, tmp_path: Path, *arguments: str) -> AsyncIterator[HostProcess]:
    host = HostProcess(
        apps / "work",
        state=tmp_path / "hub.db",
        log=tmp_path / "log",
        env={"MARKS": f"{tmp_path}/marks"},
        arguments=["--master-key", "master", *arguments],
    )
    try:
        yield host
    finally:
        await host.kill()


async def call(host: HostProcess, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=host.url, params={"code": "master"}, timeout=20) as client:
        return await client.request(method, f"/runtime/webhooks/durabletask/{path}", **more)


def marks(tmp_path: Path) -> Counter[str]:
    path = tmp_path / "marks"
    return Counter(path.read_text().split()) if path.exists() else Counter()


@pytest.fixture
def more_marks(eventually: Any, tmp_path: Path) -> Any:
    """`await more_marks(count)`: wait until so many more pieces of work are done."""

    async def wait(count: int) -> None:
        before = marks(tmp_path).total()

        async def enough() -> bool:
            return marks(tmp_path).total() >= before + count

        await eventually(enough)

    return wait


@pytest.fixture
def output(eventually: Any) -> Any:
    """`await output(host, instance_id)`: what an instance ended with."""

    async def wait(host: HostProcess, instance_id: str) -> Any:
        async def ended() -> Any:
            answer = await call(host, "GET", f"instances/{instance_id}")
            return None if answer.status_code == 202 else answer

        answer = await eventually(ended)
        assert answer.json()["runtimeStatus"] == "Completed", answer.text
        return answer.json()["output"]

    return wait


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [("fan_out", 300, set(range(300))), ("lanes", 6, {lane * 100 + step for lane in range(6) for step in range(30)})],
)
async def test_every_piece_of_work_is_done_and_counted_once_though_the_host_is_killed(
    apps, tmp_path, more_marks, output, name, size, expected
):
    async with process(apps, tmp_path) as host:
        await host.start()
        await call(host, "POST", f"orchestrators/{name}/run", content=f'"{size}"')
        for _ in range(KILLS):
            await more_marks(10)
            await host.kill()
            await host.start()
        assert await output(host, "run") == sum(expected)
    seen = marks(tmp_path)
    assert {int(number) for number in seen} == expected
    # Each kill can repeat what was running or not yet stored, no more.
    assert seen.total() - len(seen) <= KILLS * 100


async def test_an_entity_counts_every_signal_once_though_the_host_is_killed(apps, tmp_path, output):
    async with process(apps, tmp_path) as host:
        await host.start()
        await call(host, "POST", "orchestrators/counted/run")
        for _ in range(KILLS):
            await asyncio.sleep(0.1)
            await host.kill()
            await host.start()
        assert await output(host, "run") == 20


async def test_a_stopped_host_ends_cleanly_and_its_work_goes_on_later(apps, tmp_path, more_marks, output):
    async with process(apps, tmp_path) as host:
        await host.start()
        await call(host, "POST", "orchestrators/fan_out/run", content='"50"')
        await more_marks(5)
        assert await host.stop() == 0
        await host.start()
        assert await output(host, "run") == sum(range(50))
