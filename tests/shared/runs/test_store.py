"""The runs table keeps what it was told, once, whoever asks twice. Against the real storage emulator."""

from __future__ import annotations

import uuid

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.journal.entries import Entry, Page, PageState
from shared.journal.store import Journal
from shared.keys.seal import Seal
from shared.runs.model import Document, LaneProgress
from shared.runs.store import Runs
from shared.vocabulary import Address, Phase, Tally


@pytest.fixture
def run() -> str:
    return "r" + uuid.uuid4().hex[:20]


@pytest.fixture
async def runs(service: TableServiceClient) -> Runs:
    runs = Runs(service)
    await runs.ensure()
    return runs


async def test_an_idempotency_key_is_bound_once(runs: Runs, run: str):
    assert await runs.claimed(run) is None
    assert await runs.claim_start(run, run="r1", body_digest="a") == ("r1", "a")
    assert await runs.claim_start(run, run="r2", body_digest="b") == ("r1", "a")
    assert await runs.claimed(run) == ("r1", "a")


async def test_a_run_is_registered_once_and_its_first_request_stays(runs: Runs, run: str):
    assert await runs.register(run, {"practice": "one"}, at="2026-01-01T00:00:00+00:00")
    assert not await runs.register(run, {"practice": "two"}, at="2026-01-02T00:00:00+00:00")
    found = await runs.get(run)
    assert found is not None
    assert found.request == {"practice": "one"}
    assert found.phase is Phase.REGISTERED
    assert run in {known.id for known in await runs.all()}


async def test_the_story_and_the_front_door_do_not_overwrite_one_another(runs: Runs, run: str):
    await runs.register(run, {"options": {}}, at="2026-01-01T00:00:00+00:00")
    await runs.note(run, wish="pause")
    await runs.note(run, phase=Phase.LOAD.value, waiting_for="")
    found = await runs.get(run)
    assert found is not None
    assert (found.wish, found.phase) == ("pause", Phase.LOAD)


async def test_a_decision_is_taken_once(runs: Runs, run: str):
    assert await runs.decide(run, "mapping", "d1", {"decision": "approve"}) is None
    assert await runs.decide(run, "mapping", "d1", {"decision": "reject"}) == {"decision": "approve"}
    assert await runs.decision(run, "mapping", "d2") is None


async def test_lanes_shards_documents_and_asides_come_back_as_they_were(runs: Runs, run: str):
    lane = LaneProgress("load", "base", "patients", 2, "3:1", True, Tally(1, 2, 3, 4, 5), {"x": 1}, {"n": [1]})
    await runs.put_lane(run, lane)
    assert await runs.lane(run, "load", "base", "patients", 2) == lane
    assert await runs.lanes(run, "load") == [lane]
    assert await runs.lanes(run, "extract") == []
    addresses = [Address(f"p{number}", "s", number, number) for number in range(12)]
    for number, address in enumerate(addresses):
        await runs.put_shard(run, "patients", "base", number, address)
    assert await runs.shards(run, "base", "patients") == addresses
    document = Document("mapping", "path", "digest", 3)
    await runs.put_document(run, document)
    assert await runs.document(run, "mapping") == document
    await runs.decide(run, "mapping", "digest", {"approve": True})
    assert await runs.progress(run) == ([document], [lane])
    await runs.put_asides(run, "patients", {"P/1#?": ("text-too-long", "firstname")})
    assert await runs.asides(run, "patients") == {"P/1#?": "text-too-long"}
    assert await runs.aside(run, "patients", "P/1#?") == "text-too-long"
    assert await runs.aside(run, "patients", "P2") is None


async def test_a_waiter_is_given_out_once_however_many_want_to_wake_it(runs: Runs, run: str):
    await runs.wait(run, "abc:0", "wake-1")
    await runs.wait(run, "abc:0", "wake-1")
    await runs.wait(run, "abc:1", "wake-7")
    assert await runs.stop_waiting(run, "abc:1")
    assert not await runs.stop_waiting(run, "abc:1")
    assert await runs.take_waiters(run) == [("abc:0", "wake-1")]
    assert await runs.take_waiters(run) == []


async def test_a_data_key_is_kept_once_and_goes_with_the_rest(runs: Runs, run: str):
    assert await runs.data_key(run) == ""
    assert await runs.claim_data_key(run, "wrapped once") == "wrapped once"
    assert await runs.claim_data_key(run, "wrapped twice") == "wrapped once"
    await runs.put_asides(run, "patients", {"p-1": ("x", "")})
    await runs.put_document(run, Document("verdict", "path", "d" * 64))
    assert await runs.details(run, documents=("crosswalk",)) == 2
    await runs.forget(run, documents=("crosswalk",))
    assert await runs.data_key(run) == ""
    assert await runs.details(run, documents=("crosswalk",)) == 0
    assert await runs.document(run, "verdict") is not None


async def test_a_journal_page_comes_back_whole_and_settles(service: TableServiceClient, run: str):
    journal = Journal(service, run, Seal(b"k" * 32))
    assert await journal.lanes() == []
    await journal.ensure()
    entries = tuple(Entry(f"id-{n}", {"name": "é" * 300, "n": n} if n % 2 else None) for n in range(400))
    page = Page(2, "contact", "00002|base|patients|000", 7, PageState.INTENDED, entries)
    await journal.put(page)
    assert await journal.get(page.lane, 7) == page
    settled = page.settled({"id-1": 'W/"5"'})
    await journal.put(settled)
    assert (await journal.get(page.lane, 7)) == settled
    assert settled.entries[1].version == 'W/"5"'
    assert await journal.pages(page.lane) == [(7, "settled")]
    assert await journal.lanes() == [(2, page.lane, "contact", 1)]
    await journal.drop()
    assert await journal.lanes() == []
