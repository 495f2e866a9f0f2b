"""Which default places a run uses: the objects, the tables of ours, and the lengths of the standard columns."""

from __future__ import annotations

from collections.abc import Mapping

from shared.mapping.choices import Choices
from shared.mapping.placements import clinical, ledger, organisations, people, talk
from shared.mapping.placements.lines import Placement

ADDRESS_LENGTHS = {
    "address1_line1": 250, "address1_line2": 250, "address1_city": 80, "address1_stateorprovince": 50,
    "address1_postalcode": 20, "address1_country": 80,
}  # fmt: skip
STANDARD_LENGTHS: Mapping[str, Mapping[str, int]] = {
    "account": {"name": 160, "telephone1": 50, "fax": 50, "emailaddress1": 100, **ADDRESS_LENGTHS},
    "contact": {
        "salutation": 100, "firstname": 50, "middlename": 50, "lastname": 50, "nickname": 50, "jobtitle": 100,
        "emailaddress1": 100, "mobilephone": 50, "telephone1": 50, "telephone2": 50, **ADDRESS_LENGTHS,
    },
    "opportunity": {"name": 300, "description": 2000},
    "phonecall": {"subject": 200, "description": 2000, "phonenumber": 200},
    "email": {"subject": 800, "sender": 250, "torecipients": 500},
    "appointment": {"subject": 200, "location": 200},
    "letter": {"subject": 200, "description": 2000, "address": 250},
}  # fmt: skip
"""Characters the standard columns hold (the Web API's entity reference); the live metadata has the last word."""

CUSTOM_TABLES = {
    "@DentalAppointment": ("DentalAppointment", "Dental Appointment", "Dental Appointments"),
    "@TreatmentHistory": ("TreatmentHistory", "Treatment History", "Treatment Histories"),
    "@TreatmentPlan": ("TreatmentPlan", "Treatment Plan", "Treatment Plans"),
    "@TreatmentPlanLine": ("TreatmentPlanLine", "Treatment Plan Line", "Treatment Plan Lines"),
    "@Billing": ("Billing", "Billing", "Billings"),
    "@Insurance": ("Insurance", "Insurance", "Insurances"),
    "@Document": ("Document", "Dental Document", "Dental Documents"),
}
"""Custom tables: schema name without prefix, label and plural label."""
NAME_COLUMN = "@Name"

CONSTANT_LABELS = {
    organisations.KIND: organisations.KINDS,
    people.ROLE: people.ROLES,
    ledger.ENTRY: ledger.ENTRIES,
    ledger.STAGE: (ledger.COMPLETED,),
    "@PlanEntry": ("Plan", "Plan line"),
}
FIXED_LABELS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("treatment_plans", "@PlanStatus"): {
        "draft": "Proposed", "presented": "Proposed", "accepted": "Proposed", "scheduled": "Scheduled",
        "completed": "Completed", "declined": "Cancelled", "expired": "Cancelled",
    },
    ("treatment_plan_lines", "@PlannedOrCompleted"): {
        "planned": "Planned", "scheduled": "Planned", "completed": "Completed", "cancelled": "Cancelled",
    },
}  # fmt: skip
"""Pick-lists whose labels the brief names (R87, A33). A value that nobody foresaw becomes ``Unknown``."""
UNKNOWN = "Unknown"


READS: Mapping[str, str] = {
    place.object: place.reads
    for place in (
        ledger.OPPORTUNITIES, *ledger.AS_NOTES, talk.PHONE_CALLS, talk.EMAILS, talk.MEETINGS, talk.LETTERS,
        clinical.DOCUMENTS,
    )
    if place.reads
}  # fmt: skip
"""The objects that are made from another's records."""


def placements(choices: Choices) -> tuple[Placement, ...]:
    """The places in force, given what the practice has chosen."""
    return (
        *((organisations.DEFAULTS,) if choices.default_account else ()),
        organisations.LOCATIONS, organisations.REFERRERS, organisations.PAYERS, people.STAFF, people.PATIENTS,
        people.APPOINTMENTS, clinical.TREATMENTS, *_plans(choices), *_billing(choices), clinical.NOTES,
        *((people.INSURANCE_POLICIES,) if choices.insurance == "table" else ()),
        talk.PHONE_CALLS, talk.EMAILS, talk.MEETINGS, talk.LETTERS, clinical.ATTACHMENTS,
        *((clinical.DOCUMENTS,) if choices.documents else ()),
    )  # fmt: skip


def _plans(choices: Choices) -> tuple[Placement, ...]:
    if choices.plan_lines == "table":
        return (clinical.TREATMENT_PLANS, clinical.TREATMENT_PLAN_LINES)
    return clinical.in_one_table("@PlanEntry")


def _billing(choices: Choices) -> tuple[Placement, ...]:
    table = (ledger.INVOICES, ledger.INVOICE_LINES, ledger.PAYMENTS, ledger.PAYMENT_ALLOCATIONS)
    if choices.billing_mode == "table":
        return table
    if choices.billing_mode == "both":
        return (*table, ledger.OPPORTUNITIES)
    return (ledger.OPPORTUNITIES, *ledger.AS_NOTES)
