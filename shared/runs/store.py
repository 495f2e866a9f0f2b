"""The runs table: the door behind which each run's request, phase, wishes, decisions and progress are kept.

Partition ``run`` has one row per run; partition ``start`` one per idempotency key; a run's own partition holds its
documents, decisions, lanes, shards and waiters. Phase and wishes live in different columns and are merged, so the
story and the front door never overwrite one another.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import orjson
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError

from shared.runs import parts
from shared.runs.model import Document, LaneProgress, Run
from shared.runs.work import Work, lane_of
from shared.storage_failures import storage_failure
from shared.vocabulary import Phase

AUDIT_KEY_BYTES = 32
MOST_IN_TRANSACTION = 100
"""Of Table Storage, all in one partition."""


class Runs(Work):
    """The runs table of one storage account."""

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
        return _document(row) if row else None

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
        return [_document(row) async for row in self._list(run, "document|")]

    async def progress(self, run: str) -> tuple[list[Document], list[LaneProgress]]:
        """The current documents and all lanes, in one question: a status is asked for again and again."""
        documents, lanes = [], []
        async for row in self._list(run, "document|", until="lane|"):
            if row["RowKey"].startswith("document|"):
                documents.append(_document(row))
            elif row["RowKey"].startswith("lane|"):
                lanes.append(lane_of(row))
        return documents, lanes

    async def decisions(self, run: str) -> list[dict[str, Any]]:
        """Every decision that was taken, each with its gate and the digest it is about."""
        rows = [row async for row in self._list(run, "decision|")]
        named = [(row["RowKey"].split("|"), orjson.loads(row["decision"])) for row in rows]
        return [{**decision, "gate": gate, "digest": digest} for (_, gate, digest), decision in named]

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


def _document(row: Mapping[str, Any]) -> Document:
    return Document(row["RowKey"].partition("|")[2], row["path"], row["digest"], int(row["sequence"]))


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
