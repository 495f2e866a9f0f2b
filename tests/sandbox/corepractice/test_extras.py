"""A clinic may have more than the usual: notes by the thousand, a file of any size, columns by the hundred."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections import Counter

import httpx
import pytest

from sandbox.corepractice.app import running
from sandbox.corepractice.bundle import columns_of
from sandbox.corepractice.clinic import Clinic, Extras
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.records import microseconds

AUTHORIZATION = {"Authorization": "Bearer t"}


def test_one_patient_may_have_thousands_of_notes_more() -> None:
    plain, many = Practice(Clinic(100)), Practice(Clinic(100, extras=Extras(notes_of_one_patient=3000)))
    assert many.tally("notes").active == plain.tally("notes").active + 3000
    records = list(many.all("notes"))
    assert records[:-3000] == list(plain.all("notes"))
    assert len({record["patient_id"] for record in records[-3000:]}) == 1
    patient = many.find("patients", records[-1]["patient_id"])
    assert patient is not None
    assert patient["status"] == "active"
    by_update = list(many.slips_by_update("notes", 0))
    assert by_update == sorted(by_update)
    assert len(by_update) == len(records)
    assert [microseconds(r["updated_at"]) for r in records] == [slip.updated for slip in many.slips("notes")]


async def test_a_file_of_any_size_streams_and_its_record_tells_its_digest() -> None:
    practice = Practice(Clinic(60, extras=Extras(large_file_mb=24)))
    record = list(practice.all("attachments"))[-1]
    assert record["size"] == 24 * 2**20
    async with (
        running(practice, token="t") as server,
        httpx.AsyncClient(base_url=server.url, headers=AUTHORIZATION) as http,
    ):
        digest, whole = hashlib.sha256(), 0
        path = f"/v1/files/{record['file_id']}"
        async with http.stream("GET", path) as answer:
            assert answer.headers["Content-Length"] == str(record["size"])
            assert answer.headers["Content-Type"] == "application/dicom"
            async for piece in answer.aiter_bytes():
                digest.update(piece)
                whole += len(piece)
        assert (whole, digest.hexdigest()) == (record["size"], record["sha256"])
        parts = [
            (0, 9),
            (2**20 - 5, 2**20 + 4),
            (3 * 2**20 + 17, 6 * 2**20 + 1),
            (record["size"] - 3, record["size"] + 9),
        ]
        content = practice.file(record["file_id"]).content
        for start, last in parts:
            part = await http.get(path, headers={"Range": f"bytes={start}-{last}"})
            assert part.status_code == 206
            assert part.content == content[start : last + 1]


def test_a_large_file_is_never_held_in_memory() -> None:
    clinic = Clinic(60, extras=Extras(large_file_mb=64))
    stored = clinic.file("file-000000006")
    assert stored is not None
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in stored.read(0, stored.size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 64 * 2**20
    assert peak < 8 * 2**20


def test_patients_may_have_two_hundred_custom_columns_of_every_kind() -> None:
    practice = Practice(Clinic(80, extras=Extras(custom_columns=200)))
    patients = list(practice.all("patients"))
    names = practice.custom_fields("patients")
    assert len(names) == 206
    assert all(tuple(patient["custom_fields"]) == names for patient in patients)
    kinds = Counter(type(patient["custom_fields"][name]) for patient in patients for name in names)
    assert set(kinds) == {str, int, float, bool, type(None)}
    assert sum(column.startswith("custom_fields.custom_") for column in columns_of(practice, "patients")) == 200
    assert {name.rsplit("_", 1)[1] for name in names[6:]} >= {"date", "choice", "memo", "instant", "decimal"}


async def test_a31_an_object_that_nobody_knows_is_listed_like_the_others() -> None:
    practice = Practice(Clinic(60, extras=Extras(objects=("medical_histories",))))
    async with (
        running(practice, token="t") as server,
        httpx.AsyncClient(base_url=server.url, headers=AUTHORIZATION) as http,
    ):
        objects = (await http.get("/v1")).json()["objects"]
        assert objects[-1] == {"name": "medical_histories", "count": 69, "archived": 0}
        record = (await http.get("/v1/medical_histories")).json()["data"][3]
        assert (await http.get(f"/v1/medical_histories/{record['id']}")).json() == record
        assert (await http.get("/sandbox/truth", params={"object": "medical_histories"})).json()["active"] == 69


async def test_an_empty_practice_lists_every_object_with_nothing_in_it() -> None:
    async with (
        running(Practice(Clinic(0)), token="t") as server,
        httpx.AsyncClient(base_url=server.url, headers=AUTHORIZATION) as http,
    ):
        objects = (await http.get("/v1")).json()["objects"]
        assert len(objects) == 16
        assert all((entry["count"], entry["archived"]) == (0, 0) for entry in objects)
        for entry in objects:
            assert (await http.get(f"/v1/{entry['name']}")).json() == {"data": [], "next_cursor": None}
        assert (await http.get("/sandbox/staff-users")).status_code == 200


@pytest.mark.parametrize(
    "extras",
    [
        {"objects": ("unicorns",)},
        {"objects": ("medical_histories", "medical_histories")},
        {"notes_of_one_patient": -1},
        {"large_file_mb": -1},
    ],
)
def test_extras_that_make_no_sense_are_refused(extras: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"extra objects|0 to"):
        Extras(**extras)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="custom columns"):
        Clinic(50, extras=Extras(custom_columns=1001))
    with pytest.raises(ValueError, match="nobody"):
        Clinic(0, extras=Extras(notes_of_one_patient=3))
