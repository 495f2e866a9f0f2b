"""What a load asks the target for, and what it does not: few requests, and no row taken for another's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from activities.batch import Work, write
from activities.load import load
from activities.toolbox import BATCHES_AT_ONCE
from shared.staging import layout
from shared.vocabulary import row_id
from shared.wire.payloads import Slice
from tests.activities.filing import SYSTEM, Cabinet, Filing


async def _asked(filing: Filing) -> dict[str, int]:
    async with httpx.AsyncClient() as http:
        stats: dict[str, Any] = (await http.get(f"{filing.town.server.url}/sandbox/stats")).json()
    return dict(stats["requests"])


async def test_r106_what_nobody_has_made_yet_is_not_asked_for_before_it_is_made(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for number in range(8):
        filing.file(f"a-{number}", b"x-ray")
    await filing.stage()
    before = await _asked(filing)
    await filing.load()
    after = await _asked(filing)
    new = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert new["GET annotations"] == 2, "once for all that is there, once for the versions that were left behind"
    assert len(await filing.notes()) == 8


async def test_a_row_that_is_there_already_is_found_and_its_values_are_kept_for_the_way_back(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-0", b"x-ray")
    note = row_id(SYSTEM, "attachments", "a-0")
    body = {"annotationid": note, "subject": "An earlier run's", "importsequencenumber": 7}
    await filing.as_somebody("POST", "annotations", body)
    await filing.stage()
    await filing.load()
    journal = await filing.tools.journal(filing.run_id)
    [page] = await journal.read(layout.journal_lane("base", "attachments", 0))
    assert [(entry.id, (entry.before or {}).get("subject")) for entry in page.entries] == [(note, "An earlier run's")]
    assert (await filing.notes())["a-0"]["subject"] == "a-0.png"


async def test_however_many_shards_are_loaded_a_process_has_only_so_many_batches_in_memory(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = await cabinet.open()
    filing.tools.settings = replace(filing.tools.settings, batch_rows=1)
    lanes, each = 3, BATCHES_AT_ONCE
    for lane in range(lanes):
        some = [filing.file(f"a-{lane}-{number}", b"x-ray") for number in range(each)]
        address = await filing.tools.staging.write_shard(filing.run_id, "attachments", "base", lane, some)
        await filing.tools.runs.put_shard(filing.run_id, "attachments", "base", lane, address)
    under_way, most = 0, 0

    async def counted(work: Work, records: Any, *, page: int) -> Any:
        nonlocal under_way, most
        most = max(most, under_way := under_way + 1)
        try:
            return await write(work, records, page=page)
        finally:
            under_way -= 1

    monkeypatch.setattr("activities.load.write", counted)
    slices = (Slice(filing.run_id, "load", "base", "attachments", lane, lanes) for lane in range(lanes))
    await asyncio.gather(*(load(filing.tools, slice_) for slice_ in slices))
    assert most == BATCHES_AT_ONCE
    assert len(await filing.notes()) == lanes * each


@pytest.mark.parametrize("step", ["put", "put_lane"])
async def test_n11_a_shard_that_is_repeated_finds_its_batches_and_makes_nothing_twice(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    filing = await cabinet.open()
    for number in range(8):
        filing.file(f"a-{number}", b"x-ray")
    await filing.stage()
    door = filing.tools.runs if step == "put_lane" else await filing.tools.journal(filing.run_id)
    with monkeypatch.context() as dying:

        async def dies(*given: Any) -> None:
            raise SystemError("as if the process ended here")

        dying.setattr(door, step, dies)
        with pytest.raises(SystemError):
            await filing.load()
    await filing.load()
    assert len(await filing.notes()) == 8
    [lane] = [one for one in await filing.tools.runs.lanes(filing.run_id, "load") if one.object == "attachments"]
    assert lane.tally.created == 8
    journal = await filing.tools.journal(filing.run_id)
    pages = await journal.read(layout.journal_lane("base", "attachments", 0))
    assert all(entry.before is None and entry.version for page in pages for entry in page.entries)
