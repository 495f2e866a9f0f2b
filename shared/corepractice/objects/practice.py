"""The practice itself: its locations, who refers to it, who works there."""

from __future__ import annotations

from shared.corepractice.fields import ACTIVE, ADDRESS, ID, STAMPS, Sensitivity, SourceObject, field, refers
from shared.schema.model import Kind

TEXT, DATE, CHOICE = Kind.TEXT, Kind.DATE, Kind.CHOICE
CONTACT, IDENTIFIER = Sensitivity.CONTACT, Sensitivity.IDENTIFIER

LOCATIONS = SourceObject(
    "locations", "Practice locations",
    (
        ID, field("name"), field("phone", TEXT, CONTACT), field("email", TEXT, CONTACT, label="E-mail"), *ADDRESS,
        field("timezone", label="Time zone", why="An IANA name."), ACTIVE, *STAMPS,
    ),
)  # fmt: skip

REFERRERS = SourceObject(
    "referrers", "Referring practices",
    (
        ID, field("practice_name", why="The same organisation may be there twice, spelt differently."),
        field("contact_name", TEXT, CONTACT), field("phone", TEXT, CONTACT), field("fax", TEXT, CONTACT),
        field("email", TEXT, CONTACT, label="E-mail"), *ADDRESS, ACTIVE, *STAMPS,
    ),
)  # fmt: skip

STAFF = SourceObject(
    "staff", "Staff",
    (
        ID, field("title", TEXT, CONTACT), field("first_name", TEXT, CONTACT), field("last_name", TEXT, CONTACT),
        field("role", CHOICE, Sensitivity.OPERATIONAL, "dentist", "hygienist", "oral_health_therapist", "specialist",
           "dental_assistant", "receptionist", "practice_manager"),
        field("email", TEXT, CONTACT, label="E-mail"), field("phone", TEXT, CONTACT),
        field("provider_number", TEXT, IDENTIFIER, why="Medicare gives it to a professional: it names no patient."),
        refers("location_id", "locations"), ACTIVE, field("started_on", DATE, CONTACT),
        field("left_on", DATE, CONTACT), *STAMPS,
    ),
)  # fmt: skip
