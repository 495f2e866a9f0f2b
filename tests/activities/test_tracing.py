"""One record among many is found in the shards that have it, one row among many in the pages that wrote it (N25)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.toolbox import Toolbox
from activities.tracing import generations, record_behind, words_of, writes_of
from shared.journal.entries import Entry, Page, PageState
from shared.lineage.facts import Written
from shared.mapping.propose import propose
from shared.runs.model import LaneProgress, Run
from shared.settings import Settings
from tests.activities.keyring import LOCAL_KEY
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled


@pytest.fixture
async def tools(azurite: str) -> AsyncIterator[Toolbox]:
    tools = Toolbox(Settings(storage_connection=azurite, local_key=LOCAL_KEY))
    await tools.open()
    yield tools
    await tools.tables.close()
    await tools.staging.close()
    await tools.http.aclose()


@pytest.fixture
async def run(tools: Toolbox) -> Run:
    id_ = f"r{uuid.uuid4().hex[:20]}"
    await tools.runs.register(id_, {"options": {}}, at="2026-01-01T00:00:00.000+00:00")
    await tools.runs.note(id_, generation=2)
    return await tools.run(id_)


async def stage(tools: Toolbox, run: Run, generation: str, number: int, *records: dict[str, Any]) -> str:
    address = await tools.staging.write_shard(run.id, "notes", generation, number, records)
    await tools.runs.put_shard(run.id, "notes", generation, number, address)
    return address.path


def test_a_run_s_generations_are_told_in_the_order_in_which_they_are_written():
    assert generations(Run("r1", {}, generation=2)) == ("sample", "base", "delta-0001", "delta-0002")


async def test_n25_a_record_is_found_in_every_generation_that_staged_it(tools: Toolbox, run: Run):
    await stage(tools, run, "sample", 0, {"id": "n-7", "word": "first"})
    for number in range(40):
        await stage(tools, run, "base", number, *({"id": f"n-{number * 3 + k}", "word": "first"} for k in range(3)))
    await stage(tools, run, "base", 999_999, {"id": "n-fetched"})
    await stage(tools, run, "delta-0002", 0, {"id": "n-1"}, {"id": "n-7", "word": "last"})
    words = await words_of(tools, run, "notes", "n-7")
    assert [(one.generation, one.shard, one.line) for one in words] == [
        ("sample", 0, 1), ("base", 2, 2), ("delta-0002", 0, 2),
    ]  # fmt: skip
    assert words[-1].record["word"] == "last"
    shard = [{"id": f"n-{n}", "word": "first"} for n in (6, 7, 8)]
    assert list(await tools.staging.read_shard(words[1].address)) == shard
    assert [(one.shard, one.line) for one in await words_of(tools, run, "notes", "n-fetched")] == [(999_999, 1)]
    assert await words_of(tools, run, "notes", "n-120") == []


async def test_a_record_that_the_source_gave_twice_is_told_by_its_last_word(tools: Toolbox, run: Run):
    await stage(tools, run, "base", 0, {"id": "n-1", "word": "first"}, {"id": "n-1", "word": "second"})
    await stage(tools, run, "base", 1, {"id": "n-1", "word": "third"}, {"id": "n-1", "word": "last"})
    (word,) = await words_of(tools, run, "notes", "n-1")
    assert (word.shard, word.line, word.record["word"]) == (1, 2, "last")


async def test_n25_a_row_s_writes_are_found_in_every_lane_the_first_written_first(tools: Toolbox, run: Run):
    journal, row = await tools.journal(run.id), str(uuid.uuid4())
    for order, generation, lane in ((2, "base", 1), (3, "delta-0001", 0), (1, "sample", 0)):
        await tools.runs.put_lane(run.id, LaneProgress("load", generation, "notes", lane))
        name = f"{order:05d}|{generation}|notes|{lane:03d}"
        for number, rows in enumerate(([str(uuid.uuid4())], [str(uuid.uuid4()), row])):
            entries = tuple(Entry(id_, None) for id_ in rows)
            await journal.put(Page(1, "annotation", name, number, PageState.SETTLED, entries, "path"))
    found = await writes_of(tools, run, ["notes"], row)
    assert [(one.generation, one.object, one.page.number) for one in found] == [
        ("sample", "notes", 1), ("base", "notes", 1), ("delta-0001", "notes", 1),
    ]  # fmt: skip
    assert all(one.entry.id == row and one.page.shard == "path" for one in found)
    assert await writes_of(tools, run, ["attachments"], row) == []


async def test_n25_a_row_without_a_mark_leads_to_its_record_by_the_page_that_wrote_it(tools: Toolbox, run: Run):
    notes = compiled(propose(EVERYTHING, EVERY))["notes"]
    long = {"id": "n-1", "patient_id": "P1", "body": "A long story. " * 20_000, "noted_at": "2026-01-01T09:00:00+11:00"}
    path = await stage(tools, run, "base", 0, {**long, "id": "n-0", "body": "Short."}, long)
    rows = notes.rows(long)
    assert isinstance(rows, list)
    assert len(rows) > 2
    page = Page(9, "annotation", "00002|base|notes|000", 0, PageState.SETTLED, (), path)
    for row in (rows[0], rows[-1]):
        assert await record_behind(tools, run, notes, Written(page, Entry(row.id, None)), row.id) == "n-1"
    unknown = str(uuid.uuid4())
    assert await record_behind(tools, run, notes, Written(page, Entry(unknown, None)), unknown) is None
