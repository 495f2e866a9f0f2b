"""Where a pack is made and kept: a temporary file that outgrows memory onto disk, and blobs. DOOR"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NamedTuple

import orjson
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from shared.staging import layout
from shared.storage_failures import as_failures

IN_MEMORY = 1 << 20
"""What a pack may weigh in memory before it goes to the disk."""
PIECE = 1 << 20
"""A piece lies in memory a few times over while it is read, looked at and packed."""


class Part(NamedTuple):
    """One blob of a chain, as large as it was when the blobs were listed."""

    chain: str
    number: int
    path: str
    size: int


class Evidence:
    """The packs of one storage account, in the container ``reports``."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._reports = service.get_container_client(layout.REPORTS)
        self._audit = service.get_container_client(layout.AUDIT)

    @contextmanager
    def spool(self) -> Iterator[IO[bytes]]:
        """A file to make a pack in; nothing of it stays."""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, prefix="bridgework-") as file:
            yield file

    async def parts(self, run: str) -> list[Part]:
        """Everything that the audit trail of a run consists of, chain by chain and in order."""
        prefix, found = layout.run_prefix(run), []
        with as_failures():
            async for blob in self._audit.list_blobs(name_starts_with=prefix):
                named = layout.audit_part(blob.name)
                if named:
                    found.append(Part(*named, blob.name, int(blob.size)))
        return sorted(found)

    async def pieces(self, part: Part) -> AsyncIterator[bytes]:
        """What a part held when it was listed, a megabyte at a time."""
        blob = self._audit.get_blob_client(part.path)
        for start in range(0, part.size, PIECE):
            with as_failures():
                download = await blob.download_blob(offset=start, length=min(PIECE, part.size - start))
                piece = await download.readall()
            yield piece

    async def keep(self, run: str, digest: str, file: IO[bytes]) -> str:
        """Keep a pack under its digest; where. The same pack again changes nothing."""
        path = layout.evidence_path(run, f"{digest}.zip")
        file.seek(0)
        pieces = iter(lambda: file.read(PIECE), b"")  # of a file, the library would read up to 32 MB at once
        with as_failures(), suppress(ResourceExistsError):
            await self._reports.get_blob_client(path).upload_blob(pieces, max_concurrency=1)
        return path

    async def drop_others(self, run: str, path: str) -> int:
        """Delete every pack of a run but the one there; how many there were."""
        prefix, dropped = f"{layout.run_prefix(run)}evidence/", 0
        with as_failures():
            async for name in self._reports.list_blob_names(name_starts_with=prefix):
                if name.endswith(".zip") and name != path:
                    with suppress(ResourceNotFoundError):
                        await self._reports.delete_blob(name)
                    dropped += 1
        return dropped

    async def size(self, path: str) -> int | None:
        """How many bytes a pack has, or None when it is not there."""
        with as_failures():
            try:
                return int((await self._reports.get_blob_client(layout.sound_path(path)).get_blob_properties()).size)
            except ResourceNotFoundError:
                return None

    async def read(self, path: str, *, start: int, length: int) -> bytes:
        """A stretch of a pack."""
        blob = self._reports.get_blob_client(layout.sound_path(path))
        with as_failures():
            return await (await blob.download_blob(offset=start, length=length)).readall()

    async def keep_masked(self, run: str, name: str, sequence: int, body: dict[str, Any]) -> None:
        """Keep the masked form of a document that holds values, for packs that are made when the values are gone."""
        path = layout.evidence_path(run, f"{name}-{sequence}.masked.json")
        with as_failures():
            await self._reports.get_blob_client(path).upload_blob(orjson.dumps(body), overwrite=True)

    async def masked(self, run: str, name: str, sequence: int) -> dict[str, Any] | None:
        """That masked form, or None when nobody kept it."""
        path = layout.evidence_path(run, f"{name}-{sequence}.masked.json")
        with as_failures():
            try:
                found = await (await self._reports.get_blob_client(path).download_blob()).readall()
            except ResourceNotFoundError:
                return None
        body: dict[str, Any] = orjson.loads(found)
        return body
