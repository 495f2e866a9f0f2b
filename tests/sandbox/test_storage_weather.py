"""Misfortune before the storage emulator: the rest passes as without it; what is struck fails as Azure does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from sandbox.azurite import Azurite
from sandbox.faults import Fault, FaultSchedule
from sandbox.storage_weather import running

Services = tuple[BlobServiceClient, TableServiceClient, FaultSchedule]


@pytest.fixture
async def services(azurite: str) -> AsyncIterator[Services]:
    """Clients that do not try again, with the weather between them and the emulator."""
    urls = dict(part.split("=", 1) for part in azurite.rstrip(";").split(";"))
    plain = Azurite(*(_bare(urls[f"{name}Endpoint"]) for name in ("Blob", "Queue", "Table")), process_id=0)
    schedule = FaultSchedule()
    async with AsyncExitStack() as stack:
        behind = replace(
            plain,
            blob_url=await stack.enter_async_context(running("blob", plain.blob_url, schedule=schedule)),
            table_url=await stack.enter_async_context(running("table", plain.table_url, schedule=schedule)),
        )
        text = behind.connection_string
        blobs = await stack.enter_async_context(BlobServiceClient.from_connection_string(text, retry_total=0))
        tables = await stack.enter_async_context(TableServiceClient.from_connection_string(text, retry_total=0))
        yield blobs, tables, schedule


def _bare(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


async def test_n11_without_a_fault_everything_passes_as_it_is(services: Services):
    blobs, tables, _ = services
    container = await blobs.create_container("through-weather")
    await container.upload_blob("a b/ü%2F.bin", b"\x00\xff" * 70_000)
    assert await (await container.download_blob("a b/ü%2F.bin")).readall() == b"\x00\xff" * 70_000
    found = await container.get_blob_client("a b/ü%2F.bin").get_blob_properties()
    assert found.size == 140_000
    assert not await container.get_blob_client("missing").exists()
    assert [name async for name in container.list_blob_names(results_per_page=1)] == ["a b/ü%2F.bin"]

    table = await tables.create_table("ThroughWeather")
    await table.submit_transaction([("create", {"PartitionKey": "p", "RowKey": f"r {n}", "n": n}) for n in range(9)])
    rows = table.query_entities("n ge 3", results_per_page=2)
    assert [row["n"] async for row in rows] == [3, 4, 5, 6, 7, 8]


async def test_n11_a_struck_request_fails_in_the_words_of_that_service(services: Services):
    blobs, tables, schedule = services
    schedule.add([Fault("error"), Fault("error", status=500)])
    with pytest.raises(HttpResponseError) as refused:
        await blobs.get_service_properties()
    assert (refused.value.status_code, refused.value.error_code) == (503, "ServerBusy")
    with pytest.raises(HttpResponseError) as refused:
        await tables.create_table("Refused")
    assert (refused.value.status_code, refused.value.error_code) == (503, "ServerBusy")


async def test_n11_an_answer_may_be_lost_although_the_row_was_written(services: Services):
    _, tables, schedule = services
    table = await tables.create_table("LostAnswers")
    schedule.add([Fault("drop_after", match="^POST ", at=(1,))])
    with pytest.raises(AzureError):
        await table.create_entity({"PartitionKey": "p", "RowKey": "r", "n": 1})
    assert (await table.get_entity("p", "r"))["n"] == 1
