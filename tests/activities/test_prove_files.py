"""The proof of files finds every byte and every name that is wrong, and nothing else; the way back heeds people."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from shared.errors import AskPerson
from shared.vocabulary import row_id
from tests.activities.filing import SYSTEM, TO_LIBRARY, Cabinet, Filing, contact

BIG = bytes(range(256)) * 8_000


def note(id_: str) -> str:
    return f"annotations({row_id(SYSTEM, 'attachments', id_)})"


async def filed(cabinet: Cabinet) -> Filing:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", b"in a note")
    filing.file("a-2", b"in a note too")
    filing.file("a-3", BIG, name="large.dcm")
    await filing.bring()
    return filing


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"documentbody": base64.b64encode(b"in a notE").decode()}, "bytes-differ"),
        ({"filename": "other.png"}, "name-differs"),
        ({"mimetype": "image/gif"}, "type-differs"),
    ],
)
async def test_n1_one_byte_or_name_changed_in_a_note_is_found_and_nothing_else(
    cabinet: Cabinet, change: dict[str, Any], what: str
) -> None:
    filing = await filed(cabinet)
    await filing.as_somebody("PATCH", note("a-1"), change)
    found = await filing.proof()
    assert (found["files"], found["differs"], found["missing"]) == (3, 1, 0)
    assert found["listed"] == [["attachments", row_id(SYSTEM, "attachments", "a-1"), "a-1", what]]


async def test_n1_a_file_that_left_its_note_is_missing(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    gone = {"documentbody": None, "filename": None, "mimetype": None}
    await filing.as_somebody("PATCH", note("a-1"), gone)
    found = await filing.proof()
    assert (found["files"], found["differs"], found["missing"]) == (2, 0, 1)
    assert found["listed"][0][2:] == ["a-1", "missing"]


async def test_n1_a_file_changed_renamed_or_removed_in_the_library_is_found(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    receipt = await filing.receipt("a-3")
    drive = await filing.drive()
    await filing.as_library_user("PUT", f"drives/{drive}/items/{receipt.item}/content", b"something else")
    assert (await filing.proof())["listed"][0][3] == "bytes-differ"
    await filing.as_library_user("DELETE", f"drives/{drive}/items/{receipt.item}", b"")
    found = await filing.proof()
    assert (found["files"], found["missing"], found["listed"][0][3]) == (2, 1, "missing")


async def test_a_file_without_a_receipt_is_no_proved_file(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"never sent")
    await filing.stage()
    await filing.load()
    found = await filing.proof()
    assert (found["files"], found["missing"]) == (0, 1)
    assert found["listed"][0][3] == "not-brought"


async def test_the_proof_holds_delta_files_to_their_latest_word(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    filing.file("a-1", b"changed")
    await filing.stage("delta-0001", "a-1")
    await filing.load("delta-0001")
    found = await filing.proof()
    assert [line[2:] for line in found["listed"]] == [["a-1", "not-brought"]]
    await filing.attach("delta-0001")
    assert (await filing.proof())["listed"] == []


async def test_n3_rollback_leaves_a_note_that_somebody_edited_before_or_after_its_file_came(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    for number in range(3):
        filing.file(f"a-{number}", b"x-ray")
    await filing.stage()
    await filing.load()
    await filing.as_somebody("PATCH", note("a-0"), {"subject": "Edited before"})
    await filing.attach()
    await filing.as_somebody("PATCH", note("a-1"), {"subject": "Edited after"})
    held = await filing.back()
    assert {line[1] for line in held["attachments"]} == {row_id(SYSTEM, "attachments", id_) for id_ in ("a-0", "a-1")}
    assert {row["subject"] for row in (await filing.notes()).values()} == {"Edited before", "Edited after"}


async def test_n12_a_delta_overwrites_no_file_whose_note_somebody_edited(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"ours")
    await filing.bring()
    theirs = {"documentbody": base64.b64encode(b"theirs").decode()}
    await filing.as_somebody("PATCH", note("a-1"), theirs)
    filing.file("a-1", b"ours again")
    await filing.bring("delta-0001")
    assert base64.b64decode((await filing.notes())["a-1"]["documentbody"]) == b"theirs"
    assert (await filing.proof())["refused"] == {"edited-since": 1}


async def test_n3_rollback_leaves_a_library_file_that_somebody_replaced_and_its_folder(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    receipt, drive = await filing.receipt("a-3"), await filing.drive()
    await filing.as_library_user("PUT", f"drives/{drive}/items/{receipt.item}/content", b"theirs")
    held = await filing.back()
    assert held["files"] == [
        ["sharepoint", "a-3", "edited-since"],
        ["sharepoint", contact("p-1"), "still-used"],
    ]
    assert f"{contact('p-1')}/large (a-3).dcm" in filing.library()


async def test_rollback_leaves_other_people_s_files_and_the_folder_they_are_in(cabinet: Cabinet) -> None:
    filing = await filed(cabinet)
    drive, folder = await filing.drive(), contact("p-1")
    await filing.as_library_user("PUT", f"drives/{drive}/root:/{folder}/theirs:/content", b"theirs")
    assert (await filing.back())["files"] == [["sharepoint", folder, "still-used"]]
    assert set(filing.library()) == {folder, f"{folder}/theirs"}


async def test_rollback_leaves_a_folder_that_was_there_before(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    folder, drive = contact("p-1"), await filing.drive()
    site = filing.tools._sites[filing.site.site_url]
    await site.folder(await site.library("Documents"), folder)
    assert drive
    filing.file("a-1", BIG)
    await filing.bring()
    assert await filing.back() == {}
    assert set(filing.library()) == {folder}
    assert await filing.locations() == []


async def test_a_library_and_a_location_of_the_organisation_s_own_are_used_and_left(cabinet: Cabinet) -> None:
    first = await cabinet.open(TO_LIBRARY)
    first.file("a-1", BIG, patient_id="p-1")
    await first.bring()
    there = {row["sharepointdocumentlocationid"] for row in await first.locations()}
    second = await cabinet.open(TO_LIBRARY)
    second.file("a-2", BIG, patient_id="p-1")
    second.file("a-3", BIG, patient_id="p-2")
    await second.bring()
    assert len(await second.locations()) == len(there) + 1
    assert await second.back() == {}
    assert {row["sharepointdocumentlocationid"] for row in await second.locations()} == there
    assert set(second.library()) == {contact("p-1"), f"{contact('p-1')}/a-1 (a-1).png"}


async def test_another_file_of_that_very_name_is_a_person_s_question(cabinet: Cabinet) -> None:
    first = await cabinet.open(TO_LIBRARY)
    first.file("a-1", BIG)
    await first.bring()
    second = await cabinet.open(TO_LIBRARY)
    second.file("a-1", BIG + b"newer")
    await second.stage()
    await second.load()
    with pytest.raises(AskPerson) as asked:
        await second.attach()
    assert asked.value.code == "sharepoint-name-taken"
    await second.back()
    assert set(second.library()) == {contact("p-1"), f"{contact('p-1')}/a-1 (a-1).png"}
