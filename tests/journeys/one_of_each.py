"""A practice with a single record of each object, as the simulator of Core Practice can be given one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

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


def practice(folder: Path, records: dict[str, dict[str, Any]]) -> list[str]:
    """The simulator's arguments for a practice of just those records."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "f-1").write_bytes(SCAN)
    for name, record in records.items():
        (folder / f"{name}.ndjson").write_text(json.dumps({**record, **AT}) + "\n")
    return ["--data", str(folder)]
