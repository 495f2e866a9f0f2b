"""What was billed and what was paid. Amounts are texts with two decimals, tax included, in one currency."""

from __future__ import annotations

from shared.corepractice.fields import ID, STAMPS, Sensitivity, SourceObject, field, refers
from shared.schema.model import Kind

TEXT, MEMO, WHOLE, DATE, CHOICE, MONEY = (*(Kind.TEXT, Kind.MEMO, Kind.INTEGER, Kind.DATE, Kind.CHOICE, Kind.MONEY),)
IDENTIFIER, FINANCIAL, HEALTH = Sensitivity.IDENTIFIER, Sensitivity.FINANCIAL, Sensitivity.HEALTH

INVOICES = SourceObject(
    "invoices", "Invoices",
    (
        ID, field("invoice_number", TEXT, IDENTIFIER, why="Rising; gaps are reported."),
        refers("patient_id", "patients"), refers("provider_id", "staff"), refers("location_id", "locations"),
        field("issued_on", DATE, FINANCIAL), field("due_on", DATE, FINANCIAL), field("total", MONEY, FINANCIAL),
        field("gst", MONEY, FINANCIAL, label="GST"), field("paid", MONEY, FINANCIAL),
        field("balance", MONEY, FINANCIAL),
        field("status", CHOICE, FINANCIAL, "draft", "outstanding", "paid", "void"),
        field("notes", MEMO, FINANCIAL), *STAMPS,
    ),
)  # fmt: skip

INVOICE_LINES = SourceObject(
    "invoice_lines", "Invoice lines",
    (
        ID, refers("invoice_id", "invoices"), refers("patient_id", "patients"), refers("treatment_id", "treatments"),
        refers("provider_id", "staff"), field("sequence", WHOLE), field("item_code", TEXT, HEALTH),
        field("description", TEXT, HEALTH), field("tooth", TEXT, HEALTH), field("quantity", WHOLE),
        field("unit_amount", MONEY, FINANCIAL), field("gst", MONEY, FINANCIAL, label="GST"),
        field("amount", MONEY, FINANCIAL), *STAMPS,
    ),
)  # fmt: skip

PAYMENTS = SourceObject(
    "payments", "Payments",
    (
        ID, refers("patient_id", "patients"), refers("invoice_id", "invoices"), field("paid_on", DATE, FINANCIAL),
        field("amount", MONEY, FINANCIAL, why="A refund is negative."),
        field("kind", CHOICE, FINANCIAL, "payment", "refund", "write_off"),
        field("method", CHOICE, FINANCIAL, "eftpos", "cash", "card", "bank_transfer", "health_fund", "medicare",
              "cheque"),
        field("reference", TEXT, FINANCIAL), *STAMPS,
    ),
)  # fmt: skip

PAYMENT_ALLOCATIONS = SourceObject(
    "payment_allocations", "Payment allocations",
    (
        ID, refers("payment_id", "payments"), refers("invoice_id", "invoices"), refers("patient_id", "patients"),
        field("amount", MONEY, FINANCIAL), field("allocated_on", DATE, FINANCIAL), *STAMPS,
    ),
)  # fmt: skip
