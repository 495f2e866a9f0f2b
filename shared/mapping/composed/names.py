"""Names of rows that have none in the source. A name is shown in every list and lookup, so it says little."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from shared.mapping.composed.circumstances import Record, text
from shared.mapping.transforms import Value

Name = Callable[[Record], Value]


@lru_cache(maxsize=256)
def _in_words(slug: str) -> str:
    return slug.replace("_", " ").capitalize()


def appointment(record: Record) -> Value:
    """Its kind and when it begins."""
    at = text(record, "starts_at")[:16].replace("T", " ")
    return f"{_in_words(text(record, 'type') or 'appointment')} {at}".strip()


def _dated(word: str, field: str) -> Name:
    return lambda record: f"{word} {text(record, field)[:10] or text(record, 'id')}"


def _numbered(word: str) -> Name:
    return lambda record: f"{word} {text(record, 'sequence') or text(record, 'id')}"


def _invoice(record: Record) -> Value:
    return text(record, "invoice_number") or f"Invoice {text(record, 'id')}"


def _policy(record: Record) -> Value:
    return " ".join(filter(None, (text(record, "carrier"), text(record, "policy_number")))) or "Policy"


NAMES: dict[str, tuple[Name, tuple[str, ...]]] = {
    "appointment_name": (appointment, ("type", "starts_at")),
    "treatment_name": (_dated("Treatment", "treated_on"), ("treated_on",)),
    "plan_name": (lambda record: text(record, "name") or f"Treatment plan {text(record, 'id')}", ("name",)),
    "plan_line_name": (_numbered("Line"), ("sequence",)),
    "invoice_name": (_invoice, ("invoice_number",)),
    "invoice_line_name": (_numbered("Line"), ("sequence",)),
    "payment_name": (_dated("Payment", "paid_on"), ("paid_on",)),
    "allocation_name": (_dated("Allocation", "allocated_on"), ("allocated_on",)),
    "policy_name": (_policy, ("carrier", "policy_number")),
}
"""Each name with the fields it reads: one that must not move is not in a name either."""
