"""What was billed and paid: in a Billing table of ours, as opportunities, or both (R59-R64, A8, A9).

Invoices, lines, payments and allocations share one table, told apart by a pick-list and linked to each other: a
Sales Professional licence counts tables (A11).
"""

from __future__ import annotations

from dataclasses import replace

from shared.mapping.placements.clinical import LOCATION, PATIENT, PROVIDER, TREATMENT
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
    Lookup,
    Placement,
)

ENTRY = "@EntryType"
ENTRIES = ("Invoice", "Invoice line", "Payment", "Allocation")
STAGE = "@Stage"
COMPLETED = "Treatment Completed"

INVOICE: Lookup = ("invoice_id", "@InvoiceId", ("invoices",), "Invoice")

INVOICES = Placement(
    "invoices", "@Billing", 5, "one to one", "An invoice, for practices that report on billing (R62).",
    lines=(
        *IDENTITY,
        ("invoice_number", "@Name", "invoice_name", TEXT, "Name"),
        ("invoice_number", "@InvoiceNumber", "text", TEXT, "Invoice number"),
        ("issued_on", "@IssuedOn", "date", DATE, "Issued on"),
        ("due_on", "@DueOn", "date", DATE, "Due on"),
        ("total", "@Amount", "money", MONEY, "Amount"),
        ("gst", "@Gst", "money", MONEY, "GST"),
        ("paid", "@Paid", "money", MONEY, "Paid"),
        ("balance", "@Balance", "money", MONEY, "Balance"),
        ("status", "@InvoiceStatus", "choice", CHOICE, "Invoice status"),
        ("notes", "@Notes", "text", MEMO, "Notes"),
        *TIMES,
    ),
    lookups=(PATIENT, PROVIDER, LOCATION),
    owner_from="provider_id",
    constants=((ENTRY, "Entry type", "Invoice"),),
)  # fmt: skip

INVOICE_LINES = Placement(
    "invoice_lines", "@Billing", 6, "one to one", "A line of an invoice, linked to the treatment it charges for (R64).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "invoice_line_name", TEXT, "Name"),
        ("sequence", "@Sequence", "integer", WHOLE, "Sequence"),
        ("item_code", "@ProcedureCode", "text", TEXT, "Procedure code"),
        ("description", "@ProcedureDescription", "text", TEXT, "Procedure"),
        ("tooth", "@Tooth", "text", TEXT, "Tooth or quadrant"),
        ("quantity", "@Quantity", "integer", WHOLE, "Quantity"),
        ("unit_amount", "@UnitAmount", "money", MONEY, "Unit amount"),
        ("gst", "@Gst", "money", MONEY, "GST"),
        ("amount", "@Amount", "money", MONEY, "Amount"),
        *TIMES,
    ),
    lookups=(INVOICE, PATIENT, TREATMENT, PROVIDER),
    owner_from="provider_id",
    constants=((ENTRY, "Entry type", "Invoice line"),),
)  # fmt: skip

PAYMENTS = Placement(
    "payments", "@Billing", 6, "one to one", "A payment, a refund or a write-off (R64).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "payment_name", TEXT, "Name"),
        ("paid_on", "@PaidOn", "date", DATE, "Paid on"),
        ("amount", "@Amount", "money", MONEY, "Amount"),
        ("kind", "@PaymentKind", "choice", CHOICE, "Payment kind"),
        ("method", "@PaymentMethod", "choice", CHOICE, "Payment method"),
        ("reference", "@PaymentReference", "text", TEXT, "Reference"),
        *TIMES,
    ),
    lookups=(PATIENT, INVOICE),
    constants=((ENTRY, "Entry type", "Payment"),),
)  # fmt: skip

PAYMENT_ALLOCATIONS = Placement(
    "payment_allocations", "@Billing", 7, "one to one", "Which part of a prepayment went to which invoice (N17).",
    lines=(
        *IDENTITY,
        ("id", "@Name", "allocation_name", TEXT, "Name"),
        ("allocated_on", "@AllocatedOn", "date", DATE, "Allocated on"),
        ("amount", "@Amount", "money", MONEY, "Amount"),
        *TIMES,
    ),
    lookups=(("payment_id", "@PaymentId", ("payments",), "Payment"), INVOICE, PATIENT),
    constants=((ENTRY, "Entry type", "Allocation"),),
)  # fmt: skip

OPPORTUNITIES = Placement(
    "opportunities", "opportunity", 5, "one per invoice", "An invoice as an opportunity: revenue by patient (R60, A9).",
    lines=(
        *IDENTITY,
        ("invoice_number", "name", "invoice_name", TEXT, "Topic"),
        ("invoice_number", "@InvoiceNumber", "text", TEXT, "Invoice number"),
        ("total", "estimatedvalue", "money", MONEY, "Est. revenue"),
        ("total", "actualvalue", "won_amount", MONEY, "Actual revenue"),
        ("issued_on", "estimatedclosedate", "date", DATE, "Est. close date"),
        ("issued_on", "actualclosedate", "closed_on", DATE, "Actual close date"),
        ("due_on", "@DueOn", "date", DATE, "Due on"),
        ("gst", "@Gst", "money", MONEY, "GST"),
        ("paid", "@Paid", "money", MONEY, "Paid"),
        ("balance", "@Balance", "money", MONEY, "Balance"),
        ("status", "@InvoiceStatus", "choice", CHOICE, "Invoice status"),
        ("notes", "description", "text", MEMO, "Description"),
        *TIMES,
    ),
    lookups=(("patient_id", "customerid", ("patients",), "Customer"), PROVIDER, LOCATION),
    owner_from="provider_id",
    state_from="status",
    states=(("paid", 1, 3), ("void", 2, 4), ("", 0, 1)),
    constants=((STAGE, "Stage", COMPLETED),),
    reads="invoices",
)  # fmt: skip


def _note(placement: Placement, text: str, *, source: str, column_of: tuple[str, ...]) -> Placement:
    """A line or a payment as a note, where there is no Billing table to hold it."""
    return replace(
        placement,
        table="annotation",
        why="Without a Billing table it stays as a note, so that it survives (R64).",
        lines=(
            ("id", "subject", placement.lines[1][2], TEXT, "Title"),
            ("id", "notetext", text, MEMO, "Description"),
            ("created_at", "createdon", "instant", TIME, "Created on"),
        ),
        lookups=((source, "objectid", column_of, "Regarding"),),
        constants=(),
    )


AS_NOTES: tuple[Placement, ...] = (
    _note(INVOICE_LINES, "invoice_line_text", source="invoice_id", column_of=("opportunities",)),
    replace(
        _note(PAYMENTS, "payment_text", source="invoice_id", column_of=("opportunities",)),
        only=(("invoice_id", ("*",)),),
    ),
    replace(
        _note(PAYMENTS, "payment_text", source="patient_id", column_of=("patients",)),
        object="prepayments",
        reads="payments",
        only=(("invoice_id", ("",)),),
    ),
    _note(PAYMENT_ALLOCATIONS, "allocation_text", source="invoice_id", column_of=("opportunities",)),
)
"""How lines, payments and allocations survive when billing becomes opportunities alone."""
