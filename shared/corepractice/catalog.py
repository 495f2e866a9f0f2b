"""The objects and fields of Core Practice that we know, as data: what each field holds and how private it is.

A practice has fields and objects beyond these. They are read all the same, and the inventory marks them as unknown.
"""

from __future__ import annotations

from shared.corepractice.fields import SourceField, SourceObject
from shared.corepractice.objects import clinical, ledger, people, practice, talk

OBJECTS: tuple[SourceObject, ...] = (
    practice.LOCATIONS, practice.REFERRERS, practice.STAFF, people.PATIENTS, people.APPOINTMENTS, clinical.TREATMENTS,
    clinical.TREATMENT_PLANS, clinical.TREATMENT_PLAN_LINES, ledger.INVOICES, ledger.INVOICE_LINES, ledger.PAYMENTS,
    ledger.PAYMENT_ALLOCATIONS, clinical.NOTES, people.INSURANCE_POLICIES, talk.COMMUNICATIONS, clinical.ATTACHMENTS,
)  # fmt: skip
_BY_NAME = {known.name: known for known in OBJECTS}


def known_object(name: str) -> SourceObject | None:
    """The object of that name, or None when the catalogue does not have it."""
    return _BY_NAME.get(name)


def known_field(object_name: str, name: str) -> SourceField | None:
    """The field of an object, or None when the catalogue does not have it."""
    known = _BY_NAME.get(object_name)
    return known.field(name) if known else None
