"""What was said and written to whom: calls, e-mails, meetings, letters and text messages."""

from __future__ import annotations

from shared.corepractice.fields import ID, STAMPS, Sensitivity, SourceObject, field, refers
from shared.schema.model import Kind

TEXT, TIME, CHOICE = Kind.TEXT, Kind.INSTANT, Kind.CHOICE
CONTACT, HEALTH = Sensitivity.CONTACT, Sensitivity.HEALTH

COMMUNICATIONS = SourceObject(
    "communications", "Communications",
    (
        ID, refers("patient_id", "patients"), refers("staff_id", "staff"),
        field("kind", CHOICE, Sensitivity.OPERATIONAL, "phone_call", "email", "meeting", "letter", "sms"),
        field("direction", CHOICE, Sensitivity.OPERATIONAL, "incoming", "outgoing"),
        field("subject", TEXT, CONTACT), field("body", Kind.MEMO, HEALTH), field("from_address", TEXT, CONTACT),
        field("to_address", TEXT, CONTACT), field("occurred_at", TIME), field("ended_at", TIME),
        field("status", CHOICE, Sensitivity.OPERATIONAL, "completed", "cancelled", "planned"),
        field("location", TEXT, CONTACT), *STAMPS,
    ),
)  # fmt: skip
