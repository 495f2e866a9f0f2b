"""Whose a record is, and what is left of a document when somebody is erased from it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.people.erasing import PERSONAL, Scrub, Trace

ROW, OTHER = "11111111-1111-5111-8111-111111111111", "22222222-2222-5222-8222-222222222222"
IDS = {"patients": ["p-1"], "invoices": ["in-1"], "attachments": ["x-1"], "treatment_plans": ["tp-1"]}
TRACE = Trace("p-1", ids=IDS, rows={"patients": [ROW]})
SCRUB = Scrub(TRACE, {"patients": "patients", "phone_calls": "communications", "documents": "attachments"})


def test_every_object_comes_after_those_that_it_refers_to():
    order = {name: at for at, name in enumerate(PERSONAL)}
    assert order["patients"] == 0
    assert order["treatment_plans"] < order["treatment_plan_lines"]
    assert order["appointments"] < order["treatments"] < order["invoice_lines"]
    assert order["invoices"] < order["payments"] < order["payment_allocations"]
    assert {"staff", "locations", "referrers"}.isdisjoint(order)


@pytest.mark.parametrize(
    ("name", "record", "theirs"),
    [
        ("patients", {"id": "p-1"}, True),
        ("patients", {"id": "p-2", "family_id": "p-1"}, False),
        ("notes", {"id": "n-1", "patient_id": "p-1"}, True),
        ("notes", {"id": "p-1", "patient_id": "p-2"}, False),
        ("treatment_plan_lines", {"id": "tl-1", "plan_id": "tp-1", "patient_id": None}, True),
        ("treatment_plan_lines", {"id": "tl-1", "plan_id": "tp-1"}, True),
        ("treatment_plan_lines", {"id": "tl-1", "plan_id": "tp-2", "patient_id": ""}, False),
        ("payment_allocations", {"id": "al-1", "invoice_id": "in-1", "patient_id": "p-2"}, False),
    ],
)
def test_a_record_that_names_a_patient_is_theirs_and_one_that_names_none_goes_by_what_it_refers_to(
    name: str, record: dict[str, Any], theirs: bool
):
    assert TRACE.is_of(name, record) is theirs


def test_what_holds_values_loses_the_person_s_rows_and_nobody_else_s():
    body = {"objects": {"patients": {"rows": [{"row": ROW, "fields": ["Zoe"]}, {"row": OTHER, "fields": ["Bob"]}]}},
            "headlines": {"patient names": {"rows": [{"row": ROW.upper(), "source": "Zoe"}]}}}  # fmt: skip
    assert SCRUB.scrubbed("sample-diff", body) == {
        "objects": {"patients": {"rows": [{"row": OTHER, "fields": ["Bob"]}]}},
        "headlines": {"patient names": {"rows": []}},
    }


def test_a_report_gives_no_id_of_theirs_any_more_and_keeps_its_counts():
    body = {
        "count": 3,
        "listed": [
            {"object": "patients", "record": "p-1", "row": "", "reason": "r"},
            {"object": "notes", "record": "p-1", "row": "", "reason": "r"},
            {"object": "documents", "record": "x-1", "row": ROW, "reason": "r"},
        ],
    }
    said = SCRUB.scrubbed("exceptions", body)
    assert [one["record"] for one in said["listed"]] == ["erased", "p-1", "erased"]
    assert (said["count"], said["listed"][2]["row"]) == (3, ROW)


def test_a_report_about_others_stays_the_very_same():
    body = {"count": 1, "listed": [{"object": "patients", "record": "p-2", "row": "", "reason": "r"}]}
    assert SCRUB.scrubbed("exceptions", body) is body
    assert SCRUB.scrubbed("mapping", body) is body


@pytest.mark.parametrize(
    ("name", "body", "left"),
    [
        (
            "archive-gaps",
            {"base": {"patients": {"hidden": 2, "ids_not_given": ["p-1", "p-2"]}}},
            {"base": {"patients": {"hidden": 2, "ids_not_given": ["erased", "p-2"]}}},
        ),
        (
            "money",
            {
                "moved": [{"table": "t", "row": ROW, "measure": "m", "invoice": "in-1", "patient": "p-1"}],
                "off": {"patients": ["p-1", "p-2"], "invoices": ["in-1"], "families": ["p-1"]},
                "compared": {"patients": 2, "invoices": 1},
                "source": {"listed": [["in-1", "lines"], ["in-2", "lines"]]},
            },
            {
                "moved": [{"table": "t", "row": ROW, "measure": "m", "invoice": "erased", "patient": "erased"}],
                "off": {"patients": ["erased", "p-2"], "invoices": ["erased"], "families": ["erased"]},
                "compared": {"patients": 2, "invoices": 1},
                "source": {"listed": [["erased", "lines"], ["in-2", "lines"]]},
            },
        ),
        (
            "verdict",
            {"files": {"listed": [["documents", ROW, "x-1", "bytes-differ"]]}, "differences": 1},
            {"files": {"listed": [["documents", ROW, "erased", "bytes-differ"]]}, "differences": 1},
        ),
        (
            "rollback",
            {"listed": [{"where": "sharepoint", "what": "x-1", "why": "edited-since"}]},
            {"listed": [{"where": "sharepoint", "what": "erased", "why": "edited-since"}]},
        ),
        (
            "crosswalk",
            {"matched": {"p-1": ROW, "p-2": OTHER}, "ambiguous": ["p-1"], "users": {"p-1": "staff, not a patient"}},
            {"matched": {"p-2": OTHER}, "ambiguous": [], "users": {"p-1": "staff, not a patient"}},
        ),
        ("conflicts", {"fields": [{"row": ROW, "source_now": "Zoe"}]}, {"fields": []}),
    ],
)
def test_each_document_loses_the_person(name: str, body: dict[str, Any], left: dict[str, Any]):
    assert SCRUB.scrubbed(name, body) == left


def test_what_a_proof_keeps_of_their_money_goes():
    money = {"after": {"due": 5}, "off": {"patient p-1": {"due": 1}, "patient p-2": {"due": 2}},
             "moved": [["t", ROW, "due", "in-1", "p-2"], ["t", OTHER, "due", "in-2", "p-2"]]}  # fmt: skip
    left = SCRUB.without_holders({"money": money})["money"]
    assert left == {"after": {"due": 5}, "off": {"patient p-2": {"due": 2}}, "moved": [money["moved"][1]]}
    assert SCRUB.without_wrong("patients", {"ids": ["p-1", "p-2"], "held": ["p-1"], "shard": 3}) == {
        "ids": ["p-2"], "held": [], "shard": 3,
    }  # fmt: skip
