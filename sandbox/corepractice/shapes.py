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
        *("family_id", "provider_id", "location_id", "referrer_id", "occupation", "medicare_number", "dva_number"),
        *("marketing_consent", "reminder_preference", "status", "alert_text", "custom_fields", *_STAMPS),
    ),
    "appointments": (
        *("id", "patient_id", "provider_id", "location_id", "starts_at", "duration_minutes", "type", "status"),
        *("chair", "reason", "cancelled_reason", *_STAMPS),
    ),
    "treatments": (
        *("id", "patient_id", "provider_id", "provider_name", "appointment_id", "location_id", "treated_on"),
        *("item_code", "description", "tooth", "surfaces", "fee", "status", "clinical_notes", "custom_fields"),
        *_STAMPS,
    ),
    "treatment_plans": (
        *("id", "patient_id", "provider_id", "location_id", "name", "status", "presented_on", "accepted_on"),
        *("estimated_total", "notes", *_STAMPS),
    ),
    "treatment_plan_lines": (
        *("id", "plan_id", "patient_id", "sequence", "item_code", "description", "tooth", "surfaces"),
        *("estimated_fee", "status", "treatment_id", "appointment_id", *_STAMPS),
    ),
    "invoices": (
        *("id", "invoice_number", "patient_id", "provider_id", "location_id", "issued_on", "due_on"),
        *("total", "gst", "paid", "balance", "status", "notes", *_STAMPS),
    ),
    "invoice_lines": (
        *("id", "invoice_id", "patient_id", "treatment_id", "provider_id", "sequence", "item_code", "description"),
        *("tooth", "quantity", "unit_amount", "gst", "amount", *_STAMPS),
    ),
    "payments": (*("id", "patient_id", "invoice_id", "paid_on", "amount", "kind", "method", "reference", *_STAMPS),),
    "payment_allocations": ("id", "payment_id", "invoice_id", "patient_id", "amount", "allocated_on", *_STAMPS),
    "notes": (
        *("id", "patient_id", "author_id", "author_name", "kind", "subject", "body", "format", "noted_at"),
        *("appointment_id", "treatment_id", *_STAMPS),
    ),
    "insurance_policies": (
        *("id", "patient_id", "carrier", "policy_number", "group_number", "coverage_type", "priority"),
        *("subscriber_name", "relationship", "valid_from", "valid_to", "active", *_STAMPS),
    ),
    "communications": (
        *("id", "patient_id", "staff_id", "kind", "direction", "subject", "body", "from_address", "to_address"),
        *("occurred_at", "ended_at", "status", "location", *_STAMPS),
    ),
    "attachments": (
        *("id", "patient_id", "file_id", "name", "content_type", "size", "sha256"),
        *("category", "captured_at", "treatment_id", *_STAMPS),
    ),
}

OBJECTS = tuple(FIELDS)

# Objects of some practices that the contract does not know; a clinic has them where they are asked for by name.
EXTRA_FIELDS: Mapping[str, tuple[str, ...]] = {
    "medical_histories": ("id", "patient_id", "question", "answer", "recorded_on", *_STAMPS),
}

CUSTOM_FIELDS = (
    *("anxiety_level", "recall_interval_months", "prefers_morning", "first_visit_on", "how_heard", "interests"),
)
CUSTOM_FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "patients": CUSTOM_FIELDS,
    "treatments": ("material", "anaesthetic_ml"),
}

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
TREATMENT_STATUSES = ("completed", "existing", "cancelled")
MATERIALS = ("composite", "amalgam", "glass_ionomer", "ceramic", "zirconia", "gold")
PLAN_STATUSES = ("draft", "presented", "accepted", "scheduled", "completed", "declined", "expired")
PLAN_LINE_STATUSES = ("planned", "scheduled", "completed", "cancelled")
INVOICE_STATUSES = ("draft", "outstanding", "paid", "void")
PAYMENT_KINDS = ("payment", "refund", "write_off")
PAYMENT_METHODS = ("eftpos", "cash", "card", "bank_transfer", "health_fund", "medicare", "cheque")
NOTE_KINDS = ("clinical", "administrative", "alert", "phone")
NOTE_FORMATS = ("html", "text")
COVERAGE_TYPES = ("hospital", "extras", "combined", "dental")
RELATIONSHIPS = ("self", "spouse", "parent", "other")
COMMUNICATION_KINDS = ("phone_call", "email", "meeting", "letter", "sms")
DIRECTIONS = ("incoming", "outgoing")
COMMUNICATION_STATUSES = ("completed", "cancelled", "planned")
ATTACHMENT_CATEGORIES = ("xray", "photo", "consent_form", "letter", "other")

PREFIXES: Mapping[str, str] = {  # how ids of seeded records begin, and of those entered during the day
    **{"locations": "l-", "referrers": "r-", "staff": "s-", "patients": "p-", "appointments": "a-"},
    **{"treatments": "tr-", "treatment_plans": "tp-", "treatment_plan_lines": "tl-"},
    **{"invoices": "in-", "invoice_lines": "il-", "payments": "pm-", "payment_allocations": "al-"},
    **{"notes": "no-", "insurance_policies": "ip-", "communications": "co-", "attachments": "x-"},
    "medical_histories": "mh-",
}


def _empty(object_name: str, fields: tuple[str, ...]) -> Record:
    record: Record = dict.fromkeys(fields)
    if "custom_fields" in record:
        record["custom_fields"] = dict.fromkeys(CUSTOM_FIELDS_OF.get(object_name, ()))
    return record


_BLANK = {name: _empty(name, fields) for name, fields in (*FIELDS.items(), *EXTRA_FIELDS.items())}


def blank(object_name: str, fields: tuple[str, ...] = ()) -> Record:
    """A record of this object with every field absent, custom fields included; `fields` for unknown objects."""
    record: Record = _BLANK[object_name].copy() if object_name in _BLANK else dict.fromkeys(fields)
    if "custom_fields" in record:
        record["custom_fields"] = dict(record["custom_fields"])
    return record
