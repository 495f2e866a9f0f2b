"""The runs table, row by row. DOOR"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.storage_failures import storage_failure

TABLE = "runs"


class Rows:
    """The table, and the four ways that everything in it is read and written."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._table: TableClient = service.get_table_client(TABLE)

    async def ensure(self) -> None:
        """Create the table if it is not there."""
        try:
            await self._service.create_table_if_not_exists(TABLE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def _insert(self, entity: dict[str, Any]) -> bool:
        try:
            await self._table.create_entity(entity)
        except ResourceExistsError:
            return False
        except (AzureError, AttributeError) as error:  # the latter when an answer broke off: the library looks into it
            raise storage_failure(error) from error
        return True

    async def _merge(self, entity: dict[str, Any]) -> None:
        try:
            await self._table.upsert_entity(entity, mode=UpdateMode.MERGE)
        except AzureError as error:
            raise storage_failure(error) from error

    async def _get(self, partition: str, row: str) -> dict[str, Any] | None:
        try:
            return dict(await self._table.get_entity(partition, row))
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise storage_failure(error) from error

    async def _list(self, partition: str, prefix: str = "", *, until: str = "") -> AsyncIterator[dict[str, Any]]:
        query = "PartitionKey eq @partition"
        if prefix:
            query += " and RowKey ge @low and RowKey lt @high"
        try:
            rows = self._table.query_entities(
                query, parameters={"partition": partition, "low": prefix, "high": (until or prefix) + "~"}
            )
            async for row in rows:
                yield dict(row)
        except AzureError as error:
            raise storage_failure(error) from error
