"""How far a run's work has come: its lanes, its shards, and the records that could not go. DOOR"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from azure.core.exceptions import AzureError

from shared.runs.model import LaneProgress
from shared.runs.rows import Rows
from shared.storage_failures import storage_failure
from shared.vocabulary import Address, Tally


class Work(Rows):
    """That part of the runs table."""

    async def lane(self, run: str, step: str, generation: str, object_: str, lane: int) -> LaneProgress:
        """How far a lane has come; a fresh one where there is none yet."""
        row = await self._get(run, _lane_key(step, generation, object_, lane))
        return lane_of(row) if row else LaneProgress(step, generation, object_, lane)

    async def put_lane(self, run: str, lane: LaneProgress) -> None:
        """Write down how far a lane has come."""
        row = {"PartitionKey": run, "RowKey": _lane_key(lane.step, lane.generation, lane.object, lane.lane)}
        await self._merge(row | {"lane": orjson.dumps(asdict(lane)).decode()})

    async def lanes(self, run: str, step: str = "", generation: str = "") -> list[LaneProgress]:
        """Every lane of a run, or of one step (and one generation) of it."""
        prefix = "lane|" + (f"{step}|" if step else "") + (f"{generation}|" if generation else "")
        return [lane_of(row) async for row in self._list(run, prefix)]

    async def put_shard(self, run: str, object_: str, generation: str, number: int, address: Address) -> None:
        """Record where a shard is."""
        row = {"PartitionKey": run, "RowKey": f"shard|{generation}|{object_}|{number:06d}"}
        await self._merge(row | asdict(address))

    async def shards(self, run: str, generation: str, object_: str) -> list[Address]:
        """The shards of one object in one generation, in the order of extraction."""
        return [address for _, address in await self.numbered_shards(run, generation, object_)]

    async def numbered_shards(self, run: str, generation: str, object_: str) -> list[tuple[int, Address]]:
        """The same, each with its number."""
        rows = [row async for row in self._list(run, f"shard|{generation}|{object_}|")]
        return [
            (
                int(row["RowKey"].rpartition("|")[2]),
                Address(row["path"], row["sha256"], int(row["size"]), int(row["count"])),
            )
            for row in rows
        ]

    async def all_shards(self, run: str) -> dict[str, tuple[str, str, int]]:
        """Of every shard that is in force, by its path: the generation, the object and the number it is known by."""
        found = {}
        async for row in self._list(run, "shard|"):
            _, generation, object_, number = str(row["RowKey"]).split("|")
            found[str(row["path"])] = (generation, object_, int(number))
        return found

    async def shard_counts(self, run: str, generation: str) -> dict[str, int]:
        """How many shards each object has in one generation."""
        counts: dict[str, int] = {}
        async for row in self._list(run, f"shard|{generation}|"):
            name = str(row["RowKey"]).split("|")[2]
            counts[name] = counts.get(name, 0) + 1
        return counts

    async def in_deltas(self, run: str) -> set[str]:
        """The objects that a delta has staged anything of."""
        return {str(row["RowKey"]).split("|")[2] async for row in self._list(run, "shard|delta-")}

    async def put_asides(self, run: str, object_: str, asides: Mapping[str, tuple[str, str]]) -> None:
        """Record which records could not go: source id to reason and column."""
        for source_id, (reason, column) in asides.items():
            key = _aside_key(object_, source_id)
            row = {"PartitionKey": run, "RowKey": key, "id": source_id, "reason": reason, "column": column}
            await self._merge(row)

    async def asides(self, run: str, object_: str) -> dict[str, str]:
        """The records of an object that could not go, with the reason."""
        return {str(row["id"]): str(row["reason"]) async for row in self._list(run, f"aside|{object_}|")}

    async def each_aside(self, run: str, object_: str) -> AsyncIterator[tuple[str, str, str]]:
        """The same one by one: source id, reason and column."""
        async for row in self._list(run, f"aside|{object_}|"):
            yield str(row["id"]), str(row["reason"]), str(row.get("column") or "")

    async def all_asides(self, run: str) -> AsyncIterator[dict[str, str]]:
        """The same one by one, of whatever object."""
        async for row in self._list(run, "aside|"):
            object_ = str(row["RowKey"]).split("|")[1]
            yield {"object": object_, **{name: str(row.get(name) or "") for name in ("id", "reason", "column")}}

    async def aside(self, run: str, object_: str, source_id: str) -> str | None:
        """Why one record could not go, or None."""
        found = await self.aside_of(run, object_, source_id)
        return found[0] if found else None

    async def aside_of(self, run: str, object_: str, source_id: str) -> tuple[str, str] | None:
        """The same with the columns that it is about."""
        row = await self._get(run, _aside_key(object_, source_id))
        return (str(row["reason"]), str(row.get("column") or "")) if row else None

    async def drop_aside(self, run: str, object_: str, source_id: str) -> None:
        """There is nothing to be said about a record any more."""
        try:
            await self._table.delete_entity(run, _aside_key(object_, source_id))
        except AzureError as error:
            raise storage_failure(error) from error


def lane_of(row: Mapping[str, Any]) -> LaneProgress:
    stored = orjson.loads(row["lane"])
    return LaneProgress(**{**stored, "tally": Tally(**stored["tally"])})


def _lane_key(step: str, generation: str, object_: str, lane: int) -> str:
    return f"lane|{step}|{generation}|{object_}|{lane:03d}"


def _aside_key(object_: str, source_id: str) -> str:
    """Source ids may hold what a Table key may not."""
    return f"aside|{object_}|{hashlib.sha256(source_id.encode()).hexdigest()[:32]}"
