"""Every object of the brief has its table, and everything in it a place or an exclusion (R95-R98, R120, A31)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap, document
from shared.mapping.propose import propose
from shared.mapping.rows import SetAside
from shared.mapping.wanted import tables
from shared.schema.model import Kind
from shared.vocabulary import row_id
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled, row


def test_a31_everything_the_catalogue_knows_is_mapped_or_excluded_by_name(everything: FieldMap):
    assert everything.unmapped == ()
    for name, found in EVERYTHING["objects"].items():
        rules = [rule for rule in everything.objects if rule.source == name]
        assert rules, name
        gaps = {gap.field for gap in everything.excluded if gap.object == name}
        covered = {field.source for rule in rules for field in rule.fields} | gaps
        covered |= {rule.owner_from for rule in rules} | {part for r in rules for part in r.state_from.split("/")}
        left = set(found["fields"]) - covered - {"id"}  # what a row is, if not what it says
        assert left <= _read_along(name), (name, left)


def _read_along(name: str) -> set[str]:
    """Fields that stand inside a text, a party or a choice of rule, and need no column of their own."""
    return {
        "notes": {"author_name", "format", "kind", "appointment_id", "treatment_id", "created_at", "updated_at"},
        "attachments": {"file_id", "captured_at", "treatment_id", "content_type", "size", "sha256", "category",
                        "updated_at"},
        "communications": {"kind"},
    }.get(name, set())  # fmt: skip


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("patients", "contact"), ("staff", "contact"), ("locations", "account"), ("referrers", "account"),
        ("payers", "account"), ("treatments", "bw_treatmenthistory"), ("appointments", "bw_dentalappointment"),
        ("invoices", "bw_billing"), ("invoice_lines", "bw_billing"), ("payments", "bw_billing"),
        ("payment_allocations", "bw_billing"), ("notes", "annotation"), ("insurance_policies", "bw_insurance"),
        ("treatment_plans", "bw_treatmentplan"), ("treatment_plan_lines", "bw_treatmentplanline"),
        ("attachments", "annotation"), ("phone_calls", "phonecall"), ("emails", "email"),
        ("meetings", "appointment"), ("letters", "letter"),
    ],
)  # fmt: skip
def test_r120_every_object_of_the_brief_has_its_table(every: dict[str, ObjectMap], name: str, table: str):
    assert every[name].table.name == table


def test_a2_each_rule_states_its_cardinality(everything: FieldMap):
    assert all(rule["cardinality"] for rule in document(everything)["objects"])


def test_r97_a1_compatibility_counts_rules_objects_and_tables(everything: FieldMap):
    facts = document(everything)["compatibility"]
    assert facts["mapping_rules"] == len(everything.objects)
    assert facts["source_objects_mapped"] == len(EVERYTHING["objects"]) == 16
    assert facts["target_tables"] == len({rule.table for rule in everything.objects})


def test_r96_every_field_says_how_and_why(everything: FieldMap):
    for rule in everything.objects:
        assert rule.why
        assert all(field.why and field.transform for field in rule.fields)


def test_n22_without_a_word_no_health_or_government_field_moves():
    mapping = propose(EVERYTHING, replace(EVERY, allowed=()))
    assert {field.sensitivity for rule in mapping.objects for field in rule.fields} <= {
        "operational", "contact", "identifier", "financial",
    }  # fmt: skip
    whole = {gap.object for gap in mapping.excluded if not gap.field}
    assert {"treatments", "treatment_plans", "treatment_plan_lines", "notes", "attachments"} <= whole
    lost = next(gap for gap in mapping.excluded if (gap.object, gap.field) == ("invoice_lines", "treatment_id"))
    assert "treatments" in lost.reason
    appointment = compiled(mapping)["appointments"]
    found = row(appointment, type="extraction", starts_at="2024-04-07T02:30:00+10:00")
    assert "xtraction" not in str(found.values)


def test_n22_created_columns_of_guarded_classes_are_secured_and_the_gate_shows_the_reason(everything: FieldMap):
    guarded = [f for rule in everything.objects for f in rule.fields if f.sensitivity in ("health", "government")]
    assert guarded
    assert all(field.secured == (field.custom and field.kind is not Kind.LOOKUP) for field in guarded)
    wanted = {field.name for table in tables(everything) for field in table.fields if field.secured}
    assert {"bw_clinicalnotes", "bw_alert", "bw_toothfdi", "bw_medicarenumber"} <= wanted
    shown = document(everything)["privacy"]
    assert shown["health"]["reason"] == "the practice goes on treating them"
    assert shown["health"]["fields"] > shown["health"]["secured"] > 0
    assert set(shown) == {"operational", "contact", "identifier", "financial", "health", "government"}


def test_a30_r22_locations_are_accounts_that_appointments_billing_and_staff_point_to(every: dict[str, ObjectMap]):
    there = row_id("here", "locations", "L1")
    for name in ("appointments", "treatments", "invoices", "staff", "patients", "treatment_plans"):
        assert row(every[name], id="S2" if name == "staff" else "X1", location_id="L1").values["bw_locationid"] == there


def test_a_reference_that_leads_nowhere_is_left_empty_unless_the_row_needs_it(every: dict[str, ObjectMap]):
    assert row(every["treatments"], appointment_id="A9").values["bw_appointmentid"] is None
    assert every["treatments"].rows({"id": "1", "patient_id": "P9"}) == SetAside("parent-missing", "bw_patientid")
