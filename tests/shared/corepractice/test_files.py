"""Both doors give the same bytes for an attachment, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256

from sandbox.corepractice.app import RunningServer
from sandbox.faults import Fault
from shared.corepractice.bundle import BundleSource
from shared.corepractice.client import ApiSource
from shared.corepractice.source import Record
from tests.shared.corepractice.reading import all_of

ReadAll = Callable[..., Awaitable[list[Record]]]


async def test_both_doors_give_every_file_of_the_practice(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll
) -> None:
    checked = 0
    for record in (await read_all(api, "attachments"))[:40]:
        from_api = await all_of(api, record["file_id"])
        assert await all_of(bundle, record["file_id"]) == from_api
        if from_api is not None:
            assert (len(from_api), sha256(from_api).hexdigest()) == (record["size"], record["sha256"])
            checked += 1
    assert checked > 5
    assert await all_of(api, "no-such") is None
    assert await all_of(bundle, "no-such") is None


async def test_a_file_says_how_long_it_is_before_its_bytes_come(
    api: ApiSource, bundle: BundleSource, read_all: ReadAll
) -> None:
    found = await read_all(api, "attachments")
    record = [record for record in found[:20] if await all_of(api, record["file_id"])][0]  # noqa: RUF015 - async
    async with api.open_file(record["file_id"]) as opened:
        assert opened is not None
        assert (opened.size, opened.content_type) == (record["size"], record["content_type"])
        assert opened.version
    async with bundle.open_file(record["file_id"]) as opened:
        assert opened is not None
        assert (opened.size, opened.content_type) == (record["size"], None)


async def test_the_towns_faults_cost_no_byte(server: RunningServer, api: ApiSource, read_all: ReadAll) -> None:
    records = (await read_all(api, "attachments"))[:12]
    sound = [await all_of(api, record["file_id"]) for record in records]
    server.faults.add([Fault("drop", every=3), Fault("throttle", every=4, retry_after="0.01")])
    assert [await all_of(api, record["file_id"]) for record in records] == sound
