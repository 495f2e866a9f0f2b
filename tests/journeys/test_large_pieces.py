"""A practice with one very long history, one very large file and very many fields of its own goes through and back."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.journeys.conftest import PEOPLE, Stay, knowing

NOTES, COLUMNS, MEGABYTES = 1_500, 200, 48
"""The bench has 20,000 notes of one patient, and a file of 300 MB."""
TOWN = {
    "patients": 12,
    "seed": 12,
    "corepractice": [
        *knowing(*PEOPLE, "attachments"),
        *("--notes-of-one-patient", str(NOTES), "--custom-columns", str(COLUMNS)),
        *("--large-file-mb", str(MEGABYTES), "--rate-limit", "off"),
    ],
}


@pytest.fixture(scope="module")
def there_and_back(town: Stay) -> dict[str, Any]:
    """The whole way, and what was at the target at its end."""
    customer = town.customer("Harbour Dental")
    before = customer.export()
    request = customer.request(delta_window_hours=24)
    request["files"]["most_megabytes"] = 2 * MEGABYTES
    run = customer.start(request)
    customer.approve_until_delta(run)
    customer.api.call("POST", f"/api/migrations/{run}/pickup?close=true", b"")
    customer.until(run, waits_for="sign-off")
    verdict = customer.document(run, "verdict")["document"]
    rows: Counter[tuple[str, str]] = Counter()
    columns: set[str] = set()
    for line in map(json.loads, customer.export()):
        row = line.get("row", {})
        if line.get("table") == "annotation":
            rows["annotation", str(row.get("_objectid_value") or row.get("objectid"))] += 1
        elif line.get("table") == "contact" and row.get("bw_sourceid"):
            columns |= {name for name, value in row.items() if name.startswith("bw_") and value is not None}
    mapping = customer.document(run, "mapping")["document"]
    customer.decide(run, "sign-off")
    customer.until(run, phase="finished")
    customer.ask(run, "rollback")
    status = customer.until(run, phase="rolled-back")
    return {"verdict": verdict, "rows": rows, "columns": columns, "mapping": mapping, "status": status,
            "same": customer.export() == before}  # fmt: skip


def test_s2_12_thousands_of_notes_of_one_patient_arrive_and_are_proved(there_and_back: dict[str, Any]):
    verdict = there_and_back["verdict"]
    assert verdict["proved"], verdict["because"]
    assert there_and_back["rows"].most_common(1)[0][1] >= NOTES
    assert verdict["objects"]["notes"]["rows"] >= NOTES


def test_s2_12_r7_two_hundred_custom_columns_arrive_and_are_proved(there_and_back: dict[str, Any]):
    patients = next(rule for rule in there_and_back["mapping"]["objects"] if rule["object"] == "patients")
    custom = {one["target"] for one in patients["fields"] if one["source"].startswith("custom_fields.")}
    assert len(custom) >= COLUMNS
    assert len(custom & there_and_back["columns"]) > 0.9 * len(custom)
    assert there_and_back["verdict"]["objects"]["patients"]["differs"] == 0


def test_s2_12_n20_a_very_large_file_arrives_whole(there_and_back: dict[str, Any]):
    files = there_and_back["verdict"]["files"]
    assert files["bytes"] > MEGABYTES << 20
    assert (files["differs"], files["missing"]) == (0, 0)


def test_s2_12_all_of_it_goes_back(there_and_back: dict[str, Any]):
    assert there_and_back["status"]["rollback"]["held"] == 0
    assert there_and_back["same"]
