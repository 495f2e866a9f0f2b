"""Patients, their appointments and their insurance."""

from __future__ import annotations

from shared.corepractice.fields import ADDRESS, CUSTOM_PREFIX, ID, STAMPS, Sensitivity, SourceObject, field, refers
from shared.schema.model import Kind

TEXT, WHOLE, YES_NO, DATE, TIME, CHOICE = (
    *(Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT, Kind.CHOICE),
)
CONTACT, IDENTIFIER, HEALTH = Sensitivity.CONTACT, Sensitivity.IDENTIFIER, Sensitivity.HEALTH
GOVERNMENT, FINANCIAL = Sensitivity.GOVERNMENT, Sensitivity.FINANCIAL

PATIENTS = SourceObject(
    "patients", "Patients",
    (
        ID, field("patient_number", WHOLE, IDENTIFIER), field("title", TEXT, CONTACT),
        field("first_name", TEXT, CONTACT), field("middle_name", TEXT, CONTACT), field("last_name", TEXT, CONTACT),
        field("preferred_name", TEXT, CONTACT),
        field("gender", CHOICE, CONTACT, "male", "female", "other", "unspecified"),
        field("date_of_birth", DATE, CONTACT),
        field("email", TEXT, CONTACT, label="E-mail", why="Families share one; children often have none."),
        field("mobile", TEXT, CONTACT), field("home_phone", TEXT, CONTACT), field("work_phone", TEXT, CONTACT),
        *ADDRESS,
        field("family_id", TEXT, IDENTIFIER, label="Family", why="Groups patients; there is no object behind it."),
        refers("provider_id", "staff"), refers("location_id", "locations"), refers("referrer_id", "referrers"),
        field("occupation", TEXT, CONTACT),
        field("medicare_number", TEXT, GOVERNMENT, why="A government identifier: not moved by default."),
        field("dva_number", TEXT, GOVERNMENT, label="DVA number", why="A government identifier: not moved by default."),
        field("marketing_consent", YES_NO, CONTACT, why="Absent means that nobody asked."),
        field("reminder_preference", CHOICE, CONTACT, "sms", "email", "phone", "none"),
        field("status", CHOICE, Sensitivity.OPERATIONAL, "active", "inactive", "archived", "deceased"),
        field("alert_text", Kind.MEMO, HEALTH, label="Alert"),
        field(CUSTOM_PREFIX + "anxiety_level", CHOICE, HEALTH, "none", "mild", "moderate", "severe"),
        field(CUSTOM_PREFIX + "recall_interval_months", WHOLE, HEALTH),
        field(CUSTOM_PREFIX + "prefers_morning", YES_NO, CONTACT),
        field(CUSTOM_PREFIX + "first_visit_on", DATE, HEALTH),
        field(CUSTOM_PREFIX + "how_heard", CHOICE, CONTACT, why="Each practice has its own list, if it keeps to one."),
        field(CUSTOM_PREFIX + "interests", TEXT, CONTACT, why="Free text."), *STAMPS,
    ),
)  # fmt: skip

APPOINTMENTS = SourceObject(
    "appointments", "Appointments",
    (
        ID, refers("patient_id", "patients"), refers("provider_id", "staff"), refers("location_id", "locations"),
        field("starts_at", TIME, label="Starts"), field("duration_minutes", WHOLE),
        field("type", CHOICE, HEALTH, "checkup", "hygiene", "filling", "crown", "root_canal", "extraction",
              "orthodontic", "emergency", "consultation", "whitening"),
        field("status", CHOICE, Sensitivity.OPERATIONAL, "booked", "confirmed", "arrived", "completed", "cancelled",
           "failed_to_attend"),
        field("chair"), field("reason", Kind.MEMO, HEALTH), field("cancelled_reason", Kind.MEMO, HEALTH), *STAMPS,
    ),
)  # fmt: skip

INSURANCE_POLICIES = SourceObject(
    "insurance_policies", "Insurance policies",
    (
        ID, refers("patient_id", "patients"),
        field("carrier", TEXT, FINANCIAL, why="One fund may be spelt in several ways."),
        field("policy_number", TEXT, IDENTIFIER), field("group_number", TEXT, IDENTIFIER),
        field("coverage_type", CHOICE, FINANCIAL, "hospital", "extras", "combined", "dental"),
        field("priority", WHOLE, why="1 is the primary policy."), field("subscriber_name", TEXT, CONTACT),
        field("relationship", CHOICE, CONTACT, "self", "spouse", "parent", "other"),
        field("valid_from", DATE, FINANCIAL), field("valid_to", DATE, FINANCIAL), field("active", YES_NO), *STAMPS,
    ),
)  # fmt: skip
