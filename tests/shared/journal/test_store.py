"""The journal against a real table service."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import zstandard
from azure.data.tables.aio import TableServiceClient

from shared.errors import Stop
from shared.journal.entries import Entry, Outcome, Page, PageState
from shared.journal.store import Journal
from shared.keys.seal import Seal

SEAL = Seal(b"k" * 32)
LANE = "00002|base|patients|001"


@pytest.fixture
def run() -> str:
    return f"r{uuid.uuid4().hex[:20]}"


@pytest.fixture
async def journal(service: TableServiceClient, run: str) -> Journal:
    journal = Journal(service, run, SEAL)
    await journal.ensure()
    return journal


def page(number: int, *rows: str, state: PageState = PageState.SETTLED) -> Page:
    entries = tuple(Entry(row, None, version=f"W/{number}") for row in rows)
    return Page(1, "contact", LANE, number, state, entries, shard=f"r1/patients/base/{number:06d}.ndjson.zst")


async def test_a_page_comes_back_as_it_was_written_with_its_shard_and_the_time(journal: Journal):
    await journal.put(page(3, "a", "b"))
    found = await journal.get(LANE, 3)
    assert found == page(3, "a", "b")
    assert found is not None
    assert abs(datetime.fromisoformat(found.at) - datetime.now(UTC)) < timedelta(hours=1)


async def test_some_pages_are_written_at_once_and_again_in_another_state(journal: Journal):
    some = [page(number, f"row-{number}", state=PageState.INTENDED) for number in range(1, 4)]
    await journal.put_all(some)
    assert await journal.read(LANE) == some
    settled = [one.settled({f"row-{one.number}": "W/9"}) for one in some[:2]]
    await journal.put_all(settled)
    await journal.put_all([])
    assert await journal.read(LANE) == [*settled, some[2]]


async def test_n25_a_row_s_pages_are_found_among_many(journal: Journal):
    rows = [str(uuid.uuid4()) for _ in range(600)]
    for number in range(6):
        await journal.put(page(number, *rows[number * 100 : (number + 1) * 100]))
    await journal.put(page(10_000, rows[250]))
    assert [one.number for one in await journal.holding(LANE, rows[250])] == [2, 10_000]
    assert await journal.holding(LANE, str(uuid.uuid4())) == []
    assert await journal.holding("00002|base|patients|000", rows[250]) == []


async def test_n25_a_page_from_before_there_were_marks_is_read_whole(
    journal: Journal, service: TableServiceClient, run: str
):
    await journal.put(page(0, "a"))
    await journal.put(page(1, "b"))
    table = service.get_table_client(f"journal{run}")
    old = await table.get_entity(LANE, f"{1:08d}")
    del old["marks"]
    await table.update_entity(old, mode="replace")
    assert [one.number for one in await journal.holding(LANE, "b")] == [1]


async def test_no_value_before_a_change_lies_bare_in_the_table(service: TableServiceClient, journal: Journal, run: str):
    entries = (Entry("a", {"lastname": "Canary-Featherstonehaugh"}), Entry("b", None))
    await journal.put(replace(page(1), entries=entries))
    stored = [dict(row) async for row in service.get_table_client(f"journal{run}").list_entities()]
    inside = b"".join(value for row in stored for value in row.values() if isinstance(value, bytes))
    assert inside
    assert b"Canary" not in inside
    assert zstandard.FRAME_HEADER not in inside
    with pytest.raises(Stop) as failure:
        await Journal(service, run, Seal(b"x" * 32)).get(LANE, 1)
    assert failure.value.code == "journal-damaged"


async def test_a_page_that_was_moved_or_altered_is_not_read(service: TableServiceClient, journal: Journal, run: str):
    await journal.put(page(1, "a"))
    table = service.get_table_client(f"journal{run}")
    row = await table.get_entity(LANE, "00000001")
    await table.upsert_entity({**row, "RowKey": "00000002"})
    await table.upsert_entity({**row, "RowKey": "00000003", "entries00": bytes(row["entries00"])[:-1] + b"!"})
    for number in (2, 3):
        with pytest.raises(Stop):
            await journal.get(LANE, number)
    assert await journal.get(LANE, 1) is not None


async def test_parts_of_the_schema_are_entries_like_rows(journal: Journal):
    await journal.put(replace(page(1, "field|contact|bw_sourceid"), lane="schema"))
    assert len(await journal.holding("schema", "field|contact|bw_sourceid")) == 1


async def test_a_run_that_wrote_nothing_has_no_pages(service: TableServiceClient, run: str):
    assert await Journal(service, run).holding(LANE, "a") == []


async def test_n3_an_outcome_comes_back_with_its_page_which_is_open_for_what_it_held(journal: Journal):
    settled = page(7, "a", "b", "c")
    assert [entry.id for entry in settled.open] == ["a", "b", "c"]
    outcome = Outcome(1, {"deleted": 2, "restored": 0, "already": 0}, (("b", "edited-since"),))
    await journal.put(replace(settled, state=PageState.UNDONE, outcome=outcome))
    found = await journal.get(LANE, 7)
    assert found is not None
    assert found.outcome == outcome
    assert [entry.id for entry in found.open] == ["b"]


async def test_a_page_that_one_entity_does_not_hold_goes_on_in_further_ones(journal: Journal):
    texts = {f"row-{number}": os.urandom(60_000).hex() for number in range(30)}
    entries = tuple(Entry(row, {"notetext": text}, "") for row, text in texts.items())
    large = replace(page(4), entries=entries, state=PageState.INTENDED)
    await journal.put(page(3, "a"))
    await journal.put(large)
    await journal.put(page(5, "b"))
    assert await journal.get(LANE, 4) == large
    assert await journal.read(LANE) == [page(3, "a"), large, page(5, "b")]
    assert [number for number, _ in await journal.pages(LANE)] == [3, 4, 5]
    assert await journal.lanes() == [(1, LANE, "contact", 3)]
    assert [one.number for one in await journal.holding(LANE, "row-7")] == [4]
    assert [one.number for one in await journal.pages_with(LANE, {"row-7", "b"})] == [4, 5]
    settled = large.settled(dict.fromkeys(texts, "W/1"))
    await journal.put(settled)
    assert await journal.get(LANE, 4) == settled
