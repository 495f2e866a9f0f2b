"""A large scan passes through without ever being here whole, on its way there and when it is read back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.dataverse.organisation import Organisation
from sandbox.dataverse.serving import Server
from sandbox.faults import FaultSchedule
from shared.dataverse.client import Dataverse
from shared.dataverse.pools import connect
from tests.activities.filing import Cabinet, Filing, cabinet_of
from tests.shared.dataverse.environment import JANE, AnyToken, Clock, Town

SIZE = 64 << 20
MOST = 24 << 20
"""Bytes at once: a block as bytes, as Base64, as JSON and as the HTTP libraries hold it; and, since they share this
process, what the source and the library hold of theirs. The simulated environment is a process of its own."""


async def environments(folder: Path) -> AsyncIterator[Town]:
    users = folder / "users.json"
    users.write_text(json.dumps([JANE]))
    simulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.dataverse", "--open", "--calm", "--users", str(users)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert simulator.stdout is not None
        url = (await simulator.stdout.readline()).decode().rpartition(" ")[2].strip()
        async with connect() as http:
            server = Server(url, cast(Organisation, None), FaultSchedule())
            yield Town(server, Dataverse(url, AnyToken(), http=http), Clock())
    finally:
        simulator.terminate()
        await simulator.wait()


@pytest.fixture
async def cabinet(azurite: str, tmp_path: Path) -> AsyncIterator[Cabinet]:
    async for one in cabinet_of(azurite, tmp_path, lambda: environments(tmp_path)):
        yield one


async def peak(work: Callable[[], Awaitable[Any]]) -> int:
    tracemalloc.start()
    try:
        await work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def large(filing: Filing, id_: str) -> None:
    """A scan of 64 MB, written piece by piece."""
    piece, hashed = bytes(range(256)) * 4096, hashlib.sha256()
    filing.file(id_)
    with (filing.folder / "files" / f"f-{id_}").open("wb") as scan:
        for number in range(SIZE // len(piece)):
            marked = number.to_bytes(4, "big") + piece[4:]
            scan.write(marked)
            hashed.update(marked)
    filing.records[id_] |= {"size": SIZE, "sha256": hashed.hexdigest(), "name": "volume.dcm"}


@pytest.mark.parametrize("oversize", ["sharepoint", "file-column"])
async def test_n20_a_scan_of_64_megabytes_takes_the_memory_of_a_few_blocks(cabinet: Cabinet, oversize: str) -> None:
    filing = await cabinet.open({"oversize": oversize})
    large(filing, "a-1")
    await filing.stage()
    await filing.load()
    used = await peak(filing.attach)
    assert used < MOST
    found: dict[str, Any] = {}

    async def prove() -> None:
        found.update(await filing.proof())

    used = await peak(prove)
    assert used < MOST
    assert (found["files"], found["bytes"], found["differs"], found["missing"]) == (1, SIZE, 0, 0)


async def test_many_notes_side_by_side_take_no_more_than_one_of_them(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for number in range(12):
        filing.file(f"a-{number}", bytes([number]) * 2_900_000)
    await filing.stage()
    await filing.load()
    used = await peak(filing.attach)
    assert used < MOST
    assert (await filing.proof())["files"] == 12
