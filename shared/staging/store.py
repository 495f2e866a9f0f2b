"""Blob storage: what a run stages and publishes, and what customers put in. DOOR

A shard is never read without proof that it is what was written. Writing the same content again changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobServiceClient, ExponentialRetry

from shared.delta.snapshot import Snapshot
from shared.errors import Stop
from shared.staging import layout, pages
from shared.storage_calls import PLAIN
from shared.storage_failures import as_failures
from shared.vocabulary import Address

_LARGEST_SINGLE_PUT, _BLOCK = 32 << 20, 1 << 20
"""Bytes that go whole, so that two who write the same name leave what one of them wrote; and of the pieces in which
more goes, and what is read from a file: the library holds each of them in memory."""
_DELETES_AT_A_TIME = 16


class Staging:
    """One storage account's containers. Everything but what customers put in is named by ``layout``."""

    def __init__(self, service: BlobServiceClient, containers: Sequence[str] = layout.CONTAINERS) -> None:
        self._service = service
        self._containers = tuple(containers)

    @classmethod
    def connect(
        cls,
        *,
        connection: str = "",
        account: str = "",
        credential: AsyncTokenCredential | None = None,
        retries: int = 3,
    ) -> Staging:
        """By connection string where there is one, else by identity. Opens nothing yet."""
        # The library's own first pause is 15 seconds; an activity should answer long before the second.
        retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=retries, random_jitter_range=1)
        sizes = {"max_single_put_size": _LARGEST_SINGLE_PUT, "max_block_size": _BLOCK}
        settings: dict[str, Any] = {"retry_policy": retry, **sizes, **PLAIN}
        if connection:
            return cls(BlobServiceClient.from_connection_string(connection, **settings))
        address = f"https://{account}.blob.core.windows.net"
        return cls(BlobServiceClient(address, credential=credential, **settings))

    @property
    def service(self) -> BlobServiceClient:
        """The account, for the other doors that lead to it."""
        return self._service

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def ensure(self) -> None:
        """Create the containers that are missing. An app that may not create them is fine where they all exist."""
        with as_failures():
            for name in self._containers:
                container = self._service.get_container_client(name)
                if await container.exists():
                    continue
                try:
                    await container.create_container()
                except ResourceExistsError:
                    continue

    # What a run stages

    async def write_shard(
        self, run: str, object: str, generation: str, number: int, records: Sequence[dict[str, Any]]
    ) -> Address:
        """Stage records. Millions of them pass through here, a shard at a time.

        First the index of their ids and sums, so that whoever finds the shard finds its index too.
        """
        content, ids = await asyncio.to_thread(_packed, records)
        path = layout.shard_path(run, object, generation, number)
        await self._write(layout.STAGING, layout.ids_path(path), ids)
        return await self._write(layout.STAGING, path, content, count=len(records))

    async def read_shard(self, address: Address) -> pages.Records:
        """The records of a shard. Raises Stop when it is not what was written."""
        content = await self._read(layout.STAGING, address.path)
        try:
            return await asyncio.to_thread(_proved, content, address)
        except pages.Damaged:
            raise Stop(
                "staged-shard-damaged",
                f"The staged shard {address.path} is not what was written.",
                remedy="Somebody or something changed it. Start a new run; this one can still be rolled back.",
            ) from None

    async def read_lines(self, path: str) -> pages.Records:
        """The records of a shard that need not be in force, whatever its digest. Raises Stop for what is no shard."""
        content = await self._read(layout.STAGING, path)
        try:
            return await asyncio.to_thread(pages.decode, content)
        except pages.Damaged:
            raise Stop("staged-shard-damaged", f"The staged shard {path} is not what was written.") from None

    async def may_hold(self, address: Address, source_id: str) -> bool:
        """Whether a shard may have a record of that id: sure only where the answer is no. Reads sixteen bytes a
        record; nothing in them names anyone."""
        packed = await self.find_bytes(layout.ids_path(address.path))
        return packed is None or source_id in Snapshot.read(packed)  # None: staged before there were indexes

    async def snapshot(self, address: Address, *, path: str = "") -> Snapshot:
        """Which records a shard has, and the sums of what they say; as it was first staged under ``path``, where
        another has taken its place since."""
        packed = await self.find_bytes(layout.ids_path(path or address.path))
        return Snapshot.of(await self.read_shard(address)) if packed is None else Snapshot.read(packed)

    async def write_bytes(self, path: str, content: bytes) -> Address:
        """Stage something that is neither records nor a document, under a path of the run's own."""
        return await self._write(layout.STAGING, path, content)

    async def read_bytes(self, path: str | Address) -> bytes:
        """What ``write_bytes`` staged. With an Address, its digest is checked."""
        return await self._checked(layout.STAGING, path)

    async def find_bytes(self, path: str) -> bytes | None:
        """What ``write_bytes`` staged, or None when nothing is there."""
        with as_failures():
            try:
                download = await self._blob(layout.STAGING, layout.sound_path(path)).download_blob(max_concurrency=2)
                return await download.readall()
            except ResourceNotFoundError:
                return None

    async def staged(self, run: str) -> list[str]:
        """The paths of everything that is staged for a run."""
        return await self._staged(run)

    async def drop(self, path: str) -> None:
        """Delete something staged. Gone already is as good."""
        with as_failures():
            await _gone(self._blob(layout.STAGING, layout.sound_path(path)))

    # What a run publishes

    async def write_document(self, run: str, name: str, document: dict[str, Any], sequence: int) -> Address:
        """Publish one version of a document."""
        path = layout.document_path(run, name, sequence)
        return await self._write(layout.REPORTS, path, orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))

    async def replace_document(self, path: str, document: dict[str, Any]) -> None:
        """Put other words into a published document: somebody has to be forgotten."""
        await self._write(layout.REPORTS, path, orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))

    async def read_document(self, path: str | Address) -> dict[str, Any]:
        """A published document. With an Address, its digest is checked."""
        document: dict[str, Any] = orjson.loads(await self._checked(layout.REPORTS, path))
        return document

    # What customers put in

    async def inbox_exists(self, path: str) -> bool:
        """Whether there is a blob of that name in ``inbox``. Raises Stop for what cannot be one."""
        with as_failures():
            return await self._blob(layout.INBOX, layout.inbox_path(path)).exists()

    async def download_to(self, path: str, file: BinaryIO, *, most: int) -> Address:
        """Copy a blob out of ``inbox`` into a local file, a few megabytes in memory at a time.

        Raises Stop when it is missing or larger than ``most`` bytes. A blob that changes meanwhile ends in TryAgain.
        """
        digest, size = hashlib.sha256(), 0
        with as_failures():
            try:
                download = await self._blob(layout.INBOX, layout.inbox_path(path)).download_blob(max_concurrency=2)
            except ResourceNotFoundError:
                raise Stop("bundle-missing", "There is no such blob in the container 'inbox'.") from None
            if download.size > most:
                raise Stop("bundle-too-large", f"The bundle has {download.size} bytes; the limit is {most}.")
            async for chunk in download.chunks():
                size += len(chunk)
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        file.flush()
        return Address(path, digest.hexdigest(), size)

    async def count_staged(self, run: str) -> int:
        """How many blobs are staged for a run."""
        return len(await self._staged(run))

    async def delete_staged(self, run: str) -> int:
        """Delete everything that was staged for a run. What it published stays. Answers how many blobs there were."""
        found, container = await self._staged(run), self._service.get_container_client(layout.STAGING)
        with as_failures():
            for start in range(0, len(found), _DELETES_AT_A_TIME):
                part = found[start : start + _DELETES_AT_A_TIME]
                await asyncio.gather(*(_gone(container.get_blob_client(path)) for path in part))
        return len(found)

    async def _staged(self, run: str) -> list[str]:
        container = self._service.get_container_client(layout.STAGING)
        with as_failures():
            return [name async for name in container.list_blob_names(name_starts_with=layout.run_prefix(run))]

    # The containers themselves

    def _blob(self, container: str, path: str) -> BlobClient:
        return self._service.get_blob_client(container, path)

    async def _write(self, container: str, path: str, content: bytes, *, count: int = 0) -> Address:
        with as_failures():
            blob = self._blob(container, layout.sound_path(path))
            await blob.upload_blob(content, length=len(content), overwrite=True)
        return Address(path, pages.digest(content), len(content), count)

    async def _read(self, container: str, path: str) -> bytes:
        with as_failures():
            try:
                download = await self._blob(container, layout.sound_path(path)).download_blob(max_concurrency=2)
                return await download.readall()
            except ResourceNotFoundError:
                raise Stop("staged-blob-missing", f"{path} is not in the container '{container}' any more.") from None

    async def _checked(self, container: str, path: str | Address) -> bytes:
        content = await self._read(container, path if isinstance(path, str) else path.path)
        if isinstance(path, Address) and pages.digest(content) != path.sha256:
            raise Stop("staged-blob-damaged", f"{path.path} in '{container}' is not what was written.")
        return content


def _packed(records: Sequence[dict[str, Any]]) -> tuple[bytes, bytes]:
    """A shard's bytes, and those of its index."""
    return pages.encode(records), Snapshot.of(records).packed()


def _proved(content: bytes, address: Address) -> pages.Records:
    if pages.digest(content) != address.sha256:
        raise pages.Damaged("another digest")
    return pages.decode(content)


async def _gone(blob: BlobClient) -> None:
    try:
        await blob.delete_blob()
    except ResourceNotFoundError:
        return
