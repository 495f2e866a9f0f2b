"""A large file passes through without ever being here whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator

import httpx

from shared.sharepoint.client import SharePoint

SIZE = 64 * 1024 * 1024
PIECE = bytes(range(256)) * 4096
MOST = 12 * 1024 * 1024
"""Two slices and a little: the libraries on the way need one too. The simulator is a process of its own."""


class AnyToken:
    async def token(self, resource: str) -> str:
        return "any"

    def forget(self, resource: str) -> None: ...


async def _pieces(place: int) -> AsyncIterator[bytes]:
    for number in range(place // len(PIECE), SIZE // len(PIECE)):
        yield number.to_bytes(4, "little") + PIECE[4:]


async def test_n20_sixty_four_megabytes_go_up_and_come_down_in_twelve() -> None:
    command = [sys.executable, "-m", "sandbox.sharepoint", "--open"]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert simulator.stdout is not None
        url = simulator.stdout.readline().rpartition(" ")[2].strip()
        sharepoint = SharePoint("https://clinic.sharepoint.com/sites/practice", AnyToken(), graph_url=url)
        drive = await sharepoint.library("Documents")
        tracemalloc.start()
        uploaded = await sharepoint.upload(drive, "root", "scan", SIZE, _pieces)
        down = hashlib.sha256()
        async for piece in sharepoint.download(drive, uploaded.item_id):
            down.update(piece)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await sharepoint.close()
        async with httpx.AsyncClient() as http:
            [line] = (await http.get(f"{url}/sandbox/export")).text.splitlines()
    finally:
        simulator.kill()
        simulator.wait()
    up = hashlib.sha256()
    async for piece in _pieces(0):
        up.update(piece)
    assert json.loads(line)["sha256"] == down.hexdigest() == up.hexdigest()
    print(f"peak {peak / 2**20:.1f} MiB")
    assert peak < MOST
