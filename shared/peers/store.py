"""Who else asks an environment as the same users: a row in Table Storage for each process, renewed while it asks. DOOR

No row says when it is from: storage's own times are compared, so that nobody's clock matters.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.dataverse.portion import Peers
from shared.storage_failures import storage_failure

TABLE = "peers"
_SWEPT = timedelta(hours=1)


class Presence:
    """This process among those that ask ``environment`` as ``users`` (any names of theirs that all processes know)."""

    def __init__(self, service: TableServiceClient, environment: str, users: Iterable[str]) -> None:
        self._service = service
        self._table: TableClient | None = None
        self._whom = hashlib.sha256("\n".join([environment.lower(), *users]).encode()).hexdigest()
        self._me = uuid.uuid4().hex
        self._began, self._renewed = 0.0, float("-inf")

    async def renew(self, *, within: float) -> Peers:
        """Be here for another while, and see who else is; TryAgain when storage does not answer. Who was not renewed
        ``within`` so many seconds is taken to have ended, or to ask nothing."""
        now = time.monotonic()
        joined = now - self._renewed > within
        if joined:
            self._began = now
        try:
            table = await self._opened()
            row = {"PartitionKey": self._whom, "RowKey": self._me, "seconds": now - self._began}
            await table.upsert_entity(row, mode=UpdateMode.REPLACE)
            self._renewed = now
            found = table.query_entities("PartitionKey eq @whom", parameters={"whom": self._whom})
            seen = {str(one["RowKey"]): (float(one["seconds"]), _renewed(one)) async for one in found}
            present = seen[self._me][1]
            for name in [name for name, (_, at) in seen.items() if present - at > _SWEPT]:
                await table.delete_entity(self._whom, name)
        except (AzureError, AttributeError) as error:  # the latter when an answer broke off: the library looks into it
            raise storage_failure(error) from error
        silent = {name: (present - at).total_seconds() for name, (_, at) in seen.items()}
        here = [seconds + silent[name] for name, (seconds, _) in seen.items() if silent[name] <= within]
        return Peers(len(here), joined=joined, ahead=max(here) - (now - self._began))

    async def _opened(self) -> TableClient:
        if self._table is None:
            self._table = await self._service.create_table_if_not_exists(TABLE)
        return self._table


def _renewed(row: TableEntity) -> datetime:
    """When a row was last written, by storage's clock."""
    at = row.metadata["timestamp"]
    assert at is not None  # the service writes it with every row
    return at
