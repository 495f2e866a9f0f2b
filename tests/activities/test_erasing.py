"""A person is cleared from each place, nobody else is touched, and it does not matter where an attempt dies."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities import documents, erase, rollbacks
from activities.bookkeeping import not_beside
from activities.erased import Erased, keep, without_erased
from activities.erasing import Erasing
from activities.toolbox import Toolbox
from shared.attachments.receipts import Receipt, ReceiptState
from shared.audit.keyed import keyed
from shared.errors import Stop, TryAgain
from shared.journal.entries import FORGOTTEN, Entry, Page, PageState
from shared.people.erasing import Scrub, Trace
from shared.runs.model import Run
from shared.runs.parts import Part, spelled
from shared.settings import Settings
from shared.staging import pages
from shared.vocabulary import Address
from tests.activities.keyring import LOCAL_KEY

HER_ROW, HIS_ROW = str(uuid.uuid4()), str(uuid.uuid4())
HERS, HIS = {"id": "n-1", "patient_id": "p-1", "body": "Zoe"}, {"id": "n-2", "patient_id": "p-2", "body": "Bob"}
SOURCES = {"patients": "patients", "notes": "notes", "attachments": "attachments"}


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
    return await tools.run(id_)


def erasing(tools: Toolbox, run: Run, *, change: bool = True, paths: tuple[str, ...] = ()) -> Erasing:
    ids = {"patients": ["p-1"], "notes": ["n-1"], "attachments": ["x-1"]}
    trace = Trace("p-1", ids=ids, rows={"patients": [HER_ROW], "attachments": [HER_ROW]})
    return Erasing(tools, run, trace, Scrub(trace, SOURCES), change, paths)


async def staged(tools: Toolbox, run: Run, number: int, *records: dict[str, Any]) -> Address:
    address = await tools.staging.write_shard(run.id, "notes", "base", number, records)
    await tools.runs.put_shard(run.id, "notes", "base", number, address)
    return address


async def test_a37_a_shard_loses_her_lines_and_stays_in_force(tools: Toolbox, run: Run):
    one, other = await staged(tools, run, 0, HERS, HIS), await staged(tools, run, 1, HIS)
    before = await tools.staging.read_bytes(other.path)
    assert await erasing(tools, run, change=False, paths=(one.path,)).shards() == 1
    assert await erasing(tools, run, paths=(one.path,)).shards() == 1
    shards = await tools.runs.shards(run.id, "base", "notes")
    assert [list(await tools.staging.read_shard(shard)) for shard in shards] == [[HIS], [HIS]]
    assert await tools.staging.read_bytes(other.path) == before
    assert not await tools.staging.may_hold(shards[0], "n-1")
    assert await erasing(tools, run, change=False, paths=(one.path,)).shards() == 0


async def test_a37_a_shard_whose_rewriting_was_cut_off_is_put_in_force_by_the_next_attempt(tools: Toolbox, run: Run):
    one = await staged(tools, run, 0, HERS, HIS)
    await tools.staging.write_shard(run.id, "notes", "base", 0, [HIS])  # and the process died
    with pytest.raises(Stop):
        await tools.staging.read_shard(one)
    assert await erasing(tools, run, paths=(one.path,)).shards() == 0
    (now,) = await tools.runs.shards(run.id, "base", "notes")
    assert list(await tools.staging.read_shard(now)) == [HIS]
    assert now.sha256 == pages.digest(await tools.staging.read_bytes(now.path))


async def test_a37_the_journal_forgets_what_was_before_and_knows_still_what_we_made(tools: Toolbox, run: Run):
    journal, lane = await tools.journal(run.id), "00002|base|patients|000"
    made = str(uuid.uuid4())
    entries = (
        Entry(HER_ROW, {"firstname": "Zoe"}, "W/1"),
        Entry(HIS_ROW, {"firstname": "Bob"}, "W/2"),
        Entry(made, None),
    )
    await journal.put(Page(5, "contact", lane, 0, PageState.SETTLED, entries, "path"))
    assert await erasing(tools, run).journal() == 1
    (page,) = await journal.read(lane)
    assert page.entries == (Entry(HER_ROW, FORGOTTEN, "W/1"), *entries[1:])
    assert page.shard == "path"
    assert await erasing(tools, run).journal() == 0


async def test_a37_a_document_keeps_its_digest_and_its_form_for_the_evidence(tools: Toolbox, run: Run):
    line = {"object": "notes", "row": "", "column": "", "reason": "too-long"}
    body = {"count": 2, "listed": [{**line, "record": "n-1"}, {**line, "record": "n-2"}]}
    shown = await documents.publish(tools, run.id, "exceptions", body)
    assert await erasing(tools, run, change=False).documents() == 1
    assert await erasing(tools, run).documents() == 1
    said = await documents.need(tools, run.id, "exceptions")
    assert [one["record"] for one in said["listed"]] == ["erased", "n-2"]
    assert await tools.runs.document(run.id, "exceptions") == shown
    kept = await tools.evidence.masked(run.id, "exceptions", 1)
    assert kept is not None
    assert (kept["digest"], kept["document"]) == (shown.digest, said)
    assert await erasing(tools, run).documents() == 0


async def test_a37_a_receipt_still_leads_to_the_file_and_says_nothing_of_it(tools: Toolbox, run: Run):
    hers = Receipt(
        "x-1", "attachments", "sharepoint", HER_ROW, ReceiptState.DONE, "m", 9, "ab", item="item", quick_xor="q"
    )
    his = Receipt("x-2", "attachments", "note", HIS_ROW, ReceiptState.DONE, "m", 9, "cd")
    for receipt in (hers, his):
        await tools.receipts.put(run.id, receipt)
    assert await erasing(tools, run).receipts() == 1
    left = await tools.receipts.get(run.id, HER_ROW)
    assert left is not None
    assert (left.item, left.quick_xor, left.state) == ("item", "q", ReceiptState.DONE)
    assert (left.attachment, left.sha256, left.size) == ("erased", "", 0)
    assert await tools.receipts.get(run.id, HIS_ROW) == his


async def test_a37_records_that_were_set_aside_are_forgotten(tools: Toolbox, run: Run):
    await tools.runs.put_asides(run.id, "notes", {"n-1": ("too-long", "notetext"), "n-2": ("too-long", "notetext")})
    assert await erasing(tools, run).details() == 1
    assert await tools.runs.asides(run.id, "notes") == {"n-2": "too-long"}


async def test_a37_the_source_does_not_bring_her_again(tools: Toolbox, run: Run):
    await tools.runs.note(run.id, erased=f'["{keyed(run.audit_key, "p-1")}"]')
    run = await tools.run(run.id)
    assert without_erased(run, "notes", [HERS, HIS]) == [HIS]
    assert without_erased(run, "patients", [{"id": "p-1"}, {"id": "p-2"}]) == [{"id": "p-2"}]
    assert without_erased(run, "staff", [{"id": "p-1"}]) == [{"id": "p-1"}]


async def test_a37_what_the_proof_has_to_know_of_everybody_who_was_erased_adds_up(tools: Toolbox, run: Run):
    await tools.runs.note(run.id, erasures=3)
    run = await tools.run(run.id)
    cells = {"notes": {"s-1|2024-07": 1}}
    for number in (1, 3, 3):
        trace = Trace("p-1", rows={"notes": [f"row-{number}"]}, taken={"notes": 1}, cells=cells)
        await keep(tools, run, number, trace)
    found = await Erased.of(tools, run)
    assert found.cells == {"notes": {"excluded": {"s-1|2024-07": 2}}}
    assert found.taken["notes"] == 2
    assert found.rows == {"notes": ["row-1", "row-3"]}


async def test_nothing_else_begins_while_a_person_is_erased_or_a_part_goes_back(tools: Toolbox, run: Run):
    not_beside(run)
    await tools.runs.note(run.id, erasing='{"number": 1, "dry": false, "id": "p-1"}')
    with pytest.raises(TryAgain):
        not_beside(await tools.run(run.id))


async def test_what_was_asked_for_is_begun_by_the_timer_should_its_request_have_died(tools: Toolbox, run: Run):
    part = Part(1, {"object": "notes"}, ("notes",))
    await tools.runs.note(run.id, erasing='{"number": 2, "dry": false, "id": "p-1"}', parts=spelled([part]))
    starts = [one.start for one in [*await erase.unbegun(tools), *await rollbacks.unbegun(tools)]]
    assert ("erasure", f"{run.id}-erasure-2") in starts
    assert ("partial_rollback", f"{run.id}-part-1") in starts
    await tools.runs.note(run.id, erasing="", parts="")
    assert not [one for one in await erase.unbegun(tools) if one.start and run.id in one.start[1]]
