"""What a practice and an auditor keep of a run: fetched through the front door, checked without it (N24)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from shared.evidence import pack


def _file(content: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(content)).read(name)


def checked(content: bytes, folder: Path, *more: str) -> tuple[int, str]:
    """What the program in the pack itself says of it, run by a bare Python with nothing of ours."""
    program, path = folder / pack.PROGRAM, folder / "evidence.zip"
    program.write_bytes(_file(content, pack.PROGRAM))
    path.write_bytes(content)
    command = [sys.executable, "-I", "-S", str(program), str(path), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_n24_the_pack_of_a_run_is_checked_offline_and_found_whole(told: dict[str, Any], tmp_path: Path):
    code, said = checked(told["pack"], tmp_path)
    assert code == 0, said


def test_n24_r144_the_pack_holds_all_that_was_approved_counted_and_proved(told: dict[str, Any]):
    archive = zipfile.ZipFile(io.BytesIO(told["pack"]))
    names = set(archive.namelist())
    assert {pack.RUN, pack.REQUEST, pack.COUNTS, pack.DOCUMENTS, pack.APPROVALS, pack.SET_ASIDE} <= names
    assert set(pack.GUIDE_FORMS.values()) <= names
    documents = json.loads(archive.read(pack.DOCUMENTS))
    assert {"inventory", "mapping", "owners", "coverage", "sample-diff", "verdict"} <= {
        one["name"] for one in documents
    }
    assert [one["gate"] for one in json.loads(archive.read(pack.APPROVALS))] == ["mapping", "sample", "sign-off"]
    assert all(one["document"] in names for one in json.loads(archive.read(pack.APPROVALS)))
    assert any(name.startswith("audit/story-") for name in names)
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["open_chains"] == []


def test_n24_there_is_a_pack_after_each_verdict_and_a_newer_one_at_the_end(told: dict[str, Any], tmp_path: Path):
    assert json.loads(_file(told["early pack"], pack.RUN))["phase"] != "finished"
    assert json.loads(_file(told["pack"], pack.RUN))["phase"] == "finished"
    assert checked(told["early pack"], tmp_path)[0] == 0


def test_n24_asked_for_anew_with_nothing_changed_the_pack_is_the_same(told: dict[str, Any]):
    assert told["pack"] == told["pack as it was kept"]


def test_n24_an_altered_byte_of_a_real_pack_fails_naming_the_file(told: dict[str, Any], tmp_path: Path):
    archive = zipfile.ZipFile(io.BytesIO(told["pack"]))
    largest = max(archive.infolist(), key=lambda one: one.file_size)
    for one in (archive.getinfo(pack.APPROVALS), largest):
        at = told["pack"].index(archive.read(one), one.header_offset) + one.file_size // 2
        spoiled = bytearray(told["pack"])
        spoiled[at] ^= 1
        program = tmp_path / pack.PROGRAM
        program.write_bytes(pack.program())
        (tmp_path / "spoiled.zip").write_bytes(spoiled)
        command = [sys.executable, "-I", "-S", str(program), str(tmp_path / "spoiled.zip")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 1
        assert one.filename in done.stdout + done.stderr


def test_n7_n24_no_value_of_any_patient_is_in_the_pack(told: dict[str, Any]):
    people = [row for row in told["rows"]["contact"] if row.get("bw_sourceid")]
    values = [str(row[name]) for row in people for name in ("emailaddress1", "telephone1") if row.get(name)]
    names = [f"{row['firstname']} {row['lastname']}" for row in people if row.get("firstname")]
    assert len(values) > 20
    found = [value for value in (*values, *names) if value.encode() in told["pack"]]
    assert found == []


def test_n24_a_stretch_of_the_pack_can_be_fetched(told: dict[str, Any]):
    customer, run = told["customer"], told["run"]
    url = f"{customer.api.url}/api/migrations/{run}/evidence"
    headers = {"x-functions-key": customer.api.key, "Range": "bytes=4-9"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        assert answer.status == 206
        assert answer.read() == customer.evidence(run)[4:10]
