"""The objects of the source and their fields, in the order records and exports show them.

The simulator's own copy of the contract: the app has another, and the two share no code, so that a mistake in
one shows up against the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

ADDRESS = ("address_line1", "address_line2", "suburb", "state", "postcode", "country")
_STAMPS = ("created_at", "updated_at")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "locations": ("id", "name", "phone", "email", *ADDRESS, "timezone", "active", *_STAMPS),
    "referrers": (
        *("id", "practice_name", "contact_name", "phone", "fax", "email"),
        *(*ADDRESS, "active", *_STAMPS),
    ),
    "staff": (
        *("id", "title", "first_name", "last_name", "role", "email", "phone", "provider_number"),
        *("location_id", "active", "started_on", "left_on", *_STAMPS),
    ),
    "patients": (
        *("id", "patient_number", "title", "first_name", "middle_name", "last_name", "preferred_name", "gender"),
        *("date_of_birth", "email", "mobile", "home_phone", "work_phone", *ADDRESS),
        *("family_id", "provider_id", "location_id", "referrer_id", "occupation", "medicare_number"),
        *("marketing_consent", "reminder_preference", "status", "alert_text", "custom_fields", *_STAMPS),
    ),
    "appointments": (
        *("id", "patient_id", "provider_id", "location_id", "starts_at", "duration_minutes", "type", "status"),
        *("chair", "reason", "cancelled_reason", *_STAMPS),
    ),
    "attachments": ("id", "patient_id", "file_id", "name", "content_type", "size", "sha256", *_STAMPS),
}

OBJECTS = tuple(FIELDS)

CUSTOM_FIELDS = (
    *("anxiety_level", "recall_interval_months", "prefers_morning", "first_visit_on", "how_heard", "interests"),
)

GENDERS = ("female", "male", "other", "unspecified")
REMINDERS = ("sms", "email", "phone", "none")
PATIENT_STATUSES = ("active", "inactive", "archived", "deceased")
ANXIETY_LEVELS = ("none", "mild", "moderate", "severe")
HOW_HEARD = ("google", "friend_or_family", "walk_by", "facebook", "doctor", "letterbox", "health_fund", "other")
ROLES = (
    *("dentist", "hygienist", "oral_health_therapist", "specialist"),
    *("dental_assistant", "receptionist", "practice_manager"),
)
CLINICIANS = frozenset(ROLES[:4])
APPOINTMENT_TYPES = (
    *("checkup", "hygiene", "filling", "crown", "root_canal"),
    *("extraction", "orthodontic", "emergency", "consultation", "whitening"),
)
APPOINTMENT_STATUSES = ("booked", "confirmed", "arrived", "completed", "cancelled", "failed_to_attend")


_BLANK = {name: dict.fromkeys(fields) for name, fields in FIELDS.items()}


def blank(object_name: str) -> Record:
    """A record of this object with every field absent, custom fields included."""
    record: Record = _BLANK[object_name].copy()
    if object_name == "patients":
        record["custom_fields"] = dict.fromkeys(CUSTOM_FIELDS)
    return record


def unknown_fields(object_name: str, record: Mapping[str, Any]) -> list[str]:
    return sorted(set(record) - set(FIELDS[object_name]))
