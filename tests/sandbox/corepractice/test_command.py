"""The simulator as a process: it says where it listens, stops when told, and loses no acknowledged edit when killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

HEADERS = {"Authorization": "Bearer town"}


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    command = [sys.executable, "-m", "sandbox.corepractice", "--port", "0", "--token", "town", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"corepractice listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found is not None
        with httpx.Client(base_url=found[1], headers=HEADERS) as http:
            yield process, http
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_serves_the_clinic_asked_for_and_stops_cleanly() -> None:
    with served("--patients", "70", "--seed", "5", "--timezone", "Australia/Melbourne") as (process, http):
        about = http.get("/v1").json()
        assert about["practice"]["timezone"] == "Australia/Melbourne"
        assert sum(entry["archived"] for entry in about["objects"]) > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_it_serves_what_is_asked_for_beyond_the_usual() -> None:
    more = ("--extra-objects", "medical_histories", "--notes-of-one-patient", "700", "--custom-columns", "9")
    with served("--patients", "60", *more, "--large-file-mb", "3") as (_, http):
        objects = {entry["name"]: entry["count"] for entry in http.get("/v1").json()["objects"]}
        assert objects["medical_histories"] == 69
        assert objects["notes"] == 790
        assert len(http.get("/v1/patients").json()["data"][0]["custom_fields"]) == 15
        large = http.get("/v1/attachments").json()["data"][-1]
        assert len(http.get(f"/v1/files/{large['file_id']}").content) == large["size"] == 3 * 2**20


def test_it_serves_a_practice_whose_system_knows_less() -> None:
    with served("--patients", "60", "--without", "invoices,invoice_lines,payments,communications") as (_, http):
        objects = {entry["name"] for entry in http.get("/v1").json()["objects"]}
        assert len(objects) == 12
        assert "invoices" not in objects
        assert http.get("/v1/invoices").status_code == 404
        done = http.post("/sandbox/change", json={"created": 2, "updated": 5, "records": 8}).json()
        assert {name for name, what in done.items() if what["created"]} == {"patients", "notes", "treatments"}


def test_edits_survive_a_kill(tmp_path: Path) -> None:
    state = ("--patients", "60", "--state", str(tmp_path / "edits.sqlite"))
    with served(*state) as (process, http):
        done = http.post("/sandbox/change", json={"created": 2, "updated": 5, "deleted": 1}).json()
        process.kill()
        process.wait()
    with served(*state) as (_, http):
        assert http.get(f"/v1/patients/{done['patients']['created'][0]}").status_code == 200
        assert http.get(f"/v1/patients/{done['patients']['deleted'][0]}").status_code == 404


def test_faults_come_from_a_file(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"kind": "error", "match": "^GET /v1/staff$", "at": [2]}]))
    with served("--patients", "50", "--faults", str(faults), "--rate-limit", "off") as (_, http):
        assert [http.get("/v1/staff").status_code for _ in range(3)] == [200, 503, 200]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--data", "/nowhere/at/all"),
        ("--patients", "-1"),
        ("--rate-limit", "0"),
        ("--timezone", "Mars/Base"),
        ("--faults", "/nowhere"),
        ("--extra-objects", "unicorns"),
        ("--without", "unicorns"),
        ("--without", "patients"),
        ("--custom-columns", "-1"),
        ("--data", ".", "--notes-of-one-patient", "5"),
    ],
)
def test_nonsense_is_refused_before_listening(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "sandbox.corepractice", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["csv", "mixed", "reports"])
def test_a_bundle_is_written_from_the_command_line(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "practice.zip"
    command = [sys.executable, "-m", "sandbox.corepractice.bundle", "--patients", "50", "--out", str(out)]
    done = subprocess.run([*command, "--format", kind], capture_output=True, text=True, check=True)
    assert str(out) in done.stdout
    assert out.stat().st_size > 10_000
