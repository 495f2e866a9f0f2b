"""Anybody's own clinic is served from a folder as if it were grown, and refused with its line where it is not sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.corepractice.app import running
from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.changes import Script, apply_script
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.folder import Folder, FolderProblem
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.records import microseconds
from sandbox.corepractice.shapes import OBJECTS

STAMPS = {"created_at": "2020-01-01T09:00:00+08:00", "updated_at": "2021-01-01T09:00:00+08:00"}


def write(folder: Path, name: str, records: list[dict[str, Any]]) -> None:
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    (folder / f"{name}.ndjson").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def copied(tmp_path: Path) -> Practice:
    """A grown clinic written out and read back from the folder."""
    grown = Practice(Clinic(150))
    for name in OBJECTS:
        write(tmp_path, name, [dict(record) for record in grown.all(name)])
    (tmp_path / "practice.json").write_text('{"name": "Ours", "timezone": "Australia/Perth"}')
    return Practice(Folder(tmp_path))


def test_a_folder_answers_like_the_clinic_it_was_written_from(copied: Practice) -> None:
    grown = Practice(Clinic(150))
    assert (copied.name, copied.zone.key) == ("Ours", "Australia/Perth")
    for name in OBJECTS:
        assert list(copied.all(name)) == list(grown.all(name))
        assert copied.tally(name) == grown.tally(name)
        for since in (0, microseconds("2024-06-01T00:00:00Z")):
            expected = [slip.id for slip in grown.slips_by_update(name, since)]
            assert [slip.id for slip in copied.slips_by_update(name, since)] == expected


def test_a_folder_changes_like_a_clinic(copied: Practice) -> None:
    before = copied.now()
    done = apply_script(copied, Script(seed=3, created=3, updated=10, deleted=1, appointments=4))
    changed = {slip.id for slip in copied.slips_by_update("patients", microseconds(before))}
    assert changed == {*done["patients"]["created"], *done["patients"]["updated"]}


async def test_missing_fields_are_null_and_missing_files_empty_objects(tmp_path: Path) -> None:
    patients = [{"id": "b", **STAMPS, "custom_fields": {"favourite_tooth": 16}}, {"id": "ä", **STAMPS}]
    write(tmp_path, "patients", patients)
    async with (
        running(Practice(Folder(tmp_path)), token="t") as server,
        httpx.AsyncClient(base_url=server.url, headers={"Authorization": "Bearer t"}) as http,
    ):
        records = (await http.get("/v1/patients")).json()["data"]
        assert [record["id"] for record in records] == ["b", "ä"]
        assert records[0]["last_name"] is None
        assert records[0]["custom_fields"]["favourite_tooth"] == 16
        assert (await http.get("/v1/staff")).json() == {"data": [], "next_cursor": None}
        assert (await http.get("/v1/patients/ä")).json()["id"] == "ä"


async def test_a_file_of_an_unknown_name_is_an_object_of_this_practice_alone(tmp_path: Path) -> None:
    history = {"id": "1", "patient_id": "17", "answer": "Yes", **STAMPS}
    write(tmp_path, "allergies", [history, {"id": "2", **STAMPS, "severity": 3}])
    practice = Practice(Folder(tmp_path))
    assert practice.objects == (*OBJECTS, "allergies")
    assert practice.records.fields["allergies"] == (
        *("id", "patient_id", "answer", "severity", "created_at", "updated_at"),
    )
    assert [record["severity"] for record in practice.all("allergies")] == [None, 3]
    assert practice.create("allergies", {"answer": "No"})["id"].startswith("al-8")
    async with (
        running(practice, token="t") as server,
        httpx.AsyncClient(base_url=server.url, headers={"Authorization": "Bearer t"}) as http,
    ):
        assert (await http.get("/v1/allergies/2")).json()["severity"] == 3
    for kind in ("csv", "reports"):
        write_bundle(practice, tmp_path / "out.zip", format=kind)


def test_treatments_have_free_custom_fields_too(tmp_path: Path) -> None:
    write(tmp_path, "treatments", [{"id": "1", **STAMPS, "fee": "12.00", "custom_fields": {"shade": "A3"}}])
    practice = Practice(Folder(tmp_path))
    assert practice.custom_fields("treatments") == ("material", "anaesthetic_ml", "shade")
    assert next(practice.all("treatments"))["custom_fields"] == {
        **{"material": None, "anaesthetic_ml": None},
        "shade": "A3",
    }


def test_one_record_of_each_object_is_a_practice(tmp_path: Path) -> None:
    for name in OBJECTS:
        write(tmp_path, name, [{"id": f"{name}-1", **STAMPS}])
    practice = Practice(Folder(tmp_path))
    assert [practice.tally(name).active for name in OBJECTS] == [1] * len(OBJECTS)
    for kind in ("csv", "xlsx", "reports"):
        write_bundle(practice, tmp_path / "out.zip", format=kind)


def test_an_object_with_an_odd_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "My list", [])
    with pytest.raises(FolderProblem, match="lower case"):
        Folder(tmp_path)


def test_hidden_records_answer_to_their_id_only(tmp_path: Path) -> None:
    write(tmp_path, "patients", [{"id": "1", **STAMPS}, {"id": "2", **STAMPS, "_hidden": True, "status": "archived"}])
    practice = Practice(Folder(tmp_path))
    assert practice.truth("patients").ids == ["1"]
    assert practice.truth("patients").hidden_ids == ["2"]
    assert "_hidden" not in practice.find("patients", "2")


def test_pages_larger_than_one_reading_of_the_index(tmp_path: Path) -> None:
    write(tmp_path, "staff", [{"id": f"{number:05d}", **STAMPS} for number in range(2500)])
    practice = Practice(Folder(tmp_path))
    assert len(practice.truth("staff").ids) == 2500
    assert [slip.id for slip in practice.slips_by_update("staff", 0)] == practice.truth("staff").ids


def test_times_with_other_offsets_are_ordered_by_instant(tmp_path: Path) -> None:
    early = {**STAMPS, "updated_at": "2021-01-01T09:00:00+11:00"}
    late = {**STAMPS, "updated_at": "2021-01-01T08:59:00+08:00"}
    write(tmp_path, "staff", [{"id": "1", **late}, {"id": "2", **early}])
    assert [slip.id for slip in Practice(Folder(tmp_path)).slips_by_update("staff", 0)] == ["2", "1"]


def test_the_bytes_of_attachments_lie_in_files(tmp_path: Path) -> None:
    attachment = {"id": "1", "file_id": "f1", "name": "a.txt", "content_type": "text/plain", **STAMPS}
    write(tmp_path, "attachments", [attachment, {**attachment, "id": "2", "file_id": "../practice.json"}])
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "f1").write_bytes(b"hello")
    (tmp_path / "practice.json").write_text("{}")
    folder = Folder(tmp_path)
    assert folder.file("f1").content == b"hello"
    assert folder.file("../practice.json") is None
    write_bundle(Practice(folder), tmp_path / "out.zip")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not an object"),
        ("{}", "id must be a string"),
        ('{"id": 7}', "id must be a string"),
        ('{"id": "1"}', "created_at and updated_at"),
        (json.dumps({"id": "1", **STAMPS, "updated_at": "2021-01-01"}), "created_at and updated_at"),
        (json.dumps({"id": "1", **STAMPS, "shoe_size": 43}), "unknown field shoe_size"),
        (json.dumps({"id": "1", **STAMPS, "custom_fields": [1]}), "custom_fields must be"),
        (json.dumps({"id": "1", **STAMPS, "status": "asleep"}), "status must be"),
        (json.dumps({"id": "0", **STAMPS}), "occurs twice"),
    ],
)
def test_an_unsound_line_is_refused_by_number_and_not_by_value(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "patients.ndjson").write_text(json.dumps({"id": "0", **STAMPS}) + "\n\n" + line + "\n")
    with pytest.raises(FolderProblem, match=rf"patients\.ndjson line 3: .*{complaint}"):
        Folder(tmp_path)


def test_a_folder_that_is_none_or_tells_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderProblem, match="not a folder"):
        Folder(tmp_path / "nowhere")
    (tmp_path / "practice.json").write_text('{"timezone": "Australia/Nowhere"}')
    with pytest.raises(FolderProblem, match="unknown timezone"):
        Folder(tmp_path)
    (tmp_path / "practice.json").write_text("{")
    with pytest.raises(FolderProblem, match="not JSON"):
        Folder(tmp_path)
