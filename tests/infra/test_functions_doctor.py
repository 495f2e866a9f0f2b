"""azure-functions-doctor, which nobody here wrote, looks the app over as it would be deployed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.infra.template import ROOT

# What is sent to Azure, what decides that, and what it is put on: with the rest it would read every installed package.
LOOKED_AT = (
    *("function_app.py", "host.json", "requirements.txt", "activities", "orchestrators", "shared"),
    *(".funcignore", ".gitignore", "infra"),
)
DOCTOR = Path(sys.executable).with_name("azure-functions-doctor")


def test_the_doctor_finds_no_fault_with_the_app(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    for name in LOOKED_AT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, app / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, app / name)
    command = [str(DOCTOR), "doctor", "--path", str(app), "--profile", "full", "--hosting-plan", "flex-consumption"]
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
    # "Programming model v2" warns: doctor 0.23 looks at decorators of `def` and not of `async def`.
    for label in (
        "Durable Functions configuration",
        "Orchestrator determinism",
        "Flex Consumption deprecated app settings",
        "extensionBundle v4 recommended",
        ".funcignore",
    ):
        assert found[label] == "pass", label
