"""Whatever the storage does, a door to it either did what it was asked or says "try again": never Stop, never half."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from sandbox.faults import Fault, FaultSchedule
from sandbox.storage_weather import running
from shared.attachments.receipts import Receipt, ReceiptState
from shared.attachments.store import Receipts
from shared.audit.event import APP, Event
from shared.audit.store import Audit
from shared.errors import TryAgain
from shared.evidence.store import Evidence
from shared.journal.entries import Entry, Page, PageState
from shared.journal.store import Journal
from shared.keys.seal import Seal
from shared.runs.model import LaneProgress
from shared.runs.store import Runs
from shared.staging.store import Staging
from shared.storage_calls import PLAIN

PAGE = Page(1, "contact", "lane", 0, PageState.INTENDED, (Entry("a", None, ""),))


class Doors:
    """Every door to one storage account, behind weather."""

    def __init__(self, blobs: BlobServiceClient, tables: TableServiceClient, weather: FaultSchedule) -> None:
        self.blobs, self.weather = blobs, weather
        self.run = "r" + uuid.uuid4().hex[:20]
        self.runs, self.receipts = Runs(tables), Receipts(tables)
        self.journal = Journal(tables, self.run, Seal(bytes(32)))
        self.staging, self.audit, self.evidence = Staging(blobs), Audit(blobs), Evidence(blobs)

    async def furnish(self) -> None:
        """Something of everything, while the weather is fair."""
        for door in (self.runs, self.receipts, self.journal, self.staging):
            await door.ensure()
        await self.runs.register(self.run, {}, at="2026-01-01T00:00:00+00:00")
        await self.journal.put(PAGE)
        for number in range(3):
            await self.receipts.put(self.run, _receipt(f"row{number}"))
            await self.runs.put_lane(self.run, LaneProgress("load", "base", "patients", number))
        self.shard = await self.staging.write_shard(self.run, "patients", "base", 0, [{"id": "P1"}] * 500)
        self.packed = await self.evidence.keep(self.run, "d" * 64, io.BytesIO(bytes(9000)))
        await self.blobs.get_blob_client("inbox", f"{self.run}.zip").upload_blob(bytes(9000))

    def asked(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Everything that can be asked of them."""
        run, runs, journal, staging = self.run, self.runs, self.journal, self.staging
        audit = Audit(self.blobs)
        return {
            "note": lambda: runs.note(run, wish="pause"),
            "run": lambda: runs.get(run),
            "runs": runs.all,
            "lane": lambda: runs.put_lane(run, LaneProgress("load", "base", "patients", 7)),
            "lanes": lambda: runs.lanes(run),
            "decide": lambda: runs.decide(run, "mapping", "d", {"decision": "approve"}),
            "wait": lambda: runs.wait(run, "i", "e"),
            "waiters": lambda: runs.take_waiters(run),
            "aside": lambda: runs.drop_aside(run, "patients", "P1"),
            "forget": lambda: runs.forget(run, documents=()),
            "page": lambda: journal.put(PAGE),
            "its page": lambda: journal.get("lane", 0),
            "pages": lambda: journal.read("lane"),
            "journal": journal.ensure,
            "journal dropped": journal.drop,
            "receipt": lambda: self.receipts.put(run, _receipt("row9")),
            "receipts": lambda: self.receipts.of_rows(run, ["row0"]),
            "receipts dropped": lambda: self.receipts.drop(run),
            "shard": lambda: staging.write_shard(run, "patients", "base", 1, [{"id": "P1"}]),
            "its records": lambda: staging.read_shard(self.shard),
            "may hold": lambda: staging.may_hold(self.shard, "P1"),
            "inbox": lambda: staging.inbox_exists(f"{run}.zip"),
            "bundle": lambda: staging.download_to(f"{run}.zip", io.BytesIO(), most=10_000),
            "staged": lambda: staging.count_staged(run),
            "containers": staging.ensure,
            "event": lambda: audit.add(run, Event("phase", APP, {})),
            "chains": lambda: audit.chains(run),
            "pack": lambda: self.evidence.keep(run, "e" * 64, io.BytesIO(bytes(9000))),
            "pack read": lambda: self.evidence.read(self.packed, start=0, length=9000),
            "parts": lambda: self.evidence.parts(run),
        }


Build = Callable[..., Awaitable[Doors]]


@pytest.fixture
async def build(azurite: str) -> AsyncIterator[Build]:
    """Doors whose storage clients are made with those options."""
    parts = dict(part.split("=", 1) for part in azurite.rstrip(";").split(";"))
    async with AsyncExitStack() as stack:

        async def made(**options: Any) -> Doors:
            weather, text = FaultSchedule(), azurite
            for service in ("blob", "table"):
                endpoint = parts[f"{service.capitalize()}Endpoint"]
                plain = endpoint.rpartition("/")[0]
                proxy = await stack.enter_async_context(running(service, plain, schedule=weather))
                text = text.replace(endpoint, endpoint.replace(plain, proxy))
            blobs = BlobServiceClient.from_connection_string(text, **options)
            tables = TableServiceClient.from_connection_string(text, **options)
            doors = Doors(await stack.enter_async_context(blobs), await stack.enter_async_context(tables), weather)
            await doors.furnish()
            return doors

        yield made


STORMS = [
    Fault("error", status=500),
    Fault("error", status=503, retry_after=1),
    Fault("throttle", status=429, retry_after=1),
    Fault("drop"),
    Fault("drop_after"),
    Fault("reset"),
    Fault("stall", seconds=60),
]


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: f"{storm.kind}-{storm.status}")
async def test_n11_what_a_storm_outlasts_is_to_be_tried_again(build: Build, storm: Fault):
    doors = await build(**{**PLAIN, "read_timeout": 0.5}, retry_total=0)
    doors.weather.add([storm])
    asked = doors.asked()
    async with asyncio.timeout(30):
        ended = await asyncio.gather(*(ask() for ask in asked.values()), return_exceptions=True)
    wrong = {name: repr(end) for name, end in zip(asked, ended, strict=True) if not isinstance(end, TryAgain)}
    assert wrong == {}


@pytest.mark.parametrize("kind", ["drop_after", "reset"])
async def test_n11_what_was_done_although_its_answer_was_lost_is_not_held_against_anybody(build: Build, kind: str):
    doors = await build(**PLAIN)
    doors.weather.add([Fault(kind, match="^(POST|PUT|DELETE|PATCH|MERGE) ", every=3)])
    runs, run, event = doors.runs, doors.run, Event("phase", APP, {"mark": "phase"})
    decision = {"decision": "approve"}
    assert await _insisted(lambda: runs.decide(run, "mapping", "d", decision)) in (None, decision)
    assert await _insisted(lambda: runs.claim_start(run, run=run, body_digest="b")) == (run, "b")
    for number in range(4):
        await _insisted(partial(runs.put_lane, run, LaneProgress("load", "base", "patients", number)))
        await _insisted(partial(doors.journal.put, replace(PAGE, number=number)))
        await _insisted(partial(doors.receipts.put, run, _receipt(f"row{number}")))
        await _insisted(partial(doors.audit.add, run, event))
    assert [lane.lane for lane in await runs.lanes(run)] == [0, 1, 2, 3]
    assert [page.number for page in await doors.journal.read("lane")] == [0, 1, 2, 3]
    assert (await doors.audit.head(run)).n == 1
    for drop in (partial(runs.forget, run, documents=()), partial(doors.receipts.drop, run), doors.journal.drop):
        await _insisted(drop)
    await _insisted(lambda: doors.staging.delete_staged(run))
    assert any(fault["struck"] > 3 for fault in doors.weather.counts())
    assert await runs.details(run, documents=()) == 0
    assert await doors.receipts.count(run) == await doors.staging.count_staged(run) == 0
    assert await doors.journal.lanes() == []


async def _insisted(ask: Callable[[], Awaitable[Any]]) -> Any:
    """As a story does: again, for as long as that is the answer."""
    for _ in range(10):
        with suppress(TryAgain):
            return await ask()
    raise AssertionError("it never worked")


def _receipt(row: str) -> Receipt:
    return Receipt(attachment="a", object="patients", route="note", row=row, state=ReceiptState.DONE)
