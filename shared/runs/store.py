"""The runs table: the door behind which each run's request, phase, wishes, decisions and progress are kept.

Partition ``run`` has one row per run; partition ``start`` one per idempotency key; a run's own partition holds its
documents, decisions, lanes, shards and waiters. Phase and wishes live in different columns and are merged, so the
story and the front door never overwrite one another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.runs import parts
from shared.runs.model import Document, LaneProgress, Run
from shared.storage_failures import storage_failure
from shared.vocabulary import Address, Phase, Tally

TABLE = "runs"
AUDIT_KEY_BYTES = 32
MOST_IN_TRANSACTION = 100
"""Of Table Storage, all in one partition."""


class Runs:
    """The runs table of one storage account."""

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

    async def _list(self, partition: str, prefix: str = "") -> AsyncIterator[dict[str, Any]]:
        query = "PartitionKey eq @partition"
        if prefix:
            query += " and RowKey ge @low and RowKey lt @high"
        try:
            rows = self._table.query_entities(
                query, parameters={"partition": partition, "low": prefix, "high": prefix + "~"}
            )
            async for row in rows:
                yield dict(row)
        except AzureError as error:
            raise storage_failure(error) from error

    # Starting

    async def claim_start(self, key: str, *, run: str, body_digest: str) -> tuple[str, str]:
        """Bind an idempotency key to a run and a body. Answers with the run and body digest the key is bound to."""
        row = {"PartitionKey": "start", "RowKey": key, "run": run, "body": body_digest}
        if await self._insert(row):
            return run, body_digest
        first = await self._get("start", key) or row
        return str(first["run"]), str(first["body"])

    async def claimed(self, key: str) -> tuple[str, str] | None:
        """The run and body digest an idempotency key is bound to, or None."""
        row = await self._get("start", key)
        return (str(row["run"]), str(row["body"])) if row else None

    async def register(self, run: str, request: Mapping[str, Any], *, at: str) -> bool:
        """Write a new run down, with a key of its own for the audit trail. False when it was there already."""
        return await self._insert(
            {
                "PartitionKey": "run",
                "RowKey": run,
                "request": orjson.dumps(request).decode(),
                "phase": Phase.REGISTERED.value,
                "registered_at": at,
                "audit_key": secrets.token_hex(AUDIT_KEY_BYTES),
            }
        )

    async def get(self, run: str) -> Run | None:
        """One run, or None."""
        row = await self._get("run", run)
        return _run(row) if row else None

    async def all(self) -> list[Run]:
        """Every run, newest first."""
        runs = [_run(row) async for row in self._list("run")]
        return sorted(runs, key=lambda run: run.registered_at, reverse=True)

    async def note(self, run: str, **columns: str | int | bool) -> None:
        """Merge columns into a run's row. The story and the front door each write their own columns."""
        await self._merge({"PartitionKey": "run", "RowKey": run, **columns})

    # Documents and decisions

    async def put_document(self, run: str, document: Document) -> None:
        """Make a document the current one of its name."""
        row = {"PartitionKey": run, "RowKey": f"document|{document.name}"}
        await self._merge(row | {"path": document.path, "digest": document.digest, "sequence": document.sequence})

    async def document(self, run: str, name: str) -> Document | None:
        """The current document of that name, or None."""
        row = await self._get(run, f"document|{name}")
        return Document(name, row["path"], row["digest"], int(row["sequence"])) if row else None

    async def decide(self, run: str, gate: str, digest: str, decision: Mapping[str, Any]) -> dict[str, Any] | None:
        """Record a decision about a digest, once. Answers with the one already there, or None when this is it."""
        key = f"decision|{gate}|{digest}"
        row = {"PartitionKey": run, "RowKey": key, "decision": orjson.dumps(decision).decode()}
        return None if await self._insert(row) else await self.decision(run, gate, digest)

    async def decision(self, run: str, gate: str, digest: str) -> dict[str, Any] | None:
        """The decision about that digest at that gate, or None."""
        row = await self._get(run, f"decision|{gate}|{digest}")
        return orjson.loads(row["decision"]) if row else None

    async def documents(self, run: str) -> list[Document]:
        """The current document of every name."""
        rows = [row async for row in self._list(run, "document|")]
        return [
            Document(row["RowKey"].partition("|")[2], row["path"], row["digest"], int(row["sequence"])) for row in rows
        ]

    async def decisions(self, run: str) -> list[dict[str, Any]]:
        """Every decision that was taken, each with its gate and the digest it is about."""
        rows = [row async for row in self._list(run, "decision|")]
        named = [(row["RowKey"].split("|"), orjson.loads(row["decision"])) for row in rows]
        return [{**decision, "gate": gate, "digest": digest} for (_, gate, digest), decision in named]

    # Lanes and shards

    async def lane(self, run: str, step: str, generation: str, object_: str, lane: int) -> LaneProgress:
        """How far a lane has come; a fresh one where there is none yet."""
        row = await self._get(run, _lane_key(step, generation, object_, lane))
        return _lane(row) if row else LaneProgress(step, generation, object_, lane)

    async def put_lane(self, run: str, lane: LaneProgress) -> None:
        """Write down how far a lane has come."""
        row = {"PartitionKey": run, "RowKey": _lane_key(lane.step, lane.generation, lane.object, lane.lane)}
        await self._merge(row | {"lane": orjson.dumps(asdict(lane)).decode()})

    async def lanes(self, run: str, step: str = "", generation: str = "") -> list[LaneProgress]:
        """Every lane of a run, or of one step (and one generation) of it."""
        prefix = "lane|" + (f"{step}|" if step else "") + (f"{generation}|" if generation else "")
        return [_lane(row) async for row in self._list(run, prefix)]

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

    # The run's data key, wrapped

    async def claim_data_key(self, run: str, wrapped: str) -> str:
        """Keep a run's data key, once. Answers with the one that is kept, be it another's."""
        if await self._insert({"PartitionKey": run, "RowKey": "key", "wrapped": wrapped}):
            return wrapped
        return await self.data_key(run) or wrapped

    async def data_key(self, run: str) -> str:
        """A run's data key as it is kept; nothing before its first use, and after its purge."""
        row = await self._get(run, "key")
        return str(row["wrapped"]) if row else ""

    # Purging

    async def details(self, run: str, *, documents: Iterable[str]) -> int:
        """How many rows of a run a purge deletes: all but approvals and reports. ``documents`` go too."""
        return len([row async for row in self._details(run, documents)])

    async def forget(self, run: str, *, documents: Iterable[str]) -> None:
        """Delete them."""
        rows = [row async for row in self._details(run, documents)]
        for start in range(0, len(rows), MOST_IN_TRANSACTION):
            part = [("delete", row) for row in rows[start : start + MOST_IN_TRANSACTION]]
            try:
                await self._table.submit_transaction(part)
            except AzureError as error:
                raise storage_failure(error) from error

    async def _details(self, run: str, documents: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
        named = {f"document|{name}" for name in documents}
        async for row in self._list(run):
            if row["RowKey"] in named or not row["RowKey"].startswith(("document|", "decision|")):
                yield {name: row[name] for name in ("PartitionKey", "RowKey")}

    # Waiters

    async def wait(self, run: str, instance: str, event: str) -> None:
        """Note that this orchestration instance wants to be woken, by that event, when something changes."""
        row = {"PartitionKey": run, "RowKey": f"waiter|{_safe(instance)}", "instance": instance, "event": event}
        await self._merge(row)

    async def stop_waiting(self, run: str, instance: str) -> bool:
        """The instance has its answer, or is about to be woken. False when it was not waiting any more."""
        try:
            # The library hides that there was nothing to delete unless it must match something.
            row = await self._table.get_entity(run, f"waiter|{_safe(instance)}")
            await self._table.delete_entity(
                row, match_condition=MatchConditions.IfNotModified, etag=row.metadata["etag"]
            )
        except (ResourceNotFoundError, ResourceModifiedError):
            return False
        except AzureError as error:
            raise storage_failure(error) from error
        return True

    async def take_waiters(self, run: str) -> list[tuple[str, str]]:
        """The instances to wake and the events to wake them by. Each is given out once: two events of one name before
        the wait would collapse into one on Azure, and are refused by the sandbox."""
        rows = [row async for row in self._list(run, "waiter|")]
        found = [(str(row["instance"]), str(row["event"])) for row in rows]
        return [(instance, event) for instance, event in found if await self.stop_waiting(run, instance)]


def _safe(instance: str) -> str:
    """Durable's own child ids hold ``:``; Table keys may not hold ``/ \\ # ?``."""
    return instance.replace("/", "-").replace("\\", "-").replace("#", "-").replace("?", "-")


def _aside_key(object_: str, source_id: str) -> str:
    """Source ids may hold what a Table key may not."""
    return f"aside|{object_}|{hashlib.sha256(source_id.encode()).hexdigest()[:32]}"


def _lane_key(step: str, generation: str, object_: str, lane: int) -> str:
    return f"lane|{step}|{generation}|{object_}|{lane:03d}"


def _lane(row: Mapping[str, Any]) -> LaneProgress:
    stored = orjson.loads(row["lane"])
    return LaneProgress(**{**stored, "tally": Tally(**stored["tally"])})


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        id=str(row["RowKey"]),
        request=orjson.loads(row.get("request", "{}")),
        phase=Phase(row.get("phase", Phase.REGISTERED)),
        waiting_for=str(row.get("waiting_for", "")),
        wish=str(row.get("wish", "")),
        problem=orjson.loads(row["problem"]) if row.get("problem") else None,
        registered_at=str(row.get("registered_at", "")),
        ended_at=str(row.get("ended_at", "")),
        pickups_asked=int(row.get("pickups_asked", 0)),
        pickups_begun=int(row.get("pickups_begun", 0)),
        close_asked=bool(row.get("close_asked", False)),
        generation=int(row.get("generation", 0)),
        overlook_set_aside=bool(row.get("overlook_set_aside", False)),
        proofs_asked=int(row.get("proofs_asked", 0)),
        proofs_begun=int(row.get("proofs_begun", 0)),
        repair=orjson.loads(row["repair"]) if row.get("repair") else None,
        repaired_by=str(row.get("repaired_by", "")),
        overwrites=str(row.get("overwrites", "")),
        rollbacks=int(row.get("rollbacks", 0)),
        release=orjson.loads(row["release"]) if row.get("release") else None,
        rehearsals_asked=int(row.get("rehearsals_asked", 0)),
        rehearsals_done=int(row.get("rehearsals_done", 0)),
        parts=parts.read(str(row.get("parts", ""))),
        rehearsing=parts.one(orjson.loads(row["rehearsing"])) if row.get("rehearsing") else None,
        erasing=orjson.loads(row["erasing"]) if row.get("erasing") else None,
        erasures=int(row.get("erasures", 0)),
        erased=tuple(orjson.loads(row.get("erased") or "[]")),
        bundle=str(row.get("bundle", "")),
        bundle_asked=str(row.get("bundle_asked", "")),
        lists_asked=int(row.get("lists_asked", 0)),
        lists_in=str(row.get("lists_in", "")),
        removes=str(row.get("removes", "")),
        claimed_at=str(row.get("claimed_at", "")),
        purge=orjson.loads(row["purge"]) if row.get("purge") else None,
        purged_at=str(row.get("purged_at", "")),
        audit_key=str(row.get("audit_key", "")),
        audit_head=str(row.get("audit_head", "")),
    )
