"""Files of notes and of file columns against the simulated environment: the same bytes come back, whatever happens."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse.blocks import SIZE
from shared.dataverse.results import Result
from shared.errors import AskPerson
from shared.schema.model import Field, Kind
from tests.shared.dataverse.environment import Town, built, people, town_of

FAULTS = [
    Fault("drop", match="UploadBlock", every=2, times=3),
    Fault("drop_after", match="UploadBlock", every=2, times=3),
    Fault("throttle", match="UploadBlock", times=2, retry_after=20),
    Fault("error", match="UploadBlock", times=1, status=502),
    Fault("error", match="UploadBlock", times=1, status=400, code="0x80090003"),
    Fault("expire", match="UploadBlock", times=1),
    Fault("drop_after", match="Initialize", times=1),
    Fault("drop", match="Commit", times=1),
    Fault("drop_after", match="Commit", times=1),
    Fault("error", match="Commit", times=1, status=400, code="0x80090003"),
    Fault("drop_after", match="DownloadBlock", every=2, times=2),
    Fault("throttle", match="DownloadBlock", times=1, retry_after=20),
]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@dataclass
class Source:
    """Bytes that are read in pieces, as often as it takes; it knows whether whoever read it let go of it."""

    content: bytes
    piece: int = 1 << 20
    opened: int = 0
    closed: int = 0

    async def __call__(self) -> AsyncIterator[bytes]:
        self.opened += 1
        try:
            for start in range(0, len(self.content), self.piece):
                yield self.content[start : start + self.piece]
        finally:
            self.closed += 1


async def digest(chunks: AsyncIterator[bytes]) -> str:
    hashed = hashlib.sha256()
    async for chunk in chunks:
        hashed.update(chunk)
    return hashed.hexdigest()


async def note(town: Town) -> str:
    live = await town.target.tables(["contact", "annotation"])
    (contact,) = people(1)
    await town.target.create(live["contact"], [contact])
    row = {
        "annotationid": str(uuid.uuid4()),
        "subject": "Scan",
        "objectid_contact@odata.bind": f"/contacts({contact['contactid']})",
    }
    assert all(result.ok for result in await town.target.create(live["annotation"], [row]))
    return row["annotationid"]


async def write(town: Town, note_id: str, content: bytes, **more: Any) -> Result:
    words = {"name": "a.jpg", "content_type": "image/jpeg", "size": len(content), "read": Source(content), **more}
    return await town.target.write_note_file(note_id, **words)


@pytest.mark.parametrize("size", [1, SIZE, SIZE + 1])
async def test_r89_a_note_s_file_goes_up_in_blocks_and_comes_back_the_same(town: Town, size: int) -> None:
    note_id, content = await note(town), content_of(size)
    assert (await write(town, note_id, content)).ok
    assert await digest(town.target.read_note_file(note_id)) == hashlib.sha256(content).hexdigest()
    annotation = (await town.target.tables(["annotation"]))["annotation"]
    there = await town.target.rows(annotation, [note_id], select=["filename", "filesize", "mimetype", "subject"])
    row = there[note_id]
    assert (row["filename"], row["filesize"], row["mimetype"], row["subject"]) == ("a.jpg", size, "image/jpeg", "Scan")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status or ''}-{fault.match}")
async def test_n20_whatever_happens_on_the_way_a_note_s_file_arrives_whole(town: Town, fault: Fault) -> None:
    note_id, content = await note(town), content_of(SIZE + 100_000)
    town.server.schedule.add([fault])
    source = Source(content)
    assert (await write(town, note_id, content, read=source)).ok
    assert source.opened == source.closed
    assert await digest(town.target.read_note_file(note_id)) == hashlib.sha256(content).hexdigest()
    town.server.schedule.clear()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status or ''}-{fault.match}")
async def test_n20_whatever_happens_on_the_way_a_file_column_is_filled_whole(town: Town, fault: Fault) -> None:
    await built(town.target)
    field = Field("bw_file", Kind.FILE, "bw_File", "File", max_length=20_000, custom=True)
    assert await town.target.create_field("bw_visit", field, solution="")
    visit = (await town.target.tables(["bw_visit"]))["bw_visit"]
    row_id, content = str(uuid.uuid4()), content_of(2 * SIZE + 7)
    assert all(result.ok for result in await town.target.create(visit, [{"bw_visitid": row_id, "bw_name": "v"}]))
    town.server.schedule.add([fault])
    for _ in range(2):  # a second time, as after a crash, replaces what is there
        done = await town.target.write_file_column(
            visit, row_id, "bw_file", name="scan", content_type="image/tiff", size=len(content), read=Source(content)
        )
        assert done.ok
    chunks = town.target.read_file_column(visit, row_id, "bw_file")
    assert await digest(chunks) == hashlib.sha256(content).hexdigest()
    town.server.schedule.clear()


async def test_r93_a14_a_file_is_refused_by_what_the_organisation_does_not_let_in(town: Town) -> None:
    rules = await town.target.attachment_rules()
    assert rules.most_base64_bytes == 5_242_880
    assert "exe" in rules.blocked_extensions
    note_id = await note(town)
    large, program = content_of(4_000_000), content_of(10)
    assert (await write(town, note_id, large)).reason == "file-too-large"
    assert (await write(town, note_id, program, name="a.exe")).reason == "file-type-blocked"
    organisation = next(iter(town.server.org.store("organization").rows.values()))
    organisation["allowedmimetypes"] = "image/png;application/pdf"
    assert (await town.target.attachment_rules()).allowed_types == {"image/png", "application/pdf"}
    assert (await write(town, note_id, program)).reason == "file-type-blocked"
    assert (await write(town, note_id, program, content_type="image/png")).ok


async def test_a_file_that_is_not_as_long_as_it_was_said_to_be_is_not_committed(town: Town) -> None:
    note_id = await note(town)
    assert (await write(town, note_id, b"abc", size=4)).reason == "file-size-differs"
    assert (await write(town, note_id, b"", size=4)).reason == "file-size-differs"
    assert (await write(town, note_id, b"")).reason == "file-empty"
    with pytest.raises(AskPerson):
        await digest(town.target.read_note_file(note_id))


async def test_a_source_is_let_go_of_when_an_upload_is_refused_half_way(town: Town) -> None:
    note_id, source = await note(town), Source(content_of(3 * SIZE))
    town.server.schedule.add([Fault("error", match="UploadBlock", status=400, code="0x80044a02")])
    done = await write(town, note_id, source.content, read=source)
    assert (done.reason, source.opened, source.closed) == ("file-too-large", 1, 1)


async def test_a_file_for_a_row_that_is_not_there_is_no_success(town: Town) -> None:
    visit = (await built(town.target))["bw_visit"]
    await town.target.create_field("bw_visit", Field("bw_file", Kind.FILE, "bw_File", custom=True), solution="")
    done = await town.target.write_file_column(
        visit, str(uuid.uuid4()), "bw_file", name="scan", content_type="image/tiff", read=Source(b"x")
    )
    assert not done.ok
    assert done.reason in ("row-missing", "parent-missing")
