"""The way back for rows: several pages side by side, whatever dies, and no more read than it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from activities.undo import PAGES_AT_A_TIME, PAGES_AT_ONCE
from shared.dataverse.reads import Reads
from shared.journal.entries import Page, PageState
from shared.journal.store import Journal
from shared.staging import layout
from shared.vocabulary import row_id
from tests.activities.filing import SYSTEM, Cabinet, Filing

PAGES = PAGES_AT_A_TIME + PAGES_AT_ONCE - 1
LANE = layout.journal_lane("base", "attachments", 0)


async def _brought(cabinet: Cabinet) -> Filing:
    """One row on each of so many pages that they are neither one activity's nor a whole number at once."""
    filing = await cabinet.open()
    filing.tools.settings = replace(filing.tools.settings, batch_rows=1)
    for number in range(PAGES):
        filing.file(f"a-{number:02d}", b"x-ray")
    await filing.bring()
    assert len(await filing.notes()) == PAGES
    return filing


async def _undone(filing: Filing) -> dict[str, Any]:
    [lane] = [one for one in await filing.tools.runs.lanes(filing.run_id, "undo") if one.object == "attachments"]
    return lane.notes


@pytest.mark.parametrize("deaths", [0, 1, 2, 5])
async def test_n11_pages_go_back_side_by_side_and_each_is_counted_once(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    filing = await _brought(cabinet)
    put, left = Journal.put, deaths

    async def dies_now_and_then(journal: Journal, page: Page) -> None:
        nonlocal left
        if left and page.number % 3 == 1:
            left -= 1
            raise SystemError("as if the process ended here")
        await put(journal, page)

    monkeypatch.setattr(Journal, "put", dies_now_and_then)
    for _ in range(deaths + 1):
        try:
            await filing.phase("undo", "")
        except SystemError:
            continue
    notes = await _undone(filing)
    assert (notes["undone"], notes["held"]) == (PAGES, 0)
    assert await filing.notes() == {}
    pages = await (await filing.tools.journal(filing.run_id)).read(LANE)
    assert [page.state for page in pages] == [PageState.UNDONE] * PAGES


async def test_rows_the_run_made_are_judged_by_their_versions_alone(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = await _brought(cabinet)
    asked: list[Any] = []
    rows = Reads.rows

    async def listening(reads: Reads, table: Any, ids: Any, *, select: Any, yields: bool = False) -> Any:
        asked.append(list(select))
        return await rows(reads, table, ids, select=select, yields=yields)

    monkeypatch.setattr(Reads, "rows", listening)
    await filing.phase("undo", "")
    assert await filing.notes() == {}
    assert max(asked, key=len) == ["modifiedby"]


async def test_n3_a_row_of_many_that_somebody_edited_stays_with_every_column_shown(cabinet: Cabinet) -> None:
    filing = await _brought(cabinet)
    row = row_id(SYSTEM, "attachments", "a-03")
    await filing.as_somebody("PATCH", f"annotations({row})", {"subject": "Seen by Jane"})
    await filing.phase("undo", "")
    assert set(await filing.notes()) == {"a-03"}
    notes = await _undone(filing)
    assert (notes["undone"], notes["why"]) == (PAGES - 1, {"edited-since": 1})
    [place] = notes["held_at"]
    assert b"Seen by Jane" in await filing.tools.staging.read_bytes(place)
