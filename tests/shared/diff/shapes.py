"""Rare shapes, one for each class of defect: what is hidden, and how a sample shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.shared.diff.practices import Chosen, Practice

Hide = Callable[[Practice, int], None]


def _among(source: str, **values: Any) -> Hide:
    """One record that differs in some values; the sample shows it when the record is in it."""

    def hide(practice: Practice, at: int) -> None:
        patient = practice.records["patients"][at % len(practice.records["patients"])]["id"]
        whose = {} if source in ("patients", "staff", "referrers") else {"patient_id": patient}
        record = practice.put(source, at, **{**whose, **values})
        practice.hide(f"{source} {sorted(values)}", lambda chosen: _has(chosen, source, record["id"]))

    return hide


def _has(chosen: Chosen, source: str, id_: str) -> bool:
    return any(record["id"] == id_ for record in chosen.get(source, ()))


def a_provider_with_one_appointment(practice: Practice, at: int) -> None:
    staff = practice.put("staff", first_name="Rare")["id"]
    _among("appointments", provider_id=staff)(practice, at)
    practice.hide("its provider", lambda chosen: _has(chosen, "staff", staff))


def a_household_of_five(practice: Practice, at: int) -> None:
    family = {practice.put("patients", at + 37 * n, family_id="F-5")["id"] for n in range(5)}
    practice.hide("a household of five", lambda chosen: family <= {one["id"] for one in chosen["patients"]})


def several_policies(practice: Practice, at: int) -> None:
    patient = practice.put("patients", at)["id"]
    for priority in (1, 2):
        practice.put("insurance_policies", at + priority, patient_id=patient, priority=priority)

    def shown(chosen: Chosen) -> bool:
        return sum(one["patient_id"] == patient for one in chosen["insurance_policies"]) == 2

    practice.hide("several policies", shown)


def paid_by_somebody_else(practice: Practice, at: int) -> None:
    one, other = (practice.records["patients"][(at + n) % len(practice.records["patients"])]["id"] for n in (0, 1))
    invoice = practice.put("invoices", at, patient_id=one)["id"]
    payment = practice.put("payments", at, patient_id=other, invoice_id=invoice)["id"]
    practice.hide("the guarantor", lambda c: _has(c, "payments", payment) and _has(c, "invoices", invoice))


def a_referrer_under_two_names(practice: Practice, at: int) -> None:
    practice.put("referrers", practice_name="Hill Dental", id="r-first")
    practice.put("referrers", practice_name="HILL  DENTAL", id="r-second")
    patient = practice.put("patients", at, referrer_id="r-second")["id"]
    practice.hide("two names", lambda c: _has(c, "patients", patient) and _has(c, "referrers", "r-first"))


SHAPES: dict[str, Hide] = {
    "a pick-list value": _among("appointments", status="failed_to_attend"),
    "a pick-list value of a custom field": _among("patients", **{"custom_fields.anxiety_level": "severe"}),
    "a value no map knows, of a kind of message": _among("communications", kind="sms", direction="incoming"),
    "a state": _among("communications", status="cancelled"),
    "a provider": a_provider_with_one_appointment,
    "a name that is null": _among("patients", first_name=None),
    "a name that is an empty text": _among("patients", first_name=""),
    "a name that is nothing but space": _among("patients", first_name="  "),
    "a custom field filled": _among("patients", **{"custom_fields.recall_interval_months": 6}),
    "a custom field empty": _among("patients", **{"custom_fields.interests": None}),
    "the longest text": _among("treatments", clinical_notes="x" * 5_000),
    "a note in several parts": _among("notes", body="word " * 25_000),
    "the oldest date": _among("patients", date_of_birth="1901-02-03"),
    "the newest date": _among("treatments", treated_on="2031-01-01"),
    "before the clocks go back": _among("appointments", starts_at="2024-04-07T02:59:30+11:00"),
    "after the clocks go back": _among("appointments", starts_at="2024-04-07T02:00:10+10:00"),
    "before the clocks go forward": _among("notes", noted_at="2023-10-01T01:59:59+10:00"),
    "after the clocks go forward": _among("notes", noted_at="2023-09-30T16:00:05+00:00"),
    "a reference to nobody": _among("appointments", provider_id="nobody"),
    "no reference": _among("invoices", provider_id=None),
    "a patient nobody has": _among("treatments", patient_id="gone"),
    "a user instead of a contact": _among("treatments", provider_id="staff-0"),
    "the largest file": _among("attachments", size=2_500_000),
    "a file of a kind that is refused": _among("attachments", name="setup.exe"),
    "a file that is too large": _among("attachments", size=9_000_000),
    "an invoice that somebody else paid": paid_by_somebody_else,
    "a household": a_household_of_five,
    "several policies": several_policies,
    "a referrer under two names": a_referrer_under_two_names,
}
