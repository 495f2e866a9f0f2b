"""Receipts in Table Storage, one partition a run, one row for each row that has a file. DOOR"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.attachments.receipts import Receipt, ReceiptState
from shared.storage_failures import storage_failure

TABLE = "receipts"
SIDE_BY_SIDE = 20
MOST_IN_TRANSACTION = 100
"""Of Table Storage, all in one partition."""


class Receipts:
    """Every run's receipts."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._table = service.get_table_client(TABLE)

    async def ensure(self) -> None:
        """Create the table if it is not there."""
        try:
            await self._service.create_table_if_not_exists(TABLE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def put(self, run: str, receipt: Receipt) -> None:
        """Write a receipt, replacing an earlier state of it; ``at`` says when."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entity = {"PartitionKey": run, "RowKey": receipt.row, **asdict(receipt), "at": at}
        try:
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def get(self, run: str, row: str) -> Receipt | None:
        """The receipt of a row's file, or None."""
        try:
            return _receipt(dict(await self._table.get_entity(run, row)))
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise storage_failure(error) from error

    async def of_rows(self, run: str, rows: Iterable[str]) -> dict[str, Receipt]:
        """The receipts of those rows that have one, a few asked for at a time."""
        gate = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(row: str) -> Receipt | None:
            async with gate:
                return await self.get(run, row)

        found = await asyncio.gather(*(one(row) for row in set(rows)))
        return {receipt.row: receipt for receipt in found if receipt is not None}

    async def each(self, run: str, *, after: str = "") -> AsyncIterator[Receipt]:
        """Every receipt of a run in the order of rows, from behind the row ``after`` on."""
        rule = "PartitionKey eq @run and RowKey gt @after"
        try:
            async for row in self._table.query_entities(rule, parameters={"run": run, "after": after}):
                yield _receipt(dict(row))
        except AzureError as error:
            raise storage_failure(error) from error

    async def count(self, run: str) -> int:
        """How many there are of a run."""
        return len(await self._keys(run))

    async def drop(self, run: str) -> None:
        """Delete a run's receipts."""
        keys = await self._keys(run)
        for start in range(0, len(keys), MOST_IN_TRANSACTION):
            try:
                await self._table.submit_transaction(
                    [("delete", key) for key in keys[start : start + MOST_IN_TRANSACTION]]
                )
            except AzureError as error:
                raise storage_failure(error) from error

    async def _keys(self, run: str) -> list[dict[str, Any]]:
        rows = self._table.query_entities(
            "PartitionKey eq @run", parameters={"run": run}, select=["PartitionKey", "RowKey"]
        )
        try:
            return [dict(row) async for row in rows]
        except AzureError as error:
            raise storage_failure(error) from error


def _receipt(row: dict[str, Any]) -> Receipt:
    fields = {name: row[name] for name in Receipt.__dataclass_fields__ if name in row}
    return Receipt(**{**fields, "state": ReceiptState(row["state"]), "size": int(row["size"])})
