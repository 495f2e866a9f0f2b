"""The catalogue and the simulator were written apart, from one contract: here they are held against each other."""

from __future__ import annotations

import pytest

from sandbox.corepractice import shapes
from shared.corepractice.catalog import OBJECTS, known_field, known_object
from shared.corepractice.fields import CUSTOM_PREFIX, SourceObject
from shared.schema.model import Kind

VALUES = {
    ("patients", "gender"): shapes.GENDERS,
    ("patients", "reminder_preference"): shapes.REMINDERS,
    ("patients", "status"): shapes.PATIENT_STATUSES,
    ("patients", "custom_fields.anxiety_level"): shapes.ANXIETY_LEVELS,
    ("staff", "role"): shapes.ROLES,
    ("appointments", "type"): shapes.APPOINTMENT_TYPES,
    ("appointments", "status"): shapes.APPOINTMENT_STATUSES,
    ("treatments", "status"): shapes.TREATMENT_STATUSES,
    ("treatment_plans", "status"): shapes.PLAN_STATUSES,
    ("treatment_plan_lines", "status"): shapes.PLAN_LINE_STATUSES,
    ("invoices", "status"): shapes.INVOICE_STATUSES,
    ("payments", "kind"): shapes.PAYMENT_KINDS,
    ("payments", "method"): shapes.PAYMENT_METHODS,
    ("notes", "kind"): shapes.NOTE_KINDS,
    ("notes", "format"): shapes.NOTE_FORMATS,
    ("insurance_policies", "coverage_type"): shapes.COVERAGE_TYPES,
    ("insurance_policies", "relationship"): shapes.RELATIONSHIPS,
    ("communications", "kind"): shapes.COMMUNICATION_KINDS,
    ("communications", "direction"): shapes.DIRECTIONS,
    ("communications", "status"): shapes.COMMUNICATION_STATUSES,
    ("attachments", "category"): shapes.ATTACHMENT_CATEGORIES,
}


@pytest.mark.parametrize("known", OBJECTS, ids=lambda known: known.name)
def test_every_field_of_the_contract_is_known(known: SourceObject) -> None:
    custom = [CUSTOM_PREFIX + name for name in shapes.CUSTOM_FIELDS_OF.get(known.name, ())]
    fields = [
        column for name in shapes.FIELDS[known.name] for column in (custom if name == "custom_fields" else [name])
    ]
    assert [field.name for field in known.fields] == fields
    assert known_object(known.name) is known


def test_every_pick_list_has_the_values_of_the_contract() -> None:
    choices = {
        (known.name, field.name): set(field.values)
        for known in OBJECTS
        for field in known.fields
        if field.kind is Kind.CHOICE and field.values
    }
    assert choices == {place: set(values) for place, values in VALUES.items()}


def test_every_reference_leads_to_a_known_object() -> None:
    for known in OBJECTS:
        for field in known.fields:
            assert (field.kind is Kind.LOOKUP) == (field.refers_to is not None)
            assert field.refers_to is None or known_object(field.refers_to)
            assert field.label


def test_what_is_not_in_the_catalogue_is_not_known() -> None:
    assert known_object("medical_histories") is None
    assert known_field("medical_histories", "id") is None
    assert known_field("patients", "shoe_size") is None
