"""The same practice under other choices: no private data, billing as opportunities, large files in columns or nowhere.
The second time some of its patients are contacts before the run."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.customer import Customer, Refused
from shared.vocabulary import row_id
from tests.journeys.conftest import Stay
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

PATIENTS, SEED = 24, 3
TOWN = {
    "patients": PATIENTS,
    "seed": SEED,
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
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")["rollback"]
    return {
        "refused": refused, "mapping": mapping, "verdict": verdict, "rows": rows, "back": back,
        "before": before, "after": customer.export(),
    }  # fmt: skip


def _without_anything_unmapped(customer: Customer, run: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = customer.document(run, "mapping")["document"]
        return None if found["unmapped"] else found

    found = poll(look)
    customer.until(run, waits_for="mapping")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def private(town: Stay) -> dict[str, Any]:
    """Nothing allowed, billing as opportunities, nowhere for large files."""
    customer = town.customer("Quiet Dental")
    body = customer.request(billing_mode="opportunity", match_existing=False)
    return moved(customer, {name: part for name, part in body.items() if name not in ("privacy", "files")})


@pytest.fixture(scope="module")
def in_columns(town: Stay) -> dict[str, Any]:
    """Large files in a file column, billing as opportunities with all that is clinical, beside known contacts."""
    customer = town.customer("Column Dental")
    known = _contacts_before(Somebody(town))
    body = customer.request(billing_mode="opportunity", plan_lines="rows")
    return {**moved(customer, {**body, "files": {"oversize": "file-column"}}), **known}


def _contacts_before(somebody: Somebody) -> dict[str, Any]:
    """Three patients are contacts already: one for certain, one perhaps, and one twice."""
    patients = [p for p in Practice(Clinic(PATIENTS, SEED)).all("patients") if p["status"] == "active"]
    whole = [p for p in patients if p["email"] and p["date_of_birth"] and p["first_name"] and p["last_name"]]
    mails = [p["email"].strip().casefold() for p in whole]
    alone = [p for p in whole if mails.count(p["email"].strip().casefold()) == 1 and "@" in p["email"]][:3]
    ids = {name: str(uuid.uuid4()) for name in ("same", "alike", "one", "other")}

    def contact(name: str, patient: dict[str, Any], **more: Any) -> None:
        somebody.makes(
            "contacts", contactid=ids[name], firstname=patient["first_name"], lastname=patient["last_name"],
            emailaddress1=patient["email"], **more,
        )  # fmt: skip

    contact("same", alone[0], birthdate=alone[0]["date_of_birth"], description="Ours before")
    contact("alike", alone[1], birthdate="1901-02-03")
    contact("one", alone[2], birthdate=alone[2]["date_of_birth"])
    contact("other", alone[2], birthdate=alone[2]["date_of_birth"])
    return {"ids": ids, "alone": alone}


STORIES = ["private", "in_columns"]


@pytest.mark.parametrize("story", STORIES)
def test_under_every_choice_the_run_is_proved_and_put_back(story: str, request: pytest.FixtureRequest):
    found = request.getfixturevalue(story)
    verdict = found["verdict"]
    assert verdict["proved"], {name: value for name, value in verdict.items() if name != "objects"}
    assert found["back"]["held"] == 0, found["back"]["listed"][:5]
    assert _unstamped(found["after"], found.get("ids")) == _unstamped(found["before"], found.get("ids"))


def _unstamped(export: list[str], ids: dict[str, str] | None) -> list[str]:
    """An export without what Dataverse stamps on every change, which nobody can unmake (A17), on the contact that was
    there before and that the run changed."""
    lines = [json.loads(line) for line in export]
    for line in lines:
        if ids and line.get("id") == ids["same"]:
            for name in ("modifiedon", "modifiedby", "versionnumber"):
                line["row"].pop(name, None)
    return [json.dumps(line, sort_keys=True) for line in lines]


def test_a31_a_map_with_an_object_nobody_knows_cannot_be_approved(in_columns: dict[str, Any]):
    refused: Refused = in_columns["refused"]
    assert refused.status == 409
    assert "medical_histories" in refused.problem["detail"]
    assert {"object": "medical_histories", "field": "", "reason": HISTORIES["exclude"]} in in_columns["mapping"][
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


def test_a22_r74_notes_say_whose_they_are_and_the_verdict_says_so(in_columns: dict[str, Any]):
    assert set(in_columns["verdict"]["note_authors"]) == {"in its first line"}


def test_a15_a_file_that_no_note_can_hold_is_in_a_column_of_its_own_row(in_columns: dict[str, Any]):
    (document,) = in_columns["rows"]["bw_document"]
    assert document["bw_size"] > 5_000_000
    assert in_columns["verdict"]["files"]["bytes"] > 5_000_000


@pytest.fixture(scope="module")
def contacts(in_columns: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contacts by id, as they were at the sign-off of the run that met some."""
    return {row["contactid"]: row for row in in_columns["rows"]["contact"]}


def test_n21_the_same_person_keeps_the_contact_that_was_there(in_columns: dict[str, Any], contacts: dict[str, Any]):
    row = contacts[in_columns["ids"]["same"]]
    assert row["bw_sourceid"] == f"column-dental|patients|{in_columns['alone'][0]['id']}"
    assert row["description"] == "Ours before"
    assert row_id("column-dental", "patients", in_columns["alone"][0]["id"]) not in contacts


def test_n21_an_e_mail_and_a_name_alone_merge_nobody(in_columns: dict[str, Any], contacts: dict[str, Any]):
    assert not contacts[in_columns["ids"]["alike"]].get("bw_sourceid")
    assert row_id("column-dental", "patients", in_columns["alone"][1]["id"]) in contacts


def test_n21_who_fits_two_contacts_waits_for_a_person_and_is_listed(
    in_columns: dict[str, Any], contacts: dict[str, Any]
):
    assert in_columns["verdict"]["objects"]["patients"]["reasons"]["matches-several-contacts"] == 1
    assert not any(contacts[in_columns["ids"][name]].get("bw_sourceid") for name in ("one", "other"))


def test_r146_the_way_back_gives_the_known_contact_its_own_values_again(in_columns: dict[str, Any]):
    was, now = (
        next(line for line in _unstamped(in_columns[when], in_columns["ids"]) if in_columns["ids"]["same"] in line)
        for when in ("before", "after")
    )
    assert was == now
