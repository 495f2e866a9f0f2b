"""A long note that comes shorter in a delta: its last parts go, and only ours."""

from __future__ import annotations

from typing import Any

import pytest

from activities.shorter import NOTES
from shared.vocabulary import row_id
from tests.activities.filing import SYSTEM, WEEK, Cabinet, Filing

LONG = 70_000
"""Characters that fill most of one note's room."""


def _row(part: int) -> str:
    return row_id(SYSTEM, NOTES, "n-1" if part == 1 else f"n-1#{part}")


async def _come(filing: Filing, generation: str, parts: int, **said: Any) -> None:
    """The note as the source has it now, long enough for so many parts."""
    body = "".join(f"<p>{letter * LONG}</p>" for letter in "abc"[:parts])
    record = {
        "id": "n-1", "patient_id": "p-1", "kind": "clinical", "author_staff_id": None, "body": body,
        "written_at": WEEK, "created_at": WEEK, "updated_at": WEEK, **said,
    }  # fmt: skip
    address = await filing.tools.staging.write_shard(filing.run_id, NOTES, generation, 0, [record])
    await filing.tools.runs.put_shard(filing.run_id, NOTES, generation, 0, address)
    if generation != "base":
        await filing.tools.runs.note(filing.run_id, generation=int(generation.removeprefix("delta-")))
    await filing.load(generation)


async def _there(filing: Filing) -> dict[str, str]:
    """The subjects of the note's parts that are there, by row."""
    rows = {_row(part) for part in range(1, 5)}
    found = await filing.look("annotations?$select=annotationid,subject")
    return {row["annotationid"]: row["subject"] for row in found if row["annotationid"] in rows}


async def test_r141_the_parts_that_a_note_has_no_more_go_and_come_again_when_it_grows(cabinet: Cabinet) -> None:
    filing = await cabinet.open(source=NOTES)
    await _come(filing, "base", 3)
    assert set(await _there(filing)) == {_row(1), _row(2), _row(3)}
    await _come(filing, "delta-0001", 1)
    assert set(await _there(filing)) == {_row(1)}
    await _come(filing, "delta-0002", 2)
    assert set(await _there(filing)) == {_row(1), _row(2)}
    assert await filing.tools.runs.asides(filing.run_id, NOTES) == {}
    assert await filing.back() == {}
    assert await _there(filing) == {}


async def test_n12_a_part_that_somebody_edited_stays_and_the_note_is_left_to_a_person(cabinet: Cabinet) -> None:
    filing = await cabinet.open(source=NOTES)
    await _come(filing, "base", 3)
    await filing.as_somebody("PATCH", f"annotations({_row(3)})", {"subject": "Mine now"})
    await _come(filing, "delta-0001", 1)
    found = await _there(filing)
    assert (set(found), found[_row(3)]) == ({_row(1), _row(3)}, "Mine now")
    assert await filing.tools.runs.asides(filing.run_id, NOTES) == {"n-1": "edited-since"}


async def test_n11_a_batch_that_dies_when_the_parts_are_gone_is_repeated_and_the_way_back_is_clean(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = await cabinet.open(source=NOTES)
    await _come(filing, "base", 2)
    journal = await filing.tools.journal(filing.run_id)
    put, written = journal.put, 0

    async def mortal(page: Any) -> None:
        nonlocal written
        written += 1
        if written == 2:
            raise RuntimeError("as if the process had ended here")
        await put(page)

    with monkeypatch.context() as patched:
        patched.setattr(journal, "put", mortal)
        with pytest.raises(RuntimeError):
            await _come(filing, "delta-0001", 1)
    assert set(await _there(filing)) == {_row(1)}, "the part went, and nobody wrote that down"
    await filing.load("delta-0001")
    assert set(await _there(filing)) == {_row(1)}
    assert await filing.tools.runs.asides(filing.run_id, NOTES) == {}
    assert await filing.back() == {}
    assert await _there(filing) == {}
