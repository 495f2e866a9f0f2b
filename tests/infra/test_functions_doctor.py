"""azure-functions-doctor, which nobody here wrote, looks the app over as it would be deployed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.infra.template import ROOT

DOCTOR = Path(sys.executable).with_name("azure-functions-doctor")


def test_the_doctor_finds_no_fault_with_the_app(tmp_path: Path) -> None:
    command = [str(DOCTOR), "doctor", "--path", str(ROOT), "--profile", "full", "--hosting-plan", "flex-consumption"]
    run = subprocess.run(
        [*command, "--format", "json", "--output", str(tmp_path / "report.json")],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    found = {item["label"]: item["status"] for section in report["results"] for item in section["items"]}
    assert [label for label, status in found.items() if status == "fail"] == []
    assert found["Programming model v2"] == "pass"
    assert found["Durable Functions configuration"] == "pass"
    assert found["Orchestrator determinism"] == "pass"
