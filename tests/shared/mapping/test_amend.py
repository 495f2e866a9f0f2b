"""What a person can change about a map: fields, whole objects, stray values, and the choices that shape it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.mapping.amend import amended, chosen_anew, complaints
from shared.mapping.choices import choices, region
from shared.mapping.model import FieldMap
from shared.mapping.propose import propose
from tests.shared.conftest import CHOICES, EVERYTHING, INVENTORY
from tests.shared.mapping.everything import EVERY

HISTORIES = {"object": "medical_histories", "exclude": "kept on paper"}


def anew(inventory: dict[str, Any], *changes: dict[str, Any], chosen: Any = EVERY) -> FieldMap:
    return amended(propose(inventory, chosen_anew(chosen, changes)), changes)


def test_a31_an_object_nobody_knows_stays_unmapped_until_a_person_excludes_it_by_name(mapping: FieldMap):
    assert mapping.unmapped == ("medical_histories",)
    assert complaints(mapping, [HISTORIES]) == []
    after = anew(INVENTORY, HISTORIES, chosen=CHOICES)
    assert after.unmapped == ()
    assert [(gap.object, gap.reason) for gap in after.excluded if not gap.field] == [
        ("medical_histories", "kept on paper")
    ]


def test_leaving_out_an_object_also_drops_the_links_that_lead_to_it():
    after = anew(EVERYTHING, {"object": "treatments", "exclude": "stay where they are"})
    assert after.rule("treatments") is None
    lost = {(gap.object, gap.field) for gap in after.excluded}
    assert {("invoice_lines", "treatment_id"), ("treatment_plan_lines", "treatment_id")} <= lost


def test_a_stray_value_is_excluded_by_name():
    fields = EVERYTHING["objects"]["communications"]["fields"]
    fax = {**fields, "kind": {**fields["kind"], "values": {"fax": 3, "email": 1}}}
    objects = {**EVERYTHING["objects"], "communications": {"records": 4, "fields": fax}}
    change = {"object": "communications", "field": "kind", "value": "fax", "exclude": "nobody reads them"}
    assert complaints(propose({"objects": objects}, EVERY), [change]) == []
    after = anew({"objects": objects}, change)
    assert after.unmapped == ()
    assert ("communications", "kind=fax") in {(gap.object, gap.field) for gap in after.excluded}


def test_n10_a_choice_made_at_the_gate_reshapes_the_map():
    after = anew(EVERYTHING, {"option": "plan_lines", "value": "rows"}, {"option": "billing_mode", "value": "both"})
    tables = {rule.table for rule in after.objects}
    assert "bw_treatmentplanline" not in tables
    assert {"bw_billing", "opportunity"} <= tables
    assert anew(EVERYTHING, {"option": "insurance", "value": "columns"}).rule("insurance_policies") is None


@pytest.mark.parametrize(
    "change",
    [
        {"object": "patients", "exclude": "why not"},
        {"object": "payers", "exclude": "why not"},
        {"object": "nobody", "exclude": "why not"},
        {"object": "notes", "exclude": " "},
        {"object": "notes"},
        {"object": "communications", "field": "kind", "value": "email", "exclude": "x"},
        {"object": "treatment_plan_lines", "field": "plan_id", "exclude": "x"},
        {"option": "billing_mode", "value": "barter"},
        {"option": "prefix", "value": "xx"},
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_what_to_do(change: dict[str, Any]):
    assert len(complaints(propose(EVERYTHING, EVERY), [change])) == 1


def test_a_field_left_out_is_left_out_of_every_rule_that_reads_it():
    after = anew(EVERYTHING, {"object": "communications", "field": "body", "exclude": "too private"})
    read = {field.source for rule in after.objects if rule.source == "communications" for field in rule.fields}
    assert "body" not in read


def test_the_choices_of_a_request_say_what_may_move_and_why():
    request = {
        "source_system": "here",
        "options": {"time_zone": "Europe/London", "billing_mode": "both"},
        "privacy": {
            "health": {"allow": True, "reason": "care goes on"},
            "government": {"allow": False, "reason": "", "mode": "full"},
        },
        "files": {"oversize": "file-column"},
    }
    found = choices(request, {"objects": {}}, prefix="bw")
    assert (found.region, found.billing_mode, found.documents) == ("GB", "both", True)
    assert found.allowed == (("health", "care goes on"),)
    assert not found.allows("government")
    assert replace(found, allowed=()).allows("financial")


@pytest.mark.parametrize(
    ("zone", "expected"), [("Australia/Perth", "AU"), ("Pacific/Auckland", "NZ"), ("Europe/London", "GB"), ("", "AU")]
)
def test_the_country_of_a_telephone_number_follows_the_time_zone(zone: str, expected: str):
    assert region(zone) == expected
