"""The trail against a real blob service: writers side by side, lost answers, full parts and what somebody changed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import BlobServiceClient, LinearRetry

from shared.audit.chain import Broken, verify
from shared.audit.event import APP, STORY, Event, Head
from shared.audit.store import Audit
from shared.errors import AskPerson, TryAgain
from shared.staging import layout
from shared.staging.store import Staging

LANE = "load.base.patients.000"
RETRIES = 3


class Losing(AioHttpTransport):
    """A network on which the answers to some appends are lost on their way back."""

    def __init__(self) -> None:
        super().__init__()
        self.to_lose = 0

    async def send(self, request: Any, **more: Any) -> Any:
        answer = await super().send(request, **more)
        if self.to_lose and "comp=appendblock" in request.url:
            self.to_lose -= 1
            raise ServiceResponseError("the answer was lost")
        return answer


@asynccontextmanager
async def account(azurite: str, network: Losing) -> AsyncIterator[BlobServiceClient]:
    retry = LinearRetry(backoff=0, retry_total=RETRIES, random_jitter_range=0)
    async with BlobServiceClient.from_connection_string(azurite, transport=network, retry_policy=retry) as service:
        yield service


@pytest.fixture
async def service(azurite: str) -> AsyncIterator[BlobServiceClient]:
    staging = Staging.connect(connection=azurite)
    await staging.ensure()
    yield staging.service
    await staging.close()


@pytest.fixture
def run() -> str:
    return "r" + uuid.uuid4().hex[:20]


def event(number: int, mark: str = "", **facts: Any) -> Event:
    return Event("batch-loaded", APP, {"created": number, **({"mark": mark} if mark else {}), **facts})


async def lines(audit: Audit, run: str, chain: str = STORY) -> list[bytes]:
    return [one async for one in audit.each(run, chain)]


async def counts(audit: Audit, run: str, chain: str = STORY) -> list[int]:
    found = await lines(audit, run, chain)
    assert verify(chain, found)[1] is None
    return [orjson.loads(one)["facts"]["created"] for one in found]


async def test_r143_events_come_back_in_their_order_and_the_chain_is_sound(service: BlobServiceClient, run: str):
    audit = Audit(service)
    assert await audit.head(run) == Head()
    assert await audit.chains(run) == []
    heads = [await audit.add(run, event(number), LANE) for number in range(5)]
    assert [head.n for head in heads] == [1, 2, 3, 4, 5]
    assert await counts(audit, run, LANE) == [0, 1, 2, 3, 4]
    assert await audit.head(run, LANE) == heads[-1]
    await audit.add(run, event(9))
    assert await audit.chains(run) == [LANE, STORY]


async def test_r143_concurrent_writers_of_the_story_all_get_in(service: BlobServiceClient, run: str):
    processes = [Audit(service) for _ in range(4)]
    await asyncio.gather(*(one.add(run, event(10 * p + n)) for n in range(6) for p, one in enumerate(processes)))
    assert sorted(await counts(processes[0], run)) == sorted(10 * p + n for n in range(6) for p in range(4))


async def test_r143_a_memory_that_is_out_of_date_costs_another_writer_nothing(service: BlobServiceClient, run: str):
    one, other = Audit(service), Audit(service)
    for number in range(0, 8, 2):
        await one.add(run, event(number))
        await other.add(run, event(number + 1))
    assert await counts(one, run) == list(range(8))


@pytest.mark.parametrize("times", [1, 2])
async def test_r143_an_append_whose_answer_was_lost_is_not_doubled(azurite: str, run: str, times: int):
    network = Losing()
    async with account(azurite, network) as service:
        audit = Audit(service)
        for number in range(6):
            network.to_lose = times if number in (0, 3) else 0  # the library itself asks again
            await audit.add(run, event(number))
        assert await counts(audit, run) == [0, 1, 2, 3, 4, 5]


async def test_r143_when_no_answer_comes_at_all_the_repeat_finds_the_event(
    azurite: str, service: BlobServiceClient, run: str
):
    network = Losing()
    async with account(azurite, network) as bad:
        audit = Audit(bad)
        await audit.add(run, event(1, mark="p/1"), LANE)
        network.to_lose = 1 + RETRIES
        with pytest.raises(TryAgain):
            await audit.add(run, event(2, mark="p/2"), LANE)
        await audit.add(run, event(2, mark="p/2"), LANE)
    assert await counts(Audit(service), run, LANE) == [1, 2]


async def test_r143_a_death_between_append_and_progress_does_not_double_the_event(service: BlobServiceClient, run: str):
    await Audit(service).add(run, event(1, mark="p/1"), LANE)
    for audit in (Audit(service), Audit(service)):  # processes that know nothing of the first
        again = await audit.add(run, event(1, mark="p/1"), LANE)
        assert again.n == 1
    await audit.add(run, event(2, mark="p/2"), LANE)
    assert await counts(audit, run, LANE) == [1, 2]


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_r143_what_is_told_at_once_is_told_each_once_though_the_answer_is_lost(azurite: str, run: str, lost: int):
    network = Losing()
    async with account(azurite, network) as service:
        audit, some = Audit(service), [event(number, mark=f"p/{number}") for number in range(4)]
        await audit.add(run, event(9))
        network.to_lose = lost
        head = await audit.add_all(run, some[:2])
        assert (head.n, await audit.add_all(run, [])) == (3, head)
        for who in (audit, Audit(service)):  # the second knows nothing of the first
            assert (await who.add_all(run, some)).n == 5
        assert await counts(audit, run) == [9, 0, 1, 2, 3]


async def test_r143_a_repeat_that_ended_otherwise_is_told_too(service: BlobServiceClient, run: str):
    audit = Audit(service)
    await audit.add(run, event(1, mark="p/1"), LANE)
    await audit.add(run, event(3, mark="p/1"), LANE)
    assert await counts(audit, run, LANE) == [1, 3]


async def test_r143_the_same_once_more_after_something_else_is_no_repeat(service: BlobServiceClient, run: str):
    one, other = Audit(service), Audit(service)
    await one.add(run, event(1, mark="phase"))
    await other.add(run, event(2, mark="phase"))
    await one.add(run, event(1, mark="phase"))  # its own memory says otherwise
    await one.add(run, event(1, mark="phase"))
    assert await counts(one, run) == [1, 2, 1]


async def test_r143_events_without_a_mark_are_each_told(service: BlobServiceClient, run: str):
    audit = Audit(service)
    for _ in range(3):
        await audit.add(run, Event("values-read", "function-key", {"created": 0}))
    assert len(await lines(audit, run)) == 3


async def test_r143_a_chain_goes_on_in_a_new_part_when_one_is_full(service: BlobServiceClient, run: str):
    one, other = Audit(service, most_blocks=3), Audit(service, most_blocks=3)
    await asyncio.gather(*(a.add(run, event(n), LANE) for n, a in enumerate([one, other] * 4)))
    assert sorted(await counts(one, run, LANE)) == list(range(8))
    container = service.get_container_client(layout.AUDIT)
    found = [name async for name in container.list_blob_names(name_starts_with=f"{run}/")]
    assert found == [layout.audit_path(run, LANE, part) for part in range(3)]


async def test_r143_a_part_that_was_begun_and_never_written_to_does_no_harm(service: BlobServiceClient, run: str):
    container = service.get_container_client(layout.AUDIT)
    for part in range(2):
        await container.get_blob_client(layout.audit_path(run, LANE, part)).create_append_blob()
        audit = Audit(service, most_blocks=1)
        assert (await audit.head(run, LANE)).n == part
        await audit.add(run, event(part), LANE)
    assert await counts(audit, run, LANE) == [0, 1]


async def test_r143_the_head_is_the_storage_s_and_not_a_process_s_memory(service: BlobServiceClient, run: str):
    one, other = Audit(service), Audit(service)
    await one.add(run, event(1), LANE)
    later = await other.add(run, event(2), LANE)
    assert await one.head(run, LANE) == later


async def test_r143_lines_longer_than_the_stretch_that_is_read_are_read_all_the_same(
    service: BlobServiceClient, run: str
):
    for number in range(3):
        rows = [f"{row:032x}" for row in range(20_000)]
        await Audit(service).add(run, event(number, mark=f"p/{number}", rows=rows), LANE)
    assert await counts(Audit(service), run, LANE) == [0, 1, 2]


async def test_chains_whose_names_begin_alike_are_kept_apart(service: BlobServiceClient, run: str):
    audit = Audit(service)
    await audit.add(run, event(1), "load.a")
    await audit.add(run, event(2), "load.a-b")
    assert await counts(Audit(service), run, "load.a") == [1]
    assert await audit.chains(run) == ["load.a", "load.a-b"]


async def test_r143_a_byte_changed_in_a_blob_is_found_and_named(service: BlobServiceClient, run: str):
    audit = Audit(service)
    for number in range(5):
        await audit.add(run, event(number), LANE)
    blob = service.get_container_client(layout.AUDIT).get_blob_client(layout.audit_path(run, LANE, 0))
    content = await (await blob.download_blob()).readall()
    spoiled = content.replace(b'"created":2', b'"created":7')
    await blob.upload_blob(spoiled, blob_type="AppendBlob", overwrite=True)
    assert verify(LANE, await lines(audit, run, LANE))[1] == Broken(LANE, 3, "altered")


async def test_nothing_is_chained_to_an_end_that_cannot_be_read(service: BlobServiceClient, run: str):
    await Audit(service).add(run, event(1), LANE)
    blob = service.get_container_client(layout.AUDIT).get_blob_client(layout.audit_path(run, LANE, 0))
    await blob.append_block(b"nonsense")
    with pytest.raises(AskPerson) as failure:
        await Audit(service).add(run, event(2), LANE)
    assert failure.value.code == "audit-damaged"


@pytest.mark.parametrize("chain", ["", "../staging", "a/b", "a b"])
async def test_a_chain_cannot_lead_elsewhere(service: BlobServiceClient, run: str, chain: str):
    with pytest.raises(ValueError, match="no such chain"):
        await Audit(service).add(run, event(1), chain)
