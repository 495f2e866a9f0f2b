"""The objects and fields of Core Practice that we know, as data: what each field holds and how private it is.

A practice has fields beyond these. They are read all the same, and the inventory marks them as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.schema.model import Kind

CUSTOM_PREFIX = "custom_fields."


class Sensitivity(StrEnum):
    """How private a field is. A field we do not know counts as HEALTH until a person says otherwise."""

    OPERATIONAL = "operational"
    CONTACT = "contact"
    IDENTIFIER = "identifier"
    HEALTH = "health"
    GOVERNMENT = "government"


@dataclass(frozen=True, slots=True)
class SourceField:
    """One field. ``values`` are those a choice is known to have; empty means that each practice has its own."""

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    refers_to: str | None = None
    label: str = ""
    sensitivity: Sensitivity = Sensitivity.OPERATIONAL
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One object. Fields are in the order in which the source shows them."""

    name: str
    label: str
    fields: tuple[SourceField, ...]
    id_field: str = "id"
    custom_prefix: str = CUSTOM_PREFIX

    def field(self, name: str) -> SourceField | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


TEXT, WHOLE, YES_NO, DATE, TIME, CHOICE = (
    *(Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT, Kind.CHOICE),
)
CONTACT, IDENTIFIER, HEALTH = Sensitivity.CONTACT, Sensitivity.IDENTIFIER, Sensitivity.HEALTH
GOVERNMENT = Sensitivity.GOVERNMENT


def _f(
    name: str,
    kind: Kind = TEXT,
    sensitivity: Sensitivity = Sensitivity.OPERATIONAL,
    *values: str,
    refers_to: str | None = None,
    label: str = "",
    why: str = "",
) -> SourceField:
    readable = label or name.removeprefix(CUSTOM_PREFIX).replace("_", " ").capitalize()
    return SourceField(name, kind, values, refers_to, readable, sensitivity, why)


def _refers(name: str, to: str) -> SourceField:
    return _f(name, Kind.LOOKUP, IDENTIFIER, refers_to=to, label=name.removesuffix("_id").capitalize())


_ID = _f("id", Kind.IDENTIFIER, IDENTIFIER, label="Source id", why="Stable: every link and every later delta uses it.")
_ADDRESS = (
    _f("address_line1", TEXT, CONTACT, label="Address line 1", why="May hold several lines."),
    _f("address_line2", TEXT, CONTACT, label="Address line 2"),
    _f("suburb", TEXT, CONTACT),
    _f("state", TEXT, CONTACT),
    _f("postcode", TEXT, CONTACT, why="Text: some begin with a zero."),
    _f("country", TEXT, CONTACT),
)
_STAMPS = (
    _f("created_at", TIME, label="Created"),
    _f("updated_at", TIME, label="Updated", why="What changed since is found by it."),
)
_ACTIVE = _f("active", YES_NO)

LOCATIONS = SourceObject(
    "locations", "Practice locations",
    (
        _ID, _f("name"), _f("phone", TEXT, CONTACT), _f("email", TEXT, CONTACT, label="E-mail"), *_ADDRESS,
        _f("timezone", label="Time zone", why="An IANA name."), _ACTIVE, *_STAMPS,
    ),
)  # fmt: skip

REFERRERS = SourceObject(
    "referrers", "Referring practices",
    (
        _ID, _f("practice_name", why="The same organisation may be there twice, spelt differently."),
        _f("contact_name", TEXT, CONTACT), _f("phone", TEXT, CONTACT), _f("fax", TEXT, CONTACT),
        _f("email", TEXT, CONTACT, label="E-mail"), *_ADDRESS, _ACTIVE, *_STAMPS,
    ),
)  # fmt: skip

STAFF = SourceObject(
    "staff", "Staff",
    (
        _ID, _f("title", TEXT, CONTACT), _f("first_name", TEXT, CONTACT), _f("last_name", TEXT, CONTACT),
        _f("role", CHOICE, Sensitivity.OPERATIONAL, "dentist", "hygienist", "oral_health_therapist", "specialist",
           "dental_assistant", "receptionist", "practice_manager"),
        _f("email", TEXT, CONTACT, label="E-mail"), _f("phone", TEXT, CONTACT),
        _f("provider_number", TEXT, GOVERNMENT, why="Given by Medicare, one per person and location."),
        _refers("location_id", "locations"), _ACTIVE, _f("started_on", DATE, CONTACT),
        _f("left_on", DATE, CONTACT), *_STAMPS,
    ),
)  # fmt: skip

PATIENTS = SourceObject(
    "patients", "Patients",
    (
        _ID, _f("patient_number", WHOLE, IDENTIFIER), _f("title", TEXT, CONTACT), _f("first_name", TEXT, CONTACT),
        _f("middle_name", TEXT, CONTACT), _f("last_name", TEXT, CONTACT), _f("preferred_name", TEXT, CONTACT),
        _f("gender", CHOICE, CONTACT, "male", "female", "other", "unspecified"), _f("date_of_birth", DATE, CONTACT),
        _f("email", TEXT, CONTACT, label="E-mail", why="Families share one; children often have none."),
        _f("mobile", TEXT, CONTACT), _f("home_phone", TEXT, CONTACT), _f("work_phone", TEXT, CONTACT), *_ADDRESS,
        _f("family_id", TEXT, IDENTIFIER, label="Family", why="Groups patients; there is no object behind it."),
        _refers("provider_id", "staff"), _refers("location_id", "locations"), _refers("referrer_id", "referrers"),
        _f("occupation", TEXT, CONTACT),
        _f("medicare_number", TEXT, GOVERNMENT, why="A government identifier: not moved by default."),
        _f("marketing_consent", YES_NO, CONTACT, why="Absent means that nobody asked."),
        _f("reminder_preference", CHOICE, CONTACT, "sms", "email", "phone", "none"),
        _f("status", CHOICE, Sensitivity.OPERATIONAL, "active", "inactive", "archived", "deceased"),
        _f("alert_text", Kind.MEMO, HEALTH, label="Alert"),
        _f(CUSTOM_PREFIX + "anxiety_level", CHOICE, HEALTH, "none", "mild", "moderate", "severe"),
        _f(CUSTOM_PREFIX + "recall_interval_months", WHOLE, HEALTH),
        _f(CUSTOM_PREFIX + "prefers_morning", YES_NO, CONTACT),
        _f(CUSTOM_PREFIX + "first_visit_on", DATE, HEALTH),
        _f(CUSTOM_PREFIX + "how_heard", CHOICE, CONTACT, why="Each practice has its own list, if it keeps to one."),
        _f(CUSTOM_PREFIX + "interests", TEXT, CONTACT, why="Free text."), *_STAMPS,
    ),
)  # fmt: skip

APPOINTMENTS = SourceObject(
    "appointments", "Appointments",
    (
        _ID, _refers("patient_id", "patients"), _refers("provider_id", "staff"), _refers("location_id", "locations"),
        _f("starts_at", TIME, label="Starts"), _f("duration_minutes", WHOLE),
        _f("type", CHOICE, HEALTH, "checkup", "hygiene", "filling", "crown", "root_canal", "extraction", "orthodontic",
           "emergency", "consultation", "whitening"),
        _f("status", CHOICE, Sensitivity.OPERATIONAL, "booked", "confirmed", "arrived", "completed", "cancelled",
           "failed_to_attend"),
        _f("chair"), _f("reason", Kind.MEMO, HEALTH), _f("cancelled_reason", Kind.MEMO, HEALTH), *_STAMPS,
    ),
)  # fmt: skip

ATTACHMENTS = SourceObject(
    "attachments", "Attachments",
    (
        _ID, _refers("patient_id", "patients"), _f("file_id", TEXT, IDENTIFIER), _f("name", TEXT, HEALTH),
        _f("content_type"), _f("size", WHOLE), _f("sha256", TEXT, IDENTIFIER), *_STAMPS,
    ),
)  # fmt: skip

OBJECTS: tuple[SourceObject, ...] = (LOCATIONS, REFERRERS, STAFF, PATIENTS, APPOINTMENTS, ATTACHMENTS)
_BY_NAME = {known.name: known for known in OBJECTS}


def known_object(name: str) -> SourceObject | None:
    """The object of that name, or None when the catalogue does not have it."""
    return _BY_NAME.get(name)


def known_field(object_name: str, name: str) -> SourceField | None:
    """The field of an object, or None when the catalogue does not have it."""
    known = _BY_NAME.get(object_name)
    return known.field(name) if known else None
