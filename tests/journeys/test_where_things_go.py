"""The same practice under other choices: no private data, billing as opportunities, large files in three places."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from sandbox.customer import Customer, Refused
from tests.journeys.conftest import Stay

TOWN = {
    "patients": 30,
    "seed": 3,
    "corepractice": ["--large-file-mb", "6", "--extra-objects", "medical_histories"],
}
HISTORIES = {"object": "medical_histories", "exclude": "They stay in the practice software."}


def moved(customer: Customer, body: dict[str, Any]) -> dict[str, Any]:
    """A run up to its sign-off, undone afterwards: what the target held in between, and what was said of it."""
    before = customer.export()
    run = customer.start(body)
    customer.until(run, waits_for="mapping")
    refused = customer.refusal(lambda: customer.decide(run, "mapping"))
    customer.decide(run, "mapping", "amend", changes=[HISTORIES])
    mapping = _without_anything_unmapped(customer, run)
    customer.decide(run, "mapping")
    customer.until(run, waits_for="sample")
    customer.decide(run, "sample")
    customer.until(run, phase="delta")
    customer.api.call("POST", f"/api/migrations/{run}/pickup?close=true", b"")
    customer.until(run, waits_for="sign-off")
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, customer.export()):
        if "row" in line:
            rows.setdefault(line["table"], []).append(line["row"])
    verdict = customer.document(run, "verdict")["document"]
    library = _library(customer)
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")["rollback"]
    return {
        "refused": refused, "mapping": mapping, "verdict": verdict, "rows": rows, "back": back, "library": library,
        "equal": customer.export() == before, "library after": _library(customer),
    }  # fmt: skip


def _without_anything_unmapped(customer: Customer, run: str) -> dict[str, Any]:
    from tests.journeys.watching import poll

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = customer.document(run, "mapping")["document"]
        return None if found["unmapped"] else found

    found = poll(look)
    customer.until(run, waits_for="mapping")
    assert found is not None
    return found


def _library(customer: Customer) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{customer.town.sharepoint_url}/sandbox/export", timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    return [line for line in lines if line.get("sha256")]


@pytest.fixture(scope="module")
def private(town: Stay) -> dict[str, Any]:
    """Nothing allowed, billing as opportunities, nowhere for large files."""
    customer = town.customer("Quiet Dental")
    body = customer.request(billing_mode="opportunity", match_existing=False)
    return moved(customer, {name: part for name, part in body.items() if name not in ("privacy", "files")})


@pytest.fixture(scope="module")
def in_columns(town: Stay) -> dict[str, Any]:
    """Large files in a file column, billing as opportunities with all that is clinical."""
    customer = town.customer("Column Dental")
    body = customer.request(billing_mode="opportunity", plan_lines="rows", match_existing=False)
    return moved(customer, {**body, "files": {"oversize": "file-column"}})


@pytest.fixture(scope="module")
def in_a_library(town: Stay) -> dict[str, Any]:
    """Large files in SharePoint, notes in the name of those who wrote them."""
    customer = town.customer("Library Dental")
    return moved(customer, customer.request(match_existing=False, impersonate_authors=True))


STORIES = ["private", "in_columns", "in_a_library"]


@pytest.mark.parametrize("story", STORIES)
def test_under_every_choice_the_run_is_proved_and_put_back(story: str, request: pytest.FixtureRequest):
    found = request.getfixturevalue(story)
    verdict = found["verdict"]
    assert verdict["proved"], {name: value for name, value in verdict.items() if name != "objects"}
    assert found["back"]["held"] == 0, found["back"]["listed"][:5]
    assert found["equal"]


def test_a31_a_map_with_an_object_nobody_knows_cannot_be_approved(in_a_library: dict[str, Any]):
    refused: Refused = in_a_library["refused"]
    assert refused.status == 409
    assert "medical_histories" in refused.problem["detail"]
    assert {"object": "medical_histories", "field": "", "reason": HISTORIES["exclude"]} in in_a_library["mapping"][
        "excluded"
    ]


def test_n22_without_a_word_nothing_clinical_arrives(private: dict[str, Any]):
    assert {field["sensitivity"] for rule in private["mapping"]["objects"] for field in rule["fields"]} <= {
        "operational", "contact", "identifier", "financial",
    }  # fmt: skip
    assert "bw_treatmenthistory" not in private["rows"]
    whole = {gap["object"] for gap in private["mapping"]["excluded"] if not gap["field"]}
    assert {"treatments", "notes", "attachments", "treatment_plans"} <= whole


def test_r59_r64_lines_and_payments_survive_as_notes_on_their_opportunity(in_columns: dict[str, Any]):
    rows = in_columns["rows"]
    deals = {row["opportunityid"] for row in rows["opportunity"]}
    assert "bw_billing" not in rows
    notes = [row for row in rows["annotation"] if row.get("objectid") in deals]
    assert any("Amount:" in row["notetext"] for row in notes)
    verdict = in_columns["verdict"]["objects"]
    assert len(notes) == sum(verdict[name]["rows"] for name in ("invoice_lines", "payments", "payment_allocations"))


def test_n10_plans_and_their_lines_share_a_table(in_columns: dict[str, Any]):
    assert "bw_treatmentplanline" not in in_columns["rows"]
    assert len({row["bw_planentry"] for row in in_columns["rows"]["bw_treatmentplan"]}) == 2


def test_a22_r74_notes_are_their_authors_own_or_say_whose_they_are_and_the_verdict_says_which(
    in_a_library: dict[str, Any], in_columns: dict[str, Any]
):
    notes = [row for row in in_a_library["rows"]["annotation"] if not row.get("filename") and _is_note(row)]
    ours = {row["createdby"] for row in in_a_library["rows"]["contact"] if row.get("bw_sourceid")}
    named = [row for row in notes if row["createdby"] not in ours]
    assert all(row["createdby"] == row["ownerid"] and "Written " not in row["notetext"] for row in named)
    others = [row for row in notes if row["createdby"] in ours]
    assert all(row["notetext"].startswith("<p><em>Written ") for row in others)
    assert in_a_library["verdict"]["note_authors"] == {
        "as its creator": len(named), "in its first line": len(others),
    }  # fmt: skip
    assert len(named) > 5 < len(others)
    assert in_a_library["verdict"]["rows_made_by_others"] == {}
    assert set(in_columns["verdict"]["note_authors"]) == {"in its first line"}


def _is_note(row: dict[str, Any]) -> bool:
    return "Stored in: " not in (row.get("notetext") or "")


def test_a15_a_file_that_no_note_can_hold_is_in_a_column_of_its_own_row(in_columns: dict[str, Any]):
    (document,) = in_columns["rows"]["bw_document"]
    assert document["bw_size"] > 5_000_000
    assert in_columns["verdict"]["files"]["bytes"] > 5_000_000


def test_r94_n20_large_imaging_is_in_the_library_under_the_contact_and_goes_with_the_run(in_a_library: dict[str, Any]):
    (file,) = in_a_library["library"]
    assert file["size"] > 5_000_000
    locations = in_a_library["rows"]["sharepointdocumentlocation"]
    contacts = {row["contactid"] for row in in_a_library["rows"]["contact"]}
    assert {row["regardingobjectid"] for row in locations if row.get("regardingobjectid")} <= contacts
    assert in_a_library["verdict"]["files"]["bytes"] > 5_000_000
    assert in_a_library["library after"] == []
