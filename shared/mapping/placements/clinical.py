"""What was done, what is planned, what was written down and scanned."""

from __future__ import annotations

from dataclasses import replace

from shared.mapping.placements.lines import (
    CHOICE,
    DATE,
    IDENTITY,
    MEMO,
    MONEY,
    TEXT,
    TIME,
    TIMES,
    WHOLE,
    Line,
    Lookup,
    Placement,
)
from shared.schema.model import Kind

PATIENT: Lookup = ("patient_id", "@PatientId", ("patients",), "Patient")
PROVIDER: Lookup = ("provider_id", "@ProviderId", ("staff",), "Provider")
LOCATION: Lookup = ("location_id", "@LocationId", ("locations",), "Location")
APPOINTMENT: Lookup = ("appointment_id", "@AppointmentId", ("appointments",), "Appointment")
TREATMENT: Lookup = ("treatment_id", "@TreatmentId", ("treatments",), "Treatment")

ITEM: tuple[Line, ...] = (
    ("item_code", "@ProcedureCode", "text", TEXT, "Procedure code"),
    ("item_code", "@ProcedureItem", "item_canonical", TEXT, "Procedure item (schedule)"),
    ("description", "@ProcedureDescription", "text", TEXT, "Procedure"),
    ("tooth", "@Tooth", "text", TEXT, "Tooth or quadrant"),
    ("tooth", "@ToothFdi", "tooth_fdi", TEXT, "Tooth (FDI)"),
    ("tooth", "@Quadrant", "tooth_quadrant", TEXT, "Quadrant"),
    ("tooth", "@ToothNotation", "tooth_notation", TEXT, "Tooth notation"),
    ("surfaces", "@Surfaces", "text", TEXT, "Surfaces"),
    ("surfaces", "@SurfacesRead", "tooth_surfaces", TEXT, "Surfaces (read)"),
)
"""The words as they are, and what they are read as beside them (A32, N18)."""

TREATMENTS = Placement(
    "treatments", "@TreatmentHistory", 4, "one to one", "Every treatment that was done, with its link (R42-R48).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "treatment_name", TEXT, "Name"),
        *ITEM,
        ("treated_on", "@TreatmentDate", "date", DATE, "Treatment date"),
        ("provider_name", "@ProviderName", "text", TEXT, "Provider name"),
        ("status", "@TreatmentStatus", "choice", CHOICE, "Treatment status"),
        ("fee", "@Fee", "money", MONEY, "Fee"),
        ("clinical_notes", "@ClinicalNotes", "text", MEMO, "Clinical notes"),
        *TIMES,
    ),
    lookups=(PATIENT, PROVIDER, APPOINTMENT, LOCATION),
    owner_from="provider_id",
    clinical=True,
)  # fmt: skip

TREATMENT_PLANS = Placement(
    "treatment_plans", "@TreatmentPlan", 3, "one to one", "Proposed and scheduled plans, with their lines (R82, A33).",
    lines=(
        *IDENTITY,
        ("name", "@Name", "plan_name", TEXT, "Name"),
        ("status", "@PlanStatus", "choice", CHOICE, "Plan status"),
        ("status", "@SourceStatus", "choice", CHOICE, "Status in source"),
        ("presented_on", "@PresentedOn", "date", DATE, "Presented on"),
        ("accepted_on", "@AcceptedOn", "date", DATE, "Accepted on"),
        ("estimated_total", "@EstimatedTotal", "money", MONEY, "Estimated total"),
        ("notes", "@Notes", "text", MEMO, "Notes"),
        *TIMES,
    ),
    lookups=(PATIENT, PROVIDER, LOCATION),
    owner_from="provider_id",
    clinical=True,
)  # fmt: skip

TREATMENT_PLAN_LINES = Placement(
    "treatment_plan_lines", "@TreatmentPlanLine", 5, "one to one",
    "Each line of a plan, linked to what came of it (A34).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "plan_line_name", TEXT, "Name"),
        ("sequence", "@Sequence", "integer", WHOLE, "Sequence"),
        *ITEM,
        ("estimated_fee", "@EstimatedCost", "money", MONEY, "Estimated cost"),
        ("status", "@PlannedOrCompleted", "choice", CHOICE, "Planned or completed"),
        ("status", "@SourceStatus", "choice", CHOICE, "Status in source"),
        *TIMES,
    ),
    lookups=(
        ("plan_id", "@PlanId", ("treatment_plans",), "Treatment plan"), PATIENT, TREATMENT, APPOINTMENT,
    ),
    clinical=True,
)  # fmt: skip

REGARDING: Lookup = ("patient_id", "objectid", ("patients",), "Regarding")

NOTES = Placement(
    "notes", "annotation", 3, "one to one; over-long notes in parts",
    "A note on the patient's timeline, with its author and time (R72-R75). Notes cannot have columns of ours.",
    lines=(
        ("subject", "subject", "note_subject", TEXT, "Title"),
        ("body", "notetext", "note_text", MEMO, "Description"),
        ("noted_at", "createdon", "instant", TIME, "Created on"),
    ),
    lookups=(REGARDING,),
    owner_from="author_id",
    clinical=True,
)  # fmt: skip

ATTACHMENTS = Placement(
    "attachments", "annotation", 3, "one to one", "A note with the file, or with where the file is (R88-R94, N20).",
    lines=(
        ("name", "subject", "attachment_subject", TEXT, "Title"),
        ("id", "notetext", "attachment_text", MEMO, "Description"),
        ("created_at", "createdon", "instant", TIME, "Created on"),
    ),
    lookups=(REGARDING,),
    clinical=True,
)  # fmt: skip

DOCUMENTS = Placement(
    "documents", "@Document", 3, "one per large file", "Files that no note can hold, in a file column (A15).",
    lines=(
        *IDENTITY,
        ("name", "@Name", "attachment_subject", TEXT, "Name"),
        ("category", "@Category", "choice", CHOICE, "Category"),
        ("content_type", "@ContentType", "text", TEXT, "Content type"),
        ("size", "@Size", "integer", WHOLE, "Size in bytes"),
        ("sha256", "@Sha256", "text", TEXT, "SHA-256"),
        ("id", "@File", "file", Kind.FILE, "File"),
        *TIMES,
    ),
    lookups=(PATIENT,),
    reads="attachments",
    clinical=True,
)  # fmt: skip


def in_one_table(entry: str) -> tuple[Placement, Placement]:
    """Plans and their lines as rows of one table, told apart by the pick-list ``entry``: it saves a table (N10)."""
    plan = replace(TREATMENT_PLANS, constants=((entry, "Entry type", "Plan"),))
    line = replace(TREATMENT_PLAN_LINES, table=TREATMENT_PLANS.table, constants=((entry, "Entry type", "Plan line"),))
    return plan, line
