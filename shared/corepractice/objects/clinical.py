"""What was done, what is planned, what was written down and scanned."""

from __future__ import annotations

from shared.corepractice.fields import CUSTOM_PREFIX, ID, STAMPS, Sensitivity, SourceField, SourceObject, field, refers
from shared.schema.model import Kind

TEXT, MEMO, WHOLE, DATE, TIME, CHOICE, MONEY = (
    *(Kind.TEXT, Kind.MEMO, Kind.INTEGER, Kind.DATE, Kind.INSTANT, Kind.CHOICE, Kind.MONEY),
)
IDENTIFIER, FINANCIAL, HEALTH = Sensitivity.IDENTIFIER, Sensitivity.FINANCIAL, Sensitivity.HEALTH

ITEM: tuple[SourceField, ...] = (
    field("item_code", TEXT, HEALTH, why="As the practice wrote it; the Australian schedule has three digits."),
    field("description", TEXT, HEALTH),
    field("tooth", TEXT, HEALTH, why="Free text: a tooth, several, or a quadrant, in one of three notations."),
    field("surfaces", TEXT, HEALTH),
)

TREATMENTS = SourceObject(
    "treatments", "Treatments",
    (
        ID, refers("patient_id", "patients"), refers("provider_id", "staff"),
        field("provider_name", TEXT, why="As printed at the time; the link is beside it."),
        refers("appointment_id", "appointments"), refers("location_id", "locations"), field("treated_on", DATE, HEALTH),
        *ITEM, field("fee", MONEY, FINANCIAL), field("status", CHOICE, HEALTH, "completed", "existing", "cancelled"),
        field("clinical_notes", MEMO, HEALTH), field(CUSTOM_PREFIX + "material", CHOICE, HEALTH),
        field(CUSTOM_PREFIX + "anaesthetic_ml", Kind.DECIMAL, HEALTH, label="Anaesthetic (ml)"), *STAMPS,
    ),
)  # fmt: skip

TREATMENT_PLANS = SourceObject(
    "treatment_plans", "Treatment plans",
    (
        ID, refers("patient_id", "patients"), refers("provider_id", "staff"), refers("location_id", "locations"),
        field("name", TEXT, HEALTH),
        field("status", CHOICE, HEALTH, "draft", "presented", "accepted", "scheduled", "completed", "declined",
              "expired"),
        field("presented_on", DATE, HEALTH), field("accepted_on", DATE, HEALTH),
        field("estimated_total", MONEY, FINANCIAL), field("notes", MEMO, HEALTH), *STAMPS,
    ),
)  # fmt: skip

TREATMENT_PLAN_LINES = SourceObject(
    "treatment_plan_lines", "Treatment plan lines",
    (
        ID, refers("plan_id", "treatment_plans"), refers("patient_id", "patients"), field("sequence", WHOLE), *ITEM,
        field("estimated_fee", MONEY, FINANCIAL),
        field("status", CHOICE, HEALTH, "planned", "scheduled", "completed", "cancelled"),
        refers("treatment_id", "treatments"), refers("appointment_id", "appointments"), *STAMPS,
    ),
)  # fmt: skip

NOTES = SourceObject(
    "notes", "Notes",
    (
        ID, refers("patient_id", "patients"), refers("author_id", "staff"), field("author_name"),
        field("kind", CHOICE, Sensitivity.OPERATIONAL, "clinical", "administrative", "alert", "phone"),
        field("subject", TEXT, HEALTH), field("body", MEMO, HEALTH),
        field("format", CHOICE, Sensitivity.OPERATIONAL, "html", "text"), field("noted_at", TIME),
        refers("appointment_id", "appointments"), refers("treatment_id", "treatments"), *STAMPS,
    ),
)  # fmt: skip

ATTACHMENTS = SourceObject(
    "attachments", "Attachments",
    (
        ID, refers("patient_id", "patients"), field("file_id", TEXT, IDENTIFIER), field("name", TEXT, HEALTH),
        field("content_type"), field("size", WHOLE), field("sha256", TEXT, IDENTIFIER),
        field("category", CHOICE, HEALTH, "xray", "photo", "consent_form", "letter", "other"),
        field("captured_at", TIME), refers("treatment_id", "treatments"), *STAMPS,
    ),
)  # fmt: skip
