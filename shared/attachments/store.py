"""Receipts in Table Storage, one partition a run. DOOR"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.attachments.receipts import Receipt, ReceiptState
from shared.storage_failures import storage_failure

TABLE = "receipts"


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
        """Write a receipt, replacing an earlier state of it."""
        entity = {"PartitionKey": run, "RowKey": _key(receipt.attachment), **asdict(receipt)}
        try:
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def get(self, run: str, attachment: str) -> Receipt | None:
        """The receipt of an attachment, or None."""
        try:
            return _receipt(dict(await self._table.get_entity(run, _key(attachment))))
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise storage_failure(error) from error

    async def each(self, run: str, *, after: str = "") -> AsyncIterator[tuple[str, Receipt]]:
        """Every receipt of a run with its key, in the order of keys, from behind ``after`` on."""
        rule = "PartitionKey eq @run and RowKey gt @after"
        try:
            async for row in self._table.query_entities(rule, parameters={"run": run, "after": after}):
                yield str(row["RowKey"]), _receipt(dict(row))
        except AzureError as error:
            raise storage_failure(error) from error


def _key(attachment: str) -> str:
    """A digest: a source's ids may hold characters that keys may not."""
    return hashlib.sha256(attachment.encode()).hexdigest()[:40]


def _receipt(row: dict[str, Any]) -> Receipt:
    fields = {name: row[name] for name in Receipt.__dataclass_fields__ if name in row}
    return Receipt(**{**fields, "state": ReceiptState(row["state"]), "size": int(row["size"])})
