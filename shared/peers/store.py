"""Where the processes meet that ask an environment as the same users: a row in Table Storage for each, renewed while it
asks. DOOR

No row says when it is from: storage's own times are compared, so that nobody's clock matters.
"""

from __future__ import annotations

import hashlib
import math
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import orjson
from azure.core.exceptions import AzureError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.dataverse.portion import Claim, Peers
from shared.storage_failures import storage_failure

TABLE = "peers"
_SWEPT = 3600.0
"""Seconds of silence after which a row is deleted."""


class Presence:
    """This process among those that ask ``environment`` as ``users`` (any names of theirs that all processes know)."""

    def __init__(self, service: TableServiceClient, environment: str, users: Iterable[str]) -> None:
        self._service = service
        self._table: TableClient | None = None
        self._whom = hashlib.sha256("\n".join([environment.lower(), *users]).encode()).hexdigest()
        self._me = uuid.uuid4().hex
        self._told_at = -math.inf

    async def meet(self, among: Callable[[Peers], Claim], *, within: float) -> None:
        """Read what the others claim and tell them what ``among`` says to it; TryAgain when storage does not answer.
        Who told nothing ``within`` so many seconds has ended, or asks nothing."""
        try:
            table = await self._opened()
            if joined := time.monotonic() - self._told_at > within:
                await self._tell(table, Claim(0.0, wants=1.0))  # so that of two that come at once, each sees the other
            found = table.query_entities("PartitionKey eq @whom", parameters={"whom": self._whom})
            rows = {str(row["RowKey"]): row async for row in found}
            now = _told(rows.pop(self._me)) + timedelta(seconds=time.monotonic() - self._told_at)
            silent = {name: (now - _told(row)).total_seconds() for name, row in rows.items()}
            others = [_claim(row, silent[name], within) for name, row in rows.items()]
            await self._tell(table, among(Peers(tuple(others), joined)))
            for name in [name for name, seconds in silent.items() if seconds > _SWEPT]:
                await table.delete_entity(self._whom, name)
        except (AzureError, AttributeError) as error:  # the latter when an answer broke off: the library looks into it
            raise storage_failure(error) from error

    async def leave(self) -> None:
        """Claim nothing any more; TryAgain when storage does not answer. Who meets the others after it joins anew."""
        self._told_at = -math.inf
        try:
            await (await self._opened()).delete_entity(self._whom, self._me)
        except (AzureError, AttributeError) as error:
            raise storage_failure(error) from error

    async def _tell(self, table: TableClient, claim: Claim) -> None:
        spent = orjson.dumps(claim.spent).decode()
        row = {"PartitionKey": self._whom, "RowKey": self._me, "share": claim.share, "wants": claim.wants}
        await table.upsert_entity({**row, "spent": spent}, mode=UpdateMode.REPLACE)
        self._told_at = time.monotonic()

    async def _opened(self) -> TableClient:
        if self._table is None:
            self._table = await self._service.create_table_if_not_exists(TABLE)
        return self._table


def _claim(row: TableEntity, silent: float, within: float) -> Claim:
    spent = tuple(orjson.loads(row["spent"]))
    return Claim(float(row["share"]), float(row["wants"]), spent, silent=silent if silent > within else 0.0)


def _told(row: TableEntity) -> datetime:
    """When a row was last written, by storage's clock."""
    at = row.metadata["timestamp"]
    assert at is not None  # the service writes it with every row
    return at
