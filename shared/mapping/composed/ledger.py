"""What billing says in words and in opportunities."""

from __future__ import annotations

from collections.abc import Callable

from shared.mapping import transforms
from shared.mapping.composed.circumstances import Record, text
from shared.mapping.transforms import Value
from shared.richtext.sanitise import from_plain

CLOSED = frozenset({"paid", "void"})


def _won_amount(record: Record) -> Value:
    """What was earned: only an invoice that was paid is won (A9)."""
    return transforms.money(record.get("total")) if record.get("status") == "paid" else None


def _closed_on(record: Record) -> Value:
    return transforms.date_only(record.get("issued_on")) if record.get("status") in CLOSED else None


def _lines(*parts: tuple[str, str]) -> Callable[[Record], Value]:
    """A note that says several fields, one to a line, without those that are empty."""

    def written(record: Record) -> Value:
        said = [f"{label}: {text(record, name)}" for label, name in parts if text(record, name)]
        return from_plain("\n".join(said)) or None

    return written


LINE = (("Procedure code", "item_code"), ("Procedure", "description"), ("Tooth", "tooth"), ("Quantity", "quantity"),
        ("Unit amount", "unit_amount"), ("GST", "gst"), ("Amount", "amount"))  # fmt: skip
PAYMENT = (("Paid on", "paid_on"), ("Amount", "amount"), ("Kind", "kind"), ("Method", "method"),
           ("Reference", "reference"))  # fmt: skip
ALLOCATION = (("Allocated on", "allocated_on"), ("Amount", "amount"), ("Payment", "payment_id"))

LEDGER: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    "won_amount": (_won_amount, ("total", "status")),
    "closed_on": (_closed_on, ("issued_on", "status")),
    "invoice_line_text": (_lines(*LINE), tuple(name for _, name in LINE)),
    "payment_text": (_lines(*PAYMENT), tuple(name for _, name in PAYMENT)),
    "allocation_text": (_lines(*ALLOCATION), tuple(name for _, name in ALLOCATION)),
}
