"""checkov's judgement of the template, and of its own eyesight: what it cannot read it passes in silence."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.template import INFRA, ROOT, resources

CHECKOV = ROOT / ".sandbox" / "checkov-venv" / "bin" / "checkov"
HERE = Path(__file__).parent
MINIMUM_RESOURCES = 30


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not CHECKOV.exists():
        reason = f"{CHECKOV} is missing: sh setup/checkov.sh"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def test_the_template_passes_every_rule_that_fits(tmp_path: Path) -> None:
    report = judged(INFRA, tmp_path)
    assert complaints(report, minimum=MINIMUM_RESOURCES) == []
    assert report["summary"]["passed"] > MINIMUM_RESOURCES


def test_every_resource_is_in_sight() -> None:
    assert len(resources()) >= MINIMUM_RESOURCES


def test_a_template_with_known_faults_fails(tmp_path: Path) -> None:
    found = complaints(judged(HERE / "known-bad", tmp_path), minimum=2)
    failed = {complaint.split()[0] for complaint in found}
    assert failed >= {"CKV_AZURE_3", "CKV_AZURE_35", "CKV_AZURE_44", "CKV_AZURE_59", "CKV_AZURE_110"}


def test_a_file_that_the_checker_cannot_read_fails(tmp_path: Path) -> None:
    found = complaints(judged(HERE / "unreadable", tmp_path), minimum=1)
    assert "1 file could not be read" in found
    assert "only 0 of at least 1 resources were seen" in found


def test_a_folder_without_resources_fails(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert complaints(judged(tmp_path / "empty", tmp_path), minimum=1) == ["only 0 of at least 1 resources were seen"]


def judged(folder: Path, home: Path) -> dict[str, Any]:
    """checkov's report on a folder. It may not ask the network for anything."""
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "bicep", "--skip-download", "--output", "json"]
    run = subprocess.run(
        [*command, "--config-file", str(INFRA / ".checkov.yaml"), "--quiet"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HOME": str(home), "LOG_LEVEL": "ERROR"},
        check=False,
    )
    assert run.stdout, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report if "summary" in report else {"summary": report, "results": {"failed_checks": []}}


def complaints(report: dict[str, Any], *, minimum: int) -> list[str]:
    """Everything that is wrong, the checker's own blindness first. Its exit code says none of this."""
    summary = report["summary"]
    found = []
    if summary["parsing_errors"]:
        found.append(f"{summary['parsing_errors']} file could not be read")
    if summary["resource_count"] < minimum:
        found.append(f"only {summary['resource_count']} of at least {minimum} resources were seen")
    failed = report["results"]["failed_checks"]
    return found + [f"{check['check_id']} {check['resource']} {check['check_name']}" for check in failed]
