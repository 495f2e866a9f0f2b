"""A day at the practice: a reproducible script of edits, for deltas to find.

The same seed on the same state makes the same edits; only their time is the clock's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.day_of_records import DayOfRecords
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.shapes import ADDRESS, APPOINTMENT_STATUSES, REMINDERS, Record

ARCHIVE_FLIP_EVERY = 5  # of the patients updated, so often one is archived or taken out of the archive
MOST = 100_000


@dataclass(frozen=True)
class Script:
    """How many patients to create, update, delete and merge into another, and how many appointments to book or change
    by halves.

    `records` is how much happens to the objects around a visit: unless given, half as much as to patients.
    """

    seed: int = 1
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0
    appointments: int = 0
    records: int | None = None

    @property
    def strokes(self) -> int:
        return (self.created + self.updated + 1) // 2 if self.records is None else self.records

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Script:
        """Raises ValueError for anything that is not a count."""
        unknown = sorted(set(document) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(f.name for f in fields(cls))}")
        for name, value in document.items():
            if type(value) is not int or (name != "seed" and not 0 <= value <= MOST):
                raise ValueError(f"{name} must be a whole number from 0 to {MOST}")
        return cls(**document)


class _Day:
    def __init__(self, practice: Practice, seed: int) -> None:
        self.practice = practice
        self.chance = random.Random(seed)
        self.nursery = Clinic(patients=1000, seed=seed, timezone=practice.zone.key)

    def below(self, limit: int) -> int:
        return int(self.chance.random() * limit)

    def pick(self, object_name: str, wanted: Callable[[Record], bool] = lambda record: True) -> str | None:
        """A record that lists show and that is not deleted; None where a hundred tries find none."""
        for _ in range(100):
            found = self.practice.records.pick(object_name, self.chance)
            if found is None or self.practice.slip_of(object_name, found) is None:
                continue
            record = self.practice.find(object_name, found)
            if record is not None and wanted(record):
                return found
        return None

    def create_patient(self) -> str:
        grown = self.nursery.load("patients", self.below(1000))
        relations = {
            "id": None,
            "patient_number": 50_000_000 + self.below(10_000_000),
            "family_id": None,
            "provider_id": self.pick("staff", lambda staff: staff["provider_number"] is not None and staff["active"]),
            "location_id": self.pick("locations"),
            "referrer_id": self.pick("referrers"),
            "status": "active",
            "created_at": self.practice.now(),
            "updated_at": self.practice.now(),
        }
        return str(self.practice.create("patients", {**grown, **relations})["id"])

    def update_patient(self, patient: str) -> None:
        grown = self.nursery.load("patients", self.below(1000))
        edits: tuple[Record, ...] = (
            {"mobile": grown["mobile"], "email": grown["email"]},
            {name: grown[name] for name in ADDRESS},
            {"last_name": grown["last_name"], "title": "Mrs"},
            {"alert_text": "Allergic to penicillin", "custom_fields": {"anxiety_level": "severe"}},
            {"marketing_consent": self.below(2) == 0, "reminder_preference": REMINDERS[self.below(4)]},
            {"email": None, "mobile": None},
        )
        self.practice.edit("patients", patient, edits[self.below(len(edits))])

    def flip_archive(self, patient: str) -> None:
        record = self.practice.find("patients", patient)
        archived = record is not None and record["status"] == "archived"
        self.practice.edit("patients", patient, {"status": "active" if archived else "archived"})

    def book(self) -> str:
        starts = datetime.fromisoformat(self.practice.now()) + timedelta(days=1 + self.below(60))
        starts = starts.replace(hour=8 + self.below(9), minute=15 * self.below(4), second=0)
        local = datetime(*starts.timetuple()[:5], tzinfo=self.practice.zone)
        booking = {
            "patient_id": self.pick("patients", lambda patient: patient["status"] == "active"),
            "provider_id": self.pick("staff", lambda staff: staff["provider_number"] is not None and staff["active"]),
            "location_id": self.pick("locations"),
            "starts_at": local.isoformat(),
            "duration_minutes": 30,
            "type": "checkup",
            "status": "booked",
            "reason": "Rang this morning",
        }
        return str(self.practice.create("appointments", booking)["id"])

    def move_appointment(self, appointment: str) -> None:
        status = APPOINTMENT_STATUSES[self.below(len(APPOINTMENT_STATUSES))]
        reason = "Unwell" if status == "cancelled" else None
        edit = {"status": status, "cancelled_reason": reason, "chair": f"Surgery {1 + self.below(4)}"}
        self.practice.edit("appointments", appointment, edit)


def _is_listed(practice: Practice, patient: str | None, touched: set[str]) -> bool:
    return patient is not None and patient not in touched and practice.slip_of("patients", patient) is not None


def merge(practice: Practice, loser: str, survivor: str) -> dict[str, list[str]]:
    """Two patients who are one: all that belongs to the one belongs to the other now, and the one is gone. Answers with
    what was re-pointed, per object."""
    moved: dict[str, list[str]] = {}
    for name in practice.objects:
        if "patient_id" in practice.records.fields[name]:
            theirs = [str(record["id"]) for record in practice.all(name) if record["patient_id"] == loser]
            for record_id in theirs:
                practice.edit(name, record_id, {"patient_id": survivor})
            moved |= {name: theirs} if theirs else {}
    practice.remove("patients", loser)
    return moved


def apply_script(practice: Practice, script: Script) -> dict[str, Any]:
    """Make the edits; answers with the ids of what was touched, per object."""
    day = _Day(practice, script.seed)
    touched: set[str] = set()

    def fresh(object_name: str) -> str:
        found = day.pick(object_name, lambda record: record["id"] not in touched)
        if found is None:
            raise ValueError(f"there are not so many {object_name} to change")
        touched.add(found)
        return found

    created = [day.create_patient() for _ in range(script.created)]
    updated, flipped = [], []
    for turn in range(1, script.updated + 1):
        patient = fresh("patients")
        updated.append(patient)
        if turn % ARCHIVE_FLIP_EVERY == 0:
            day.flip_archive(patient)
            flipped.append(patient)
        else:
            day.update_patient(patient)
    deleted = [fresh("patients") for _ in range(script.deleted)]
    for patient in deleted:
        practice.remove("patients", patient)
    merged = []
    for _ in range(script.merged):
        booking = day.pick("appointments", lambda found: _is_listed(practice, found["patient_id"], touched))
        if booking is None:
            raise ValueError("there are not so many patients to merge")
        loser = str((practice.find("appointments", booking) or {})["patient_id"])
        touched.add(loser)
        survivor = fresh("patients")
        merge(practice, loser, survivor)
        merged.append([loser, survivor])
    booked = [day.book() for _ in range((script.appointments + 1) // 2)]
    moved = [fresh("appointments") for _ in range(script.appointments // 2)]
    for appointment in moved:
        day.move_appointment(appointment)
    others = DayOfRecords(practice, day.chance, day.pick).work(script.strokes)
    return {
        "patients": {
            **{"created": created, "updated": updated, "archive_flipped": flipped, "deleted": deleted},
            "merged": merged,
        },
        "appointments": {"created": booked, "updated": moved},
        **others,
    }
