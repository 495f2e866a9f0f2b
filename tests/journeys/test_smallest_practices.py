"""Practices at the lower end: one without anybody or anything, and one with a single record of each object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.customer import Customer
from tests.journeys.conftest import Stay, stay

AT = {"created_at": "2024-07-01T09:00:00+10:00", "updated_at": "2024-07-02T09:00:00+10:00"}
SCAN = b"the only x-ray of this practice"
LINKS = {"patient_id": "p-1", "provider_id": "s-1", "location_id": "l-1"}
ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "locations": {"id": "l-1", "name": "Main Street", "timezone": "Australia/Sydney", "active": True},
    "referrers": {"id": "r-1", "practice_name": "Bay Orthodontics", "email": "bay@example.com", "active": True},
    "staff": {
        "id": "s-1", "first_name": "Ann", "last_name": "Hale", "role": "dentist", "email": "ann.hale@example.com",
        "location_id": "l-1", "active": True, "started_on": "2020-01-06",
    },
    "patients": {
        "id": "p-1", "patient_number": "1", "first_name": "Zoe", "last_name": "Fox", "gender": "female",
        "date_of_birth": "1980-02-29", "email": "zoe.fox@example.com", "mobile": "0400 000 001", "provider_id": "s-1",
        "location_id": "l-1", "referrer_id": "r-1", "family_id": "p-1", "marketing_consent": True,
        "reminder_preference": "sms", "status": "active",
    },
    "appointments": {
        "id": "a-1", **LINKS, "starts_at": "2024-07-02T09:00:00+10:00", "duration_minutes": 30, "type": "checkup",
        "status": "completed",
    },
    "treatments": {
        "id": "tr-1", **LINKS, "provider_name": "Hale, Ann", "appointment_id": "a-1", "treated_on": "2024-07-02",
        "item_code": "521", "description": "Filling", "tooth": "16", "surfaces": "MO", "fee": "180.00",
        "status": "completed",
    },
    "treatment_plans": {
        "id": "tp-1", **LINKS, "name": "Plan", "status": "accepted", "presented_on": "2024-07-01",
        "accepted_on": "2024-07-01", "estimated_total": "180.00",
    },
    "treatment_plan_lines": {
        "id": "tl-1", "plan_id": "tp-1", "patient_id": "p-1", "sequence": 1, "item_code": "521",
        "description": "Filling", "tooth": "16", "surfaces": "MO", "estimated_fee": "180.00", "status": "completed",
        "treatment_id": "tr-1", "appointment_id": "a-1",
    },
    "invoices": {
        "id": "in-1", "invoice_number": "INV-1", **LINKS, "issued_on": "2024-07-02", "due_on": "2024-07-16",
        "total": "180.00", "gst": "0.00", "paid": "180.00", "balance": "0.00", "status": "paid",
    },
    "invoice_lines": {
        "id": "il-1", "invoice_id": "in-1", "patient_id": "p-1", "treatment_id": "tr-1", "provider_id": "s-1",
        "sequence": 1, "item_code": "521", "description": "Filling", "tooth": "16", "quantity": 1,
        "unit_amount": "180.00", "gst": "0.00", "amount": "180.00",
    },
    "payments": {
        "id": "pm-1", "patient_id": "p-1", "invoice_id": "in-1", "paid_on": "2024-07-02", "amount": "180.00",
        "kind": "payment", "method": "eftpos", "reference": "1",
    },
    "payment_allocations": {
        "id": "al-1", "payment_id": "pm-1", "invoice_id": "in-1", "patient_id": "p-1", "amount": "180.00",
        "allocated_on": "2024-07-02",
    },
    "notes": {
        "id": "no-1", "patient_id": "p-1", "author_id": "s-1", "author_name": "Hale, Ann", "kind": "clinical",
        "subject": "Check-up", "body": "All well.", "format": "text", "noted_at": "2024-07-02T09:30:00+10:00",
        "appointment_id": "a-1", "treatment_id": "tr-1",
    },
    "insurance_policies": {
        "id": "ip-1", "patient_id": "p-1", "carrier": "Harbour Health", "policy_number": "HH-1",
        "coverage_type": "extras", "priority": 1, "relationship": "self", "valid_from": "2024-01-01", "active": True,
    },
    "communications": {
        "id": "co-1", "patient_id": "p-1", "staff_id": "s-1", "kind": "phone_call", "direction": "outgoing",
        "subject": "Reminder", "body": "Rang.", "occurred_at": "2024-07-01T10:00:00+10:00",
        "ended_at": "2024-07-01T10:03:00+10:00", "status": "completed",
    },
    "attachments": {
        "id": "x-1", "patient_id": "p-1", "file_id": "f-1", "name": "bitewing.png", "content_type": "image/png",
        "size": len(SCAN), "sha256": hashlib.sha256(SCAN).hexdigest(), "category": "xray",
        "captured_at": "2024-07-02T09:10:00+10:00", "treatment_id": "tr-1",
    },
}  # fmt: skip


def _practice(folder: Path, records: dict[str, dict[str, Any]]) -> list[str]:
    """The simulator's arguments for a practice of just those records."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "f-1").write_bytes(SCAN)
    for name, record in records.items():
        (folder / f"{name}.ndjson").write_text(json.dumps({**record, **AT}) + "\n")
    return ["--data", str(folder)]


@pytest.fixture(scope="module", params=["nothing", "one of each"])
def smallest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Stay]]:
    """Each of the practices in a town of its own."""
    folder = tmp_path_factory.mktemp("smallest")
    given = _practice(folder / "data", ONE_OF_EACH if request.param == "one of each" else {})
    with stay(folder, patients=0, dataverse=["--calm"], corepractice=given) as here:
        yield request.param, here


@pytest.fixture(scope="module")
def there_and_back(smallest: tuple[str, Stay]) -> dict[str, Any]:
    """The whole story, with what was seen on the way."""
    kind, here = smallest
    customer = Customer(here.town, "Small Dental")
    before = customer.export()
    run = customer.start(customer.request(delta_window_hours=1, billing_mode="both"))
    customer.approve_until_delta(run)
    customer.let_the_window_pass(run)
    verdict = customer.document(run, "verdict")["document"]
    files = customer.document(run, "files")["document"]
    rows = [line["row"] | {"table": line["table"]} for line in map(json.loads, customer.export()) if "row" in line]
    customer.decide(run, "sign-off")
    finished = customer.until(run, phase="finished")
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")
    return {
        "kind": kind, "verdict": verdict, "files": files, "rows": rows, "status": finished,
        "back": back["rollback"], "equal": customer.export() == before,
    }  # fmt: skip


def test_s2_12_the_smallest_practices_go_the_whole_way_and_are_proved(there_and_back: dict[str, Any]) -> None:
    verdict = there_and_back["verdict"]
    assert verdict["proved"], verdict
    assert (verdict["differences"], verdict["files"]["missing"], verdict["files"]["differs"]) == (0, 0, 0)


def test_s2_12_each_record_there_is_arrives_and_none_else(there_and_back: dict[str, Any]) -> None:
    counts = there_and_back["status"]["objects"]
    known_as = {"communications": "phone_calls"}
    seen = {name: counts.get(known_as.get(name, name), {}).get("extracted", 0) for name in ONE_OF_EACH}
    contacts = [row for row in there_and_back["rows"] if row["table"] == "contact"]
    if there_and_back["kind"] == "one of each":
        assert seen == dict.fromkeys(ONE_OF_EACH, 1)
        aside = {name: one["set_aside"] for name, one in counts.items() if one["set_aside"]}
        assert aside == {}
        assert [row["lastname"] for row in contacts if "|patients|" in row.get("bw_sourceid", "")] == ["Fox"]
        assert there_and_back["files"]["brought"] == {"note": 1}
        assert there_and_back["files"]["proved"]["bytes"] == len(SCAN)
    else:
        assert seen == dict.fromkeys(ONE_OF_EACH, 0)
        assert not [row for row in contacts if "|patients|" in row.get("bw_sourceid", "")]
        assert there_and_back["files"]["brought"] == {}


def test_s2_12_the_way_back_leaves_the_target_as_it_was(there_and_back: dict[str, Any]) -> None:
    assert there_and_back["back"]["held"] == 0
    assert there_and_back["equal"]
