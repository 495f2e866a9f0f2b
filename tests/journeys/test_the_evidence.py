"""What a practice and an auditor keep of a run: fetched through the front door, checked without it (N24)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shared.evidence import pack
from tests.journeys.conftest import Stay
from tests.journeys.watching import poll

TOWN = {"patients": 30, "seed": 24}


@pytest.fixture(scope="module")
def kept(town: Stay) -> dict[str, Any]:
    """A run that was signed off, its pack as it is then, and the values that were in its records."""
    customer = town.customer("Harbour Dental")
    run = customer.start(customer.request())
    customer.approve_until_delta(run)
    early = customer.evidence(run)
    customer.api.call("POST", f"/api/migrations/{run}/pickup?close=true", b"")
    customer.until(run, waits_for="sign-off")
    rows = [json.loads(line) for line in customer.export()]
    customer.decide(run, "sign-off")
    customer.until(run, phase="finished")
    poll(lambda: b"finished" in _file(customer.evidence(run), pack.RUN))
    shown = customer.evidence(run, fresh=True)
    people = [line["row"] for line in rows if line.get("table") == "contact" and line["row"].get("bw_sourceid")]
    return {"customer": customer, "run": run, "early": early, "pack": shown, "people": people}


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


def test_n24_the_pack_of_a_run_is_checked_offline_and_found_whole(kept: dict[str, Any], tmp_path: Path):
    code, said = checked(kept["pack"], tmp_path)
    assert code == 0, said


def test_n24_r144_the_pack_holds_all_that_was_approved_counted_and_proved(kept: dict[str, Any]):
    archive = zipfile.ZipFile(io.BytesIO(kept["pack"]))
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


def test_n24_there_is_a_pack_after_each_verdict_and_a_newer_one_at_the_end(kept: dict[str, Any], tmp_path: Path):
    assert json.loads(_file(kept["early"], pack.RUN))["phase"] != "finished"
    assert json.loads(_file(kept["pack"], pack.RUN))["phase"] == "finished"
    assert checked(kept["early"], tmp_path)[0] == 0


def test_n24_asked_for_anew_with_nothing_changed_the_pack_is_the_same(kept: dict[str, Any]):
    assert kept["customer"].evidence(kept["run"], fresh=True) == kept["customer"].evidence(kept["run"])


def test_n24_an_altered_byte_of_a_real_pack_fails_naming_the_file(kept: dict[str, Any], tmp_path: Path):
    archive = zipfile.ZipFile(io.BytesIO(kept["pack"]))
    largest = max(archive.infolist(), key=lambda one: one.file_size)
    for one in (archive.getinfo(pack.APPROVALS), largest):
        at = kept["pack"].index(archive.read(one), one.header_offset) + one.file_size // 2
        spoiled = bytearray(kept["pack"])
        spoiled[at] ^= 1
        program = tmp_path / pack.PROGRAM
        program.write_bytes(pack.program())
        (tmp_path / "spoiled.zip").write_bytes(spoiled)
        command = [sys.executable, "-I", "-S", str(program), str(tmp_path / "spoiled.zip")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 1
        assert one.filename in done.stdout + done.stderr


def test_n7_n24_no_value_of_any_patient_is_in_the_pack(kept: dict[str, Any]):
    values = [str(row[name]) for row in kept["people"] for name in ("emailaddress1", "telephone1") if row.get(name)]
    names = [f"{row['firstname']} {row['lastname']}" for row in kept["people"] if row.get("firstname")]
    assert len(values) > 20
    found = [value for value in (*values, *names) if value.encode() in kept["pack"]]
    assert found == []


def test_n24_a_stretch_of_the_pack_can_be_fetched_and_a_pack_that_is_not_there_is_said(kept: dict[str, Any]):
    customer, run = kept["customer"], kept["run"]
    url = f"{customer.api.url}/api/migrations/{run}/evidence"
    headers = {"x-functions-key": customer.api.key, "Range": "bytes=4-9"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        assert answer.status == 206
        assert answer.read() == customer.evidence(run)[4:10]
    other = customer.start({**customer.request(), "practice": "Another Dental"})
    customer.until(other, waits_for="mapping")
    with pytest.raises(urllib.error.HTTPError) as refused:
        customer.evidence(other)
    assert refused.value.code == 404
    assert "fresh=true" in refused.value.read().decode()
