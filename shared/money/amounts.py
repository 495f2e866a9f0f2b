"""Amounts as whole numbers, and which fields of the source hold them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

SCALE = 10_000
"""Dataverse keeps up to four places: a hundredth of a cent that appears there is one that moved."""

MEASURES: dict[str, dict[str, str]] = {
    "invoices": {"invoiced": "total", "gst": "gst", "paid": "paid", "balance": "balance"},
    "invoice_lines": {"lines": "amount", "lines' gst": "gst"},
    "payments": {"payments": "amount"},
    "payment_allocations": {"allocations": "amount"},
}
"""What is added up, by source object: the measure and its field."""


def amount(value: Any) -> int | None:
    """A value of the source (text) or of the target (a number), in units of 1/10,000; None for nothing and for what is
    no amount. What does not fit the scale is rounded to it."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        return int((Decimal(str(value)) * SCALE).to_integral_value())
    except InvalidOperation:
        return None


def written(units: int) -> str:
    """An amount as a person reads it: two places, or four where two would hide something."""
    exact = Decimal(units) / SCALE
    return f"{exact:,.2f}" if units % 100 == 0 else f"{exact:,.4f}"
