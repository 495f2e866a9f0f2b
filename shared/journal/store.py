"""The journal: one table per run in Table Storage, one entity per page, so that dropping the table is the purge.

Row keys sort by wave, lane and page number; the way back reads them in descending order.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any

import orjson
import zstandard
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.journal.entries import Entry, Outcome, Page, PageState
from shared.keys.seal import Seal
from shared.storage_failures import storage_failure

CHUNK = 60_000
"""A Table property holds at most 64 KiB; an entity 1 MiB, so a page may span several properties."""
MOST_CHUNKS = 12
"""Of one entity. The few pages that hold more, before-values of long texts, go on in further entities."""
OF_LANE = "PartitionKey eq @lane and RowKey lt '~'"
"""The pages of a lane, without what further entities hold of them."""


class Journal:
    """One run's journal. Without a ``seal`` it can be counted and dropped, but neither read nor written."""

    def __init__(self, service: TableServiceClient, run: str, seal: Seal | None = None) -> None:
        self._service = service
        self._seal = seal
        self._name = f"journal{run}"
        self._table: TableClient = service.get_table_client(self._name)

    async def ensure(self) -> None:
        """Create the run's table if it is not there."""
        try:
            await self._service.create_table_if_not_exists(self._name)
        except AzureError as error:
            raise storage_failure(error) from error

    async def put(self, page: Page) -> None:
        """Write a page, replacing an earlier state of the same page."""
        try:
            *further, entity = self._entities(page)
            for one in further:  # first, so that whoever finds the page finds all of it
                await self._table.upsert_entity(one, mode=UpdateMode.REPLACE)
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def put_all(self, pages: Sequence[Page]) -> None:
        """Write some small pages of one lane, a hundred at most: all of them or none, in one request."""
        entities = [entity for page in pages for entity in self._entities(page)]
        if not entities:
            return
        try:
            await self._table.submit_transaction([("upsert", one, {"mode": UpdateMode.REPLACE}) for one in entities])
        except AzureError as error:
            raise storage_failure(error) from error

    async def get(self, lane: str, number: int) -> Page | None:
        """One page, or None when it was never intended."""
        try:
            return await self._page(await self._table.get_entity(lane, f"{number:08d}"))
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise storage_failure(error) from error

    async def pages(self, lane: str) -> list[tuple[int, str]]:
        """The numbers and states of a lane's pages, in order, without their entries."""
        try:
            rows = self._table.query_entities(OF_LANE, parameters={"lane": lane}, select=["RowKey", "state"])
            return [(int(row["RowKey"]), str(row["state"])) async for row in rows]
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            raise storage_failure(error) from error

    async def read(self, lane: str) -> list[Page]:
        """Every page of a lane, in order."""
        return [page async for page in self.each(lane)]

    async def each(self, lane: str) -> AsyncIterator[Page]:
        """The pages of a lane, in order, one of them unpacked at a time: a large clinic's do not fit in memory."""
        try:
            async for row in self._table.query_entities(OF_LANE, parameters={"lane": lane}):
                yield await self._page(row)
        except ResourceNotFoundError:
            return
        except AzureError as error:
            raise storage_failure(error) from error

    async def holding(self, lane: str, row: str) -> list[Page]:
        """The pages of a lane that have an entry for a row, in order. Of the others only a few bytes a row are read."""
        wanted = _mark(row)
        found = []
        try:
            rows = self._table.query_entities(OF_LANE, parameters={"lane": lane}, select=["RowKey", "marks"])
            async for one in rows:
                if "marks" not in one or wanted in bytes(one["marks"]):
                    found.append(int(one["RowKey"]))
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            raise storage_failure(error) from error
        pages = [await self.get(lane, number) for number in found]
        return [page for page in pages if page and any(entry.id == row for entry in page.entries)]

    async def pages_with(self, lane: str, rows: Collection[str]) -> list[Page]:
        """The pages of a lane that have an entry for any of these rows, in order."""
        wanted = set(map(_mark, rows))
        found = []
        try:
            some = self._table.query_entities(OF_LANE, parameters={"lane": lane}, select=["RowKey", "marks"])
            async for one in some:
                marks = bytes(one.get("marks", b""))
                if not marks or any(marks[at : at + 4] in wanted for at in range(0, len(marks), 4)):
                    found.append(int(one["RowKey"]))
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            raise storage_failure(error) from error
        pages = [await self.get(lane, number) for number in found]
        return [page for page in pages if page and any(entry.id in rows for entry in page.entries)]

    async def lanes(self) -> list[tuple[int, str, str, int]]:
        """Every lane with its wave, table and number of pages; empty where nothing was ever intended."""
        found: dict[str, tuple[int, str, int]] = {}
        try:
            rows = self._table.query_entities(
                "RowKey ge '0' and RowKey lt '~'", select=["PartitionKey", "wave", "table"]
            )
            async for row in rows:
                lane = str(row["PartitionKey"])
                found[lane] = (int(row["wave"]), str(row["table"]), found.get(lane, (0, "", 0))[2] + 1)
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            raise storage_failure(error) from error
        return [(wave, lane, table, count) for lane, (wave, table, count) in sorted(found.items())]

    async def drop(self) -> None:
        """Delete the run's table: the purge."""
        try:
            await self._service.delete_table(self._name)
        except AzureError as error:
            raise storage_failure(error) from error

    def _entities(self, page: Page) -> list[dict[str, Any]]:
        """What a page is kept in: further entities, where one does not hold it, and the page's own."""
        body = [[entry.id, entry.before, entry.version] for entry in page.entries]
        sealed = self._sealed.close(_packed(body), about=f"{page.lane}/{page.number}")
        chunks = [sealed[start : start + CHUNK] for start in range(0, len(sealed), CHUNK)]
        own, *further = [chunks[start : start + MOST_CHUNKS] for start in range(0, len(chunks), MOST_CHUNKS)]
        outcome = page.outcome
        entity = {
            "PartitionKey": page.lane,
            "RowKey": f"{page.number:08d}",
            "wave": page.wave,
            "table": page.table,
            "state": page.state.value,
            "rows": len(page.entries),
            "shard": page.shard,
            "marks": _marks(entry.id for entry in page.entries),
            **({"outcome": _packed([outcome.turn, outcome.counts, outcome.held])} if outcome else {}),
            "further": len(further),
            **_named(own),
        }
        names = (_further(page.number, place) for place in range(1, len(further) + 1))
        others = zip(names, further, strict=True)
        return [*({"PartitionKey": page.lane, "RowKey": name, **_named(some)} for name, some in others), entity]

    async def _page(self, row: TableEntity) -> Page:
        at, lane, number = row.metadata.get("timestamp"), str(row["PartitionKey"]), int(row["RowKey"])
        further = range(1, int(row.get("further", 0)) + 1)
        rows = [row, *[await self._table.get_entity(lane, _further(number, place)) for place in further]]
        sealed = b"".join(bytes(one[name]) for one in rows for name in sorted(one) if name.startswith("entries"))
        body = _unpacked(self._sealed.open(sealed, about=f"{lane}/{number}"))
        return Page(
            wave=int(row["wave"]),
            table=str(row["table"]),
            lane=lane,
            number=number,
            state=PageState(row["state"]),
            entries=tuple(Entry(id_, before, version) for id_, before, version in body),
            shard=str(row.get("shard", "")),
            at=at.isoformat(timespec="seconds") if at else "",
            outcome=_outcome(bytes(row["outcome"])) if "outcome" in row else None,
        )

    @property
    def _sealed(self) -> Seal:
        assert self._seal is not None, "this journal was opened to be counted and dropped"
        return self._seal


def _named(chunks: Sequence[bytes]) -> dict[str, bytes]:
    return {f"entries{index:02d}": chunk for index, chunk in enumerate(chunks)}


def _further(number: int, place: int) -> str:
    """The row key of a further entity of a page: behind all pages."""
    return f"~{number:08d}-{place:02d}"


def _packed(body: Any) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(orjson.dumps(body))


def _unpacked(packed: bytes) -> Any:
    return orjson.loads(zstandard.ZstdDecompressor().decompress(packed))


def _outcome(packed: bytes) -> Outcome:
    turn, counts, held = _unpacked(packed)
    return Outcome(turn, counts, tuple((id_, why) for id_, why in held))


def _marks(rows: Iterable[str]) -> bytes:
    """What a page is found by without being read: four bytes a row. Two rows may share them, or make them between them;
    then a page is read in vain."""
    return b"".join(map(_mark, rows))


def _mark(row: str) -> bytes:
    return zlib.crc32(row.encode()).to_bytes(4, "big")
