"""Custom tables against the licence (N10, R103, R129, A11, A13)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from shared.schema.budget import ACKNOWLEDGE, Verdict, budget, budget_document
from shared.schema.model import Table

MANDATORY = ("TreatmentHistory", "DentalAppointment", "TreatmentPlan", "TreatmentPlanLine", "Billing")


def tables(*names: str) -> list[Table]:
    return [Table(f"bw_{name.lower()}", "", "", "", label=name, custom=True) for name in names]


@pytest.mark.parametrize(
    ("existing", "insurance", "verdict", "enough"),
    [
        (9, False, Verdict.WITHIN, 0),
        (9, True, Verdict.EXACTLY, 0),
        (10, False, Verdict.EXACTLY, 0),
        (10, True, Verdict.OVER_BUT_CAN_FIT, 1),
        (11, False, Verdict.OVER_BUT_CAN_FIT, 1),
        (11, True, Verdict.OVER_BUT_CAN_FIT, 2),
        (12, False, Verdict.OVER_BUT_CAN_FIT, 2),
        (12, True, Verdict.OVER_BUT_CAN_FIT, 3),
        (13, False, Verdict.OVER, 0),
        (13, True, Verdict.OVER, 0),
        (14, False, Verdict.OVER, 0),
        (15, False, Verdict.OVER, 0),
    ],
)
def test_r103_n10_nine_to_fifteen_tables_there_have_stated_verdicts(
    existing: int, insurance: bool, verdict: Verdict, enough: int
) -> None:
    needed = tables(*MANDATORY, *(["Insurance"] if insurance else []))
    found = budget(existing, needed)
    assert (found.verdict, found.over, len(found.enough)) == (verdict, verdict.startswith("over"), enough)
    assert (found.existing, found.needed, found.limit) == (existing, 5 + insurance, 15)
    assert f"{existing + 5 + insurance} in all" in found.text


def test_a11_five_tables_are_needed_and_a_sixth_only_for_several_policies() -> None:
    assert budget(0, tables(*MANDATORY)).needed == 5
    assert budget(0, tables(*MANDATORY, "Insurance")).needed == 6


def test_n10_each_collapse_says_what_it_saves_and_what_is_lost_from_the_cheapest_up() -> None:
    found = budget(15, tables(*MANDATORY, "Insurance", "Document"))
    assert [(one.option, one.value, one.saves) for one in found.collapses] == [
        ("files.oversize", "sharepoint", 1),
        ("options.insurance", "columns", 1),
        ("options.plan_lines", "rows", 1),
        ("options.billing_mode", "opportunity", 1),
    ]
    assert all(one.lost and one.text for one in found.collapses)


def test_what_was_chosen_already_is_not_offered_again() -> None:
    chosen = budget(14, tables("TreatmentHistory", "DentalAppointment", "TreatmentPlan"))
    assert chosen.collapses == ()
    assert "No choice is left" in chosen.text


def test_tables_of_other_publishers_prefixes_are_known_by_the_rest_of_their_name() -> None:
    assert [one.option for one in budget(15, [Table("cpm_billing", "", "", "", custom=True)]).collapses] == [
        "options.billing_mode"
    ]


def test_standard_tables_cost_nothing() -> None:
    assert budget(15, [Table("opportunity", "opportunities", "opportunityid", "name")]).needed == 0


@dataclass(frozen=True)
class Rule:
    object: str
    table: str


@dataclass(frozen=True)
class Map:
    objects: tuple[Rule, ...]


def test_a13_going_over_is_a_warning_with_the_licences_own_words_that_a_person_acknowledges() -> None:
    mapping = Map((Rule("invoices", "bw_billing"), Rule("payments", "bw_billing"), Rule("patients", "contact")))
    body = budget_document(12, tables(*MANDATORY), mapping)
    assert (body["over"], body["acknowledge"], body["verdict"]) == (True, ACKNOWLEDGE, "over-but-can-fit")
    assert "Create and modify up to 15 custom tables (per application)" in body["reason"]
    assert "No limit on number of custom tables" in body["reason"]
    assert "the migration can go on" in body["text"]
    assert "Choosing options.plan_lines=rows and options.billing_mode=opportunity would bring it within" in body["text"]
    assert [(one["objects"], one["within"]) for one in body["collapses"]] == [
        ([], False),
        (["invoices", "payments"], False),
    ]
    assert json.loads(json.dumps(body)) == body


def test_r129_within_fifteen_nothing_has_to_be_acknowledged() -> None:
    body = budget_document(0, tables(*MANDATORY))
    assert (body["over"], body["acknowledge"], body["existing"], body["needed"]) == (False, "", 0, 5)
    assert "within it, with 10 to spare" in body["text"]
