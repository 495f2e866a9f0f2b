"""Files arrive where they belong, whatever the source, the target or a person does meanwhile."""

from __future__ import annotations

import base64
import hashlib

from activities.attach import side_by_side
from tests.activities.filing import TO_LIBRARY, Cabinet, contact

BIG = bytes(range(256)) * 8_000
"""About two megabytes: too large for a note where the practice says one."""


async def test_r88_r89_a_file_arrives_in_the_note_of_its_patient_and_is_proved(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"x-ray", name="Jane O'Fox <1>.png")
    filing.file("a-2", b"letter" * 1000, name="letter.pdf", content_type="application/pdf", category="letter")
    await filing.bring()
    notes = await filing.notes()
    assert base64.b64decode(notes["a-1"]["documentbody"]) == b"x-ray"
    assert (notes["a-2"]["filename"], notes["a-2"]["mimetype"]) == ("letter.pdf", "application/pdf")
    assert "Jane O'Fox &lt;1&gt;.png" in notes["a-1"]["notetext"] or "&#39;" in notes["a-1"]["notetext"]
    assert hashlib.sha256(b"x-ray").hexdigest() in notes["a-1"]["notetext"]
    assert "Stored in: this note" in notes["a-1"]["notetext"]
    assert await filing.proof() == {
        "files": 2, "bytes": 6005, "differs": 0, "missing": 0, "refused": {}, "listed": [],
    }  # fmt: skip
    receipt = await filing.receipt("a-1")
    assert (receipt.route, receipt.size, receipt.sha256) == ("note", 5, hashlib.sha256(b"x-ray").hexdigest())


async def test_r94_a15_a_large_file_goes_to_the_library_and_shows_on_its_contact(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", BIG, name="scan: left?.jpg", content_type="image/jpeg")
    await filing.bring()
    folder, name = contact("p-1"), "scan- left- (a-1).jpg"
    assert set(filing.library()) == {folder, f"{folder}/{name}"}
    assert filing.library()[f"{folder}/{name}"]["sha256"] == hashlib.sha256(BIG).hexdigest()
    shown = [one for one in await filing.locations() if one["_regardingobjectid_value"] == folder]
    assert [one["relativeurl"] for one in shown] == [folder]
    note = (await filing.notes())["a-1"]
    assert f"SharePoint library Documents, folder {folder}, file {name}" in note["notetext"]
    assert not note["documentbody"]
    assert await filing.proof() == {
        "files": 1, "bytes": len(BIG), "differs": 0, "missing": 0, "refused": {}, "listed": [],
    }  # fmt: skip


async def test_a15_a_large_file_goes_to_a_file_column_where_the_practice_says_so(cabinet: Cabinet) -> None:
    filing = await cabinet.open({"oversize": "file-column", "most_megabytes": 1})
    filing.file("a-1", BIG)
    filing.file("a-2", b"small")
    await filing.bring()
    assert set(await filing.notes()) == {"a-2"}
    assert (await filing.receipt("a-1", "documents")).route == "file-column"
    found = await filing.proof()
    assert (found["files"], found["bytes"], found["differs"], found["missing"]) == (2, len(BIG) + 5, 0, 0)
    assert await filing.back() == {}
    assert await filing.look("bw_documents?$select=bw_name") == []


async def test_n20_what_no_way_takes_is_set_aside_by_name_and_never_dropped(cabinet: Cabinet) -> None:
    filing = await cabinet.open({"oversize": "quarantine", "most_megabytes": 1})
    filing.file("a-1", BIG)
    filing.file("a-2", b"MZ", name="setup.exe")
    filing.file("a-3", b"")
    filing.file("a-4", b"x", size=None)
    filing.file("a-5", b"fine")
    await filing.bring()
    await filing.proof()
    told = await filing.document()
    assert told["could_not_go"] == {
        "file-too-large": 1, "file-type-blocked": 1, "file-empty": 1, "file-size-unknown": 1,
    }  # fmt: skip
    assert {one["attachment"] for one in told["listed"]} == {"a-1", "a-2", "a-3", "a-4"}
    assert told["brought"] == {"note": 1}
    assert ".exe" not in str(told["listed"])


async def test_n20_a_type_that_notes_refuse_may_go_to_the_library(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", b"MZ", name="setup.exe", content_type="application/octet-stream")
    await filing.bring()
    assert f"{contact('p-1')}/setup (a-1).exe" in filing.library()


async def test_n20_a_type_the_organisation_blocks_after_all_is_refused_by_name(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"fine")
    await filing.stage()
    await filing.load()
    (organisation,) = await filing.look("organizations?$select=organizationid")
    await filing.as_somebody(
        "PATCH", f"organizations({organisation['organizationid']})", {"blockedmimetypes": "image/png"}
    )
    await filing.attach()
    assert (await filing.proof())["refused"] == {"file-type-blocked": 1}


async def test_n20_files_at_the_limit_go_and_one_byte_more_does_not(cabinet: Cabinet) -> None:
    filing = await cabinet.open(most_base64=4_000)
    for number, size in enumerate((2_999, 3_000, 3_001)):
        filing.file(f"a-{number}", b"n" * size)
    await filing.bring()
    assert set(await filing.notes()) == {"a-0", "a-1"}
    assert (await filing.proof())["files"] == 2
    assert (await filing.document())["could_not_go"] == {"file-too-large": 1}


async def test_files_that_the_source_has_lost_or_spoilt_are_set_aside_and_the_others_come(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    for number in range(7):
        filing.file(f"a-{number}", b"good bytes")
    filing.file("a-7", BIG)
    filing.file("a-8", BIG)
    filing.file("a-9", BIG, name="whole.bin")
    filing.lose("a-1")
    filing.spoil("a-2", b"other word")
    filing.spoil("a-3", b"short")
    filing.spoil("a-4", b"a good deal longer")
    filing.spoil("a-7", BIG + b"more")
    filing.spoil("a-8", BIG[:-1] + b"!")
    await filing.bring()
    found = await filing.proof()
    assert found["refused"] == {"file-damaged-in-source": 5, "file-missing-in-source": 1}
    assert (found["files"], found["differs"], found["missing"]) == (4, 0, 0)
    notes = await filing.notes()
    assert not any(notes[id_]["documentbody"] for id_ in ("a-1", "a-2", "a-3", "a-4"))
    assert [path for path in filing.library() if "/" in path] == [f"{contact('p-1')}/whole (a-9).bin"]
    assert await filing.back() == {}
    assert filing.library() == {}


async def test_a_missing_file_that_turns_up_comes_with_the_next_pass(cabinet: Cabinet) -> None:
    filing = await cabinet.open()
    filing.file("a-1", b"lost and found")
    filing.lose("a-1")
    await filing.bring("sample")
    assert (await filing.receipt("a-1")).reason == "file-missing-in-source"
    filing.spoil("a-1", b"lost and found")
    await filing.bring()
    assert (await filing.proof())["files"] == 1


async def test_a_delta_brings_a_changed_file_again_and_leaves_the_others(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    for id_, content in (("a-1", b"first"), ("a-2", BIG), ("a-3", b"same"), ("a-4", b"grows"), ("a-5", BIG)):
        filing.file(id_, content, name=f"{id_}.png")
    await filing.bring()
    kept = (await filing.notes())["a-3"]["@odata.etag"]
    filing.file("a-1", b"second")
    filing.file("a-2", BIG[::-1])
    filing.file("a-4", b"grown" + BIG)
    filing.file("a-5", b"shrunk")
    await filing.bring("delta-0001", "a-1", "a-2", "a-3", "a-4", "a-5")
    notes, library = await filing.notes(), filing.library()
    assert base64.b64decode(notes["a-1"]["documentbody"]) == b"second"
    assert base64.b64decode(notes["a-5"]["documentbody"]) == b"shrunk"
    assert not notes["a-4"]["documentbody"]
    assert notes["a-3"]["@odata.etag"] == kept
    folder = contact("p-1")
    assert set(library) == {folder, f"{folder}/a-2 (a-2).png", f"{folder}/a-4 (a-4).png"}
    assert library[f"{folder}/a-2 (a-2).png"]["sha256"] == hashlib.sha256(BIG[::-1]).hexdigest()
    found = await filing.proof()
    assert (found["files"], found["differs"], found["missing"], found["refused"]) == (5, 0, 0, {})
    assert await filing.back() == {}
    assert (await filing.notes(), filing.library(), await filing.locations()) == ({}, {}, [])


async def test_a_delta_with_a_spoilt_file_leaves_the_good_one_of_before(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", b"good")
    filing.file("a-2", BIG)
    await filing.bring()
    filing.file("a-1", b"better")
    filing.file("a-2", BIG + b"better")
    filing.spoil("a-1", b"beeeer")
    filing.spoil("a-2", BIG + b"beeeer")
    await filing.bring("delta-0001")
    assert base64.b64decode((await filing.notes())["a-1"]["documentbody"]) == b"good"
    path = f"{contact('p-1')}/a-2 (a-2).png"
    assert filing.library()[path]["sha256"] == hashlib.sha256(BIG).hexdigest()
    assert (await filing.proof())["refused"] == {"file-damaged-in-source": 2}
    assert await filing.back() == {}
    assert filing.library() == {}


async def test_a_file_that_is_there_from_an_earlier_run_is_believed_only_byte_for_byte(cabinet: Cabinet) -> None:
    first = await cabinet.open()
    first.file("a-1", b"same")
    first.file("a-2", b"this")
    await first.bring()
    again = await cabinet.open()
    again.file("a-1", b"same")
    again.file("a-2", b"that")
    await again.bring()
    found = await again.proof()
    assert (found["files"], found["refused"]) == (1, {"another-file-there": 1})
    assert base64.b64decode((await again.notes())["a-2"]["documentbody"]) == b"this"
    await again.back()
    assert base64.b64decode((await again.notes())["a-1"]["documentbody"]) == b"same"


def test_a_lane_takes_small_files_together_and_a_large_one_alone() -> None:
    sizes = [1, 2, 3, 4]
    assert len(side_by_side([{"size": size} for size in sizes])) == 4
    assert len(side_by_side([{"size": 300_000_000}, {"size": 1}])) == 1
    assert len(side_by_side([{"size": 1}, {"size": 3 << 20}, {"size": 1}])) == 1
