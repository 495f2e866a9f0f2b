"""A practice of thousands of ordinary records in which rare shapes are hidden, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.attachments.router import FilesPolicy
from shared.diff.pool import Pool
from shared.diff.sample import Sample
from shared.mapping.choices import Choices
from shared.mapping.compiled import compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, first_of_each, index, organisation_key
from shared.mapping.model import DERIVED
from shared.mapping.propose import propose
from tests.shared.conftest import EVERYTHING, FALLBACK, USER, made

ZONE = "Australia/Sydney"
MAPPING = propose(EVERYTHING, Choices("bw", "here", allowed=(("health", "they go on treating"),)))
LIVE = made(MAPPING)
FILES = FilesPolicy(most_base64_bytes=4_000_000, blocked_extensions=("exe",))
DAY = "2023-06-15"
STAMPS = {"created_at": f"{DAY}T09:00:00+10:00", "updated_at": f"{DAY}T09:00:00+10:00"}

Record = dict[str, Any]
Chosen = Mapping[str, list[Record]]


@dataclass
class Practice:
    """Records by source object. ``hidden`` says of a sample whether it shows what was hidden."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    hidden: list[tuple[str, Callable[[Chosen], bool]]] = field(default_factory=list)

    def put(self, source: str, at: int | None = None, **values: Any) -> Record:
        """One more record, at the end or somewhere among the others."""
        there = self.records.setdefault(source, [])
        record = {**ORDINARY[source], "id": f"{source}-{len(there)}", **STAMPS, **values}
        there.insert(len(there) if at is None else at % (len(there) + 1), record)
        return record

    def hide(self, name: str, shown: Callable[[Chosen], bool]) -> None:
        """Remember what a sample has to show."""
        self.hidden.append((name, shown))

    def sample(self, size: int) -> tuple[Chosen, dict[str, Any]]:
        """The sample, and its coverage."""
        sample = self.opened(size)
        return sample.choose(self.gathered(sample))

    def gathered(self, sample: Sample) -> Pool:
        """What a sample is chosen from, after both looks."""
        for source in sample.order:
            for record in self.records.get(source, ()):
                sample.consider(source, record)
        pool = sample.gather()
        for source in sample.order:
            pool.begin(source)
            for record in self.records.get(source, ()):
                pool.see(record)
        return pool

    def opened(self, size: int) -> Sample:
        """A sample that has not looked at anything yet."""
        known = {name: index(str(record["id"]) for record in found) for name, found in self.records.items()}
        named = [(str(one["id"]), organisation_key(one["practice_name"])) for one in self.records.get("referrers", ())]
        crosswalk = Crosswalk(
            "here",
            FALLBACK,
            users={"staff-0": USER},
            aliases={id_: first for id_, first in first_of_each(named).items() if id_ != first},
            known=known,
            sources={rule.object: rule.source for rule in MAPPING.objects},
        )
        maps = compile_objects(MAPPING, LIVE, Circumstances("here", crosswalk, files=FILES))
        return Sample(MAPPING, maps, zone=ZONE, size=size)

    @property
    def size(self) -> int:
        """How many records there are, ours not counted."""
        return sum(len(found) for name, found in self.records.items() if name not in DERIVED)


ORDINARY: dict[str, Record] = {
    "defaults": {"name": "Individual Patient"},
    "locations": {"name": "Main street", "timezone": ZONE, "active": True},
    "referrers": {"practice_name": "Referrers", "active": True},
    "staff": {"first_name": "Sam", "last_name": "Lee", "role": "dentist", "email": "s@example.com", "active": True},
    "patients": {
        "patient_number": 7, "first_name": "Ann", "last_name": "Day", "gender": "female", "date_of_birth": "1980-05-05",
        "status": "active", "marketing_consent": True, "reminder_preference": "sms",
        "custom_fields.interests": "running", "provider_id": "staff-1", "location_id": "locations-0",
    },
    "appointments": {
        "starts_at": f"{DAY}T10:00:00+10:00", "duration_minutes": 30, "type": "checkup", "status": "completed",
        "chair": "1", "provider_id": "staff-1", "location_id": "locations-0",
    },
    "treatments": {
        "treated_on": DAY, "item_code": "011", "description": "Examination", "status": "completed", "fee": "60.00",
        "clinical_notes": "Fine.", "provider_id": "staff-1", "location_id": "locations-0",
    },
    "invoices": {
        "invoice_number": "100", "issued_on": DAY, "due_on": DAY, "total": "60.00", "gst": "0.00", "paid": "60.00",
        "balance": "0.00", "status": "paid", "provider_id": "staff-1", "location_id": "locations-0",
    },
    "payments": {"paid_on": DAY, "amount": "60.00", "kind": "payment", "method": "card"},
    "notes": {
        "author_id": "staff-1", "author_name": "Sam Lee", "kind": "clinical", "subject": "Check", "body": "All well",
        "format": "text", "noted_at": f"{DAY}T11:00:00+10:00",
    },
    "insurance_policies": {
        "carrier": "Fund", "policy_number": "1", "coverage_type": "extras", "priority": 1, "relationship": "self",
        "active": True,
    },
    "communications": {
        "kind": "email", "direction": "outgoing", "subject": "Hello", "body": "Hello", "status": "completed",
        "occurred_at": f"{DAY}T12:00:00+10:00", "staff_id": "staff-1",
    },
    "attachments": {
        "file_id": "f", "name": "scan.png", "content_type": "image/png", "size": 1000, "sha256": "0" * 64,
        "category": "xray",
    },
    "payers": {"name": "Fund"},
}  # fmt: skip


def ordinary(patients: int) -> Practice:
    """Everybody has one of everything, and nothing is told apart by anything."""
    practice = Practice()
    practice.put("defaults", id="individual-patient")
    practice.put("payers", id="fund")
    practice.put("locations")
    practice.put("referrers")
    for _ in range(3):
        practice.put("staff")
    for number in range(patients):
        patient = practice.put("patients")["id"]
        appointment = practice.put("appointments", patient_id=patient)["id"]
        practice.put("treatments", patient_id=patient, appointment_id=appointment)
        invoice = practice.put("invoices", patient_id=patient)["id"]
        practice.put("payments", patient_id=patient, invoice_id=invoice)
        if number % 4 == 0:
            practice.put("notes", patient_id=patient)
            practice.put("insurance_policies", patient_id=patient)
            practice.put("communications", patient_id=patient)
            practice.put("attachments", patient_id=patient)
    return practice
