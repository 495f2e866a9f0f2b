"""The store against a real blob service."""

from __future__ import annotations

import io
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from azure.storage.blob.aio import BlobServiceClient

from shared.errors import AskPerson, Stop, TryAgain
from shared.staging import layout
from shared.staging.store import Staging
from shared.storage_failures import storage_failure

RECORDS = [{"id": f"p-{number}", "first_name": "Zoë", "active": True, "number": number} for number in range(500)]


@pytest.fixture
async def staging(azurite: str) -> AsyncIterator[Staging]:
    store = Staging.connect(connection=azurite)
    await store.ensure()
    yield store
    await store.close()


@pytest.fixture
async def service(azurite: str) -> AsyncIterator[BlobServiceClient]:
    """The account as somebody else sees it."""
    async with BlobServiceClient.from_connection_string(azurite) as client:
        yield client


@pytest.fixture
def run() -> str:
    return f"r{uuid.uuid4().hex}"


async def test_a_shard_comes_back_as_it_was_staged(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 3, RECORDS)
    assert address.path == f"{run}/patients/base/000003.ndjson.zst"
    assert (address.count, address.size < 10_000) == (500, True)
    assert list(await staging.read_shard(address)) == RECORDS


async def test_staging_the_same_again_changes_nothing(staging: Staging, run: str) -> None:
    first = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    assert await staging.write_shard(run, "patients", "base", 0, RECORDS) == first
    assert list(await staging.read_shard(first)) == RECORDS


async def test_a_shard_that_somebody_changed_is_not_read(
    staging: Staging, service: BlobServiceClient, run: str
) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    other = await staging.write_shard(run, "patients", "base", 1, RECORDS[:3])
    for content in (b"", b"nonsense", await staging.read_bytes(other.path)):
        await service.get_blob_client(layout.STAGING, address.path).upload_blob(content, overwrite=True)
        with pytest.raises(Stop) as failure:
            await staging.read_shard(address)
        assert failure.value.code == "staged-shard-damaged"


async def test_a_shard_that_is_gone_is_named(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    with pytest.raises(Stop, match="000009") as failure:
        await staging.read_shard(replace(address, path=address.path.replace("000000", "000009")))
    assert failure.value.code == "staged-blob-missing"


async def test_a_shard_s_index_tells_which_ids_it_may_hold(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    told = [await staging.may_hold(address, f"p-{number}") for number in range(1000)]
    assert told == [number < 500 for number in range(1000)]


async def test_a_shard_s_index_names_nobody_and_takes_sixteen_bytes_a_record(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, [{"id": "Zoe Harbour"}, {"id": "p-2"}])
    content = await staging.read_bytes(layout.ids_path(address.path))
    assert len(content) == 32
    assert b"Harbour" not in content


async def test_a_shard_without_an_index_may_hold_anything(
    staging: Staging, service: BlobServiceClient, run: str
) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    await service.get_blob_client(layout.STAGING, layout.ids_path(address.path)).delete_blob()
    assert await staging.may_hold(address, "nobody")


async def test_staging_the_same_again_gives_the_same_index(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    first = await staging.read_bytes(layout.ids_path(address.path))
    await staging.write_shard(run, "patients", "base", 0, RECORDS)
    assert await staging.read_bytes(layout.ids_path(address.path)) == first


async def test_documents_keep_every_version(staging: Staging, run: str) -> None:
    first = await staging.write_document(run, "mapping", {"rules": 1}, 1)
    second = await staging.write_document(run, "mapping", {"rules": 2}, 2)
    assert await staging.read_document(first.path) == {"rules": 1}
    assert await staging.read_document(second) == {"rules": 2}
    with pytest.raises(Stop) as failure:
        await staging.read_document(replace(first, sha256=second.sha256))
    assert failure.value.code == "staged-blob-damaged"


async def test_bytes_are_kept_under_a_path_of_the_run(staging: Staging, run: str) -> None:
    address = await staging.write_bytes(f"{run}/crosswalk/base/patients", b"\x00\x01")
    assert await staging.read_bytes(address.path) == b"\x00\x01"
    assert await staging.read_bytes(address) == b"\x00\x01"
    with pytest.raises(ValueError, match="staging area"):
        await staging.read_bytes(f"../inbox/{run}")


async def test_a_bundle_is_copied_to_disk(staging: Staging, service: BlobServiceClient, run: str) -> None:
    content = bytes(range(256)) * 40_000  # more than one chunk
    name = f"{run}/Export of Zoë (final).zip"
    await service.get_blob_client(layout.INBOX, name).upload_blob(content)
    assert await staging.inbox_exists(name)
    file = io.BytesIO()
    address = await staging.download_to(name, file, most=len(content))
    assert file.getvalue() == content
    assert (address.path, address.size) == (name, len(content))


async def test_a_bundle_beyond_the_limit_is_not_copied(staging: Staging, service: BlobServiceClient, run: str) -> None:
    await service.get_blob_client(layout.INBOX, f"{run}.zip").upload_blob(b"x" * 1001)
    file = io.BytesIO()
    with pytest.raises(Stop) as failure:
        await staging.download_to(f"{run}.zip", file, most=1000)
    assert failure.value.code == "bundle-too-large"
    assert file.getvalue() == b""


async def test_a_bundle_that_is_not_there_is_missing(staging: Staging, run: str) -> None:
    assert not await staging.inbox_exists(f"{run}.zip")
    with pytest.raises(Stop) as failure:
        await staging.download_to(f"{run}.zip", io.BytesIO(), most=1000)
    assert failure.value.code == "bundle-missing"


async def test_a_bundle_address_cannot_reach_another_container(staging: Staging, run: str) -> None:
    address = await staging.write_shard(run, "patients", "base", 0, RECORDS)
    for path in (f"../staging/{address.path}", f"..%2Fstaging/{address.path}"):
        with pytest.raises(Stop) as failure:
            await staging.inbox_exists(path)
        assert failure.value.code == "bundle-address-invalid"


async def test_what_a_run_staged_is_deleted_and_its_neighbour_is_not(staging: Staging, run: str) -> None:
    other = f"{run}x"
    for number in range(20):
        await staging.write_shard(run, "patients", "base", number, RECORDS[:1])
    document = await staging.write_document(run, "mapping", {}, 1)
    kept = await staging.write_shard(other, "patients", "base", 0, RECORDS)
    assert await staging.count_staged(run) == 40  # each shard has its index beside it
    assert await staging.delete_staged(run) == 40
    assert await staging.count_staged(run) == await staging.delete_staged(run) == 0
    assert await staging.read_document(document.path) == {}
    assert list(await staging.read_shard(kept)) == RECORDS


async def test_containers_that_are_there_already_are_fine(staging: Staging, service: BlobServiceClient) -> None:
    await staging.ensure()
    assert {found.name async for found in service.list_containers()} >= set(layout.CONTAINERS)


async def test_a_refused_key_needs_a_person(azurite: str) -> None:
    parts = dict(part.split("=", 1) for part in azurite.split(";") if part)
    wrong = ";".join(f"{k}={'AAAA' if k == 'AccountKey' else v}" for k, v in parts.items())
    store = Staging.connect(connection=wrong, retries=0)
    try:
        with pytest.raises(AskPerson) as failure:
            await store.ensure()
    finally:
        await store.close()
    assert failure.value.code == "storage-refused"


async def test_a_silent_account_is_tried_again(run: str) -> None:
    connection = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=AAAA;BlobEndpoint=http://127.0.0.1:9/{run};"
    store = Staging.connect(connection=connection, retries=0)
    try:
        with pytest.raises(TryAgain) as failure:
            await store.write_shard(run, "patients", "base", 0, RECORDS)
    finally:
        await store.close()
    assert failure.value.code == "storage-unavailable"


def answered(status: int) -> AzureError:
    error = HttpResponseError("Canary")
    error.status_code = status
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered(401), AskPerson),
        (answered(403), AskPerson),
        (answered(400), Stop),
        (answered(404), Stop),
        (answered(408), TryAgain),
        (answered(409), TryAgain),
        (answered(429), TryAgain),
        (answered(500), TryAgain),
        (answered(503), TryAgain),
        (ServiceRequestError("Canary"), TryAgain),
    ],
)
def test_a_storage_error_says_what_happens_next(error: AzureError, kind: type[Exception]) -> None:
    failure = storage_failure(error)
    assert type(failure) is kind
    assert "Canary" not in failure.message
