"""A large file passes through without ever being here whole."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from shared.dataverse.client import Dataverse
from shared.dataverse.pools import connect
from shared.schema.model import Field, Kind, Table
from tests.shared.dataverse.environment import AnyToken

SIZE = 64 * 1024 * 1024
PIECE = bytes(range(256)) * 4096
MOST = 32 * 1024 * 1024
"""A block as bytes, as Base64, as JSON, and as the HTTP libraries hold it. The simulator is a process of its own."""
DOCUMENT = Table(
    "bw_document", "bw_documents", "bw_documentid", "bw_name", schema_name="bw_Document", label="Document", custom=True
)
ROOT = Path(__file__).parents[3]


async def _pieces() -> AsyncIterator[bytes]:
    for number in range(SIZE // len(PIECE)):
        yield number.to_bytes(4, "little") + PIECE[4:]


async def _digest(pieces: AsyncIterator[bytes]) -> str:
    hashed = hashlib.sha256()
    async for piece in pieces:
        hashed.update(piece)
    return hashed.hexdigest()


async def test_n20_a15_sixty_four_megabytes_go_up_and_come_down_in_a_few_blocks_of_memory() -> None:
    arguments = ("-m", "sandbox.dataverse", "--open", "--calm")
    simulator = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        assert simulator.stdout is not None
        url = (await simulator.stdout.readline()).decode().rpartition(" ")[2].strip()
        async with connect() as http:
            target = Dataverse(url, AnyToken(), http=http)
            await target.ensure_publisher("bw", 72700)
            await target.create_table(DOCUMENT, solution="")
            await target.create_field("bw_document", Field("bw_file", Kind.FILE, "bw_File", custom=True), solution="")
            table = (await target.tables(["bw_document"]))["bw_document"]
            row_id = str(uuid.uuid4())
            await target.create(table, [{"bw_documentid": row_id, "bw_name": "Scan"}])
            tracemalloc.start()
            done = await target.write_file_column(
                table, row_id, "bw_file", name="scan", content_type="image/tiff", size=SIZE, read=_pieces
            )
            down = await _digest(target.read_file_column(table, row_id, "bw_file"))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    finally:
        simulator.kill()
        await simulator.wait()
    assert done.ok
    assert down == await _digest(_pieces())
    assert peak < MOST, f"{peak / 2**20:.1f} MiB"
