"""Somebody changes things behind our back: the next verdict names each of them, and nothing else (N1, A18)."""

from __future__ import annotations

import json
from typing import Any

from tests.journeys.edited_run.conftest import Case, Edits


def listed(verdict: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Everything that differs: table, row, field, outcome."""
    return {tuple(line) for found in verdict["objects"].values() for line in found["listed"]}


def test_n1_a_clean_run_says_how_every_field_is_equal(case: Case):
    assert case.first["proved"]
    outcomes = case.first["outcomes"]
    assert outcomes["equal"] + outcomes["equal-after"] == case.first["fields_verified"]
    assert outcomes["equal"] > 1000
    assert sum(case.first["normalisations"].values()) == outcomes["equal-after"]


def test_n2_each_record_of_the_practice_ends_in_one_bucket(case: Case):
    body = case.customer.document(case.run, "conservation")["document"]
    assert case.first["conservation"] == {"holds": True, "broken": []}
    assert set(body["objects"]) >= {"patients", "communications", "treatments", "invoices", "attachments"}
    for name, found in body["objects"].items():
        ends = sum(found[bucket] for bucket in ("created", "updated", "matched", "excluded", "set-aside", "missing"))
        assert ends == found["staged"] - found["replaced"] + found["brought_by_deltas"], name
    assert len(body["objects"]["treatments"]["providers"]) > 1
    assert len(body["objects"]["treatments"]["months"]) > 3


def test_n17_the_money_of_the_practice_is_the_same_before_and_after(case: Case):
    assert case.first["money"] == {"holds": True, "broken": 0}


def test_n17_a_cent_that_moved_is_named_with_its_row_patient_and_family(second: dict[str, Any], edits: Edits):
    body = second["statement"]
    assert second["money"] == {"holds": False, "broken": 2}
    assert [(line["table"], line["row"], line["measure"]) for line in body["moved"]] == [
        ("bw_billing", row, "payments") for table, row, *_ in edits.lines if table == "bw_billing"
    ]
    assert [one["object"] for one in body["broken"]] == ["payments"]
    assert body["off"]["patients"] == [body["moved"][0]["patient"]]
    assert len(body["off"]["families"]) == 1
    assert body["compared"]["invoices"] > 20 < body["compared"]["patients"]


def test_r2_n1_each_change_is_reported_with_its_table_row_and_field_and_nothing_else_is(
    second: dict[str, Any], edits: Edits
):
    found = {(table, row, "*" if what == "missing" else column, what) for table, row, column, what in listed(second)}
    assert found == edits.lines
    assert not second["proved"]
    assert second["rows_edited_since"] == 5


def test_n1_a_row_nobody_expected_is_named(second: dict[str, Any], edits: Edits):
    assert second["unexpected"] == [["contact", edits.stray]]
    assert second["rows_unexpected"] == {"contact": 1}


def test_n1_one_byte_of_a_file_is_found(second: dict[str, Any], edits: Edits):
    assert second["files"]["differs"] == 1
    assert [(line[1], line[3]) for line in second["files"]["listed"] if line[3] == "bytes-differ"] == [
        (edits.file, "bytes-differ")
    ]


def test_the_verdict_is_versioned_and_its_digests_tell_what_changed(case: Case, second: dict[str, Any]):
    assert second["version"] == case.first["version"] + 1
    changed = {
        name for name, found in second["objects"].items() if found["digest"] != case.first["objects"][name]["digest"]
    }
    assert changed == {"patients", "appointments", "payments", "treatment_plan_lines"}


def test_r131_the_verdict_and_its_exceptions_are_pages_and_sheets(case: Case, second: dict[str, Any]):
    page = case.customer.report(case.run, "verdict", "html").decode()
    assert second["headline"] in page
    assert "Not proved" in page
    sheet = case.customer.report(case.run, "exceptions", "csv").decode("utf-8-sig").splitlines()
    listed = case.customer.document(case.run, "exceptions")["document"]
    assert len(sheet) == 1 + listed["count"]
    assert {"differs", "missing", "unexpected", "bytes-differ"} <= set(listed["counts"])
    assert "<td>" in case.customer.report(case.run, "sample-diff", "html").decode()


def test_a18_a_repair_writes_again_what_nobody_edited_and_lists_the_rest(case: Case, second: dict[str, Any]):
    third = case.asks("repair", {"how": "rewrite", "by": "Dr Practice"})
    assert third["differences"] == 0
    assert third["files"]["differs"] == 0
    kept = {name: found["reasons"].get("edit-kept") for name, found in third["objects"].items()}
    assert sum(count or 0 for count in kept.values()) == 5
    assert third["because"] == {"rows nobody expected": 1}


def test_a18_a_repair_that_may_overwrite_leaves_nothing_different(case: Case, edits: Edits):
    by, person = case.somebody, case.one("contact")
    by.removes("contacts", edits.stray)
    by.changes("contacts", person["contactid"], lastname="Other")
    verdict = case.asks("repair", {"how": "overwrite", "by": "Dr Practice"})
    assert verdict["proved"], verdict["because"]
    assert verdict["files"]["refused"] == {}
    assert not any({"edited-since", "edit-kept"} & set(found["reasons"]) for found in verdict["objects"].values())
    names = {id_: row["lastname"] for id_, row in case.exported()["contact"].items()}
    assert names[person["contactid"]] == person["lastname"]
    for name, found in verdict["objects"].items():
        assert found["digest"] == case.first["objects"][name]["digest"], name


def test_a18_what_a_person_leaves_as_it_is_counts_as_set_aside(case: Case):
    person = case.in_order("contact")[5]
    case.somebody.changes("contacts", person["contactid"], lastname="Married")
    assert case.asks("verify")["differences"] == 1
    verdict = case.asks("repair", {"how": "set-aside", "by": "Dr Practice"})
    assert verdict["proved"], verdict["because"]
    assert sum(found["reasons"].get("left-as-it-is", 0) for found in verdict["objects"].values()) == 1


def test_a_verdict_can_be_asked_for_after_the_sign_off(case: Case):
    case.customer.decide(case.run, "sign-off")
    case.customer.until(case.run, phase="finished")
    assert case.asks("verify", back_at="finished")["proved"]


def test_there_is_nothing_to_repair_where_nothing_differs(case: Case):
    refused = case.customer.refusal(
        lambda: case.customer.api.call("POST", f"/api/migrations/{case.run}/repair", {"by": "Dr Practice"})
    )
    assert refused.status == 409
    assert "nothing-to-repair" in json.dumps(refused.problem)
