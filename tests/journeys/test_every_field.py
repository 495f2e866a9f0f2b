"""Somebody changes things behind our back: the next verdict names each of them, and nothing else (N1, A18)."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.customer import Customer
from tests.journeys.conftest import Stay
from tests.journeys.somebody import Somebody

TOWN = {"patients": 40, "seed": 3}
Rows = dict[str, list[dict[str, Any]]]
Lines = set[tuple[str, str, str, str]]


class Case:
    """A run that was proved, and the target as it was then."""

    def __init__(self, stay: Stay) -> None:
        self.customer: Customer = stay.customer("Harbour Dental")
        self.somebody = Somebody(stay)
        self.run = self.customer.start(self.customer.request())
        self.customer.approve_until_delta(self.run)
        self.customer.api.call("POST", f"/api/migrations/{self.run}/pickup?close=true", b"")
        self.customer.until(self.run, waits_for="sign-off")
        self.first = self.verdict()
        self.rows = self.exported()

    def verdict(self) -> dict[str, Any]:
        """The document as it is now."""
        document: dict[str, Any] = self.customer.document(self.run, "verdict")["document"]
        return document

    def exported(self) -> Rows:
        """The rows of the target by table, those that bear a source id."""
        rows: Rows = {}
        for line in map(json.loads, self.customer.export()):
            if line.get("row", {}).get("bw_sourceid") or line.get("table") == "annotation":
                rows.setdefault(line["table"], []).append(line["row"])
        return rows

    def asks(self, what: str, body: dict[str, Any] | None = None, *, back_at: str = "sign-off") -> dict[str, Any]:
        """Verify or repair, and wait for the verdict."""
        turn = self.verdict()["turn"]
        self.customer.api.call("POST", f"/api/migrations/{self.run}/{what}", body or b"")
        deadline = time.monotonic() + 120
        while self.verdict()["turn"] == turn:
            assert time.monotonic() < deadline, self.customer.status(self.run)
            time.sleep(0.2)
        if back_at == "sign-off":
            self.customer.until(self.run, waits_for="sign-off")
        else:
            self.customer.until(self.run, phase=back_at)
        return self.verdict()

    def one(self, table: str, fits: Callable[[dict[str, Any]], Any] = lambda row: True) -> dict[str, Any]:
        """The first row of a table that fits, by id."""
        key = "activityid" if "activityid" in self.rows[table][0] else f"{table}id"
        return next(row for row in sorted(self.rows[table], key=lambda row: str(row[key])) if fits(row))


def listed(verdict: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Everything that differs: table, row, field, outcome."""
    return {tuple(line) for found in verdict["objects"].values() for line in found["listed"]}


@pytest.fixture(scope="module")
def case(town: Stay) -> Case:
    return Case(town)


@pytest.fixture(scope="module")
def changed(case: Case) -> set[tuple[str, str, str, str]]:
    """One character, one lookup, one hour, one cent, one choice, one byte of a file, a row gone, a row too many: what
    the next verdict has to say about fields and rows."""
    by = case.somebody
    person, other = sorted(case.rows["contact"], key=lambda row: str(row["contactid"]))[:2]
    by.changes("contacts", person["contactid"], firstname=f"{person['firstname']}x")
    accounts = {row["accountid"] for row in case.rows["account"]} - {other["parentcustomerid"]}
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({min(accounts)})"}
    by.changes("contacts", other["contactid"], **bind)
    visit = case.one("bw_dentalappointment")
    hour_later = datetime.fromisoformat(visit["bw_startson"]) + timedelta(hours=1)
    by.changes(by.set_of("bw_dentalappointment"), visit["bw_dentalappointmentid"], bw_startson=hour_later.isoformat())
    bill = case.one("bw_billing", lambda row: row.get("bw_paymentmethod"))
    by.changes(by.set_of("bw_billing"), bill["bw_billingid"], bw_amount=round(bill["bw_amount"] + 0.01, 2))
    kinds = {row["bw_appointmentstatus"] for row in case.rows["bw_dentalappointment"]}
    done = case.one("bw_dentalappointment", lambda row: row is not visit)
    by.changes(
        by.set_of("bw_dentalappointment"),
        done["bw_dentalappointmentid"],
        bw_appointmentstatus=min(kinds - {done["bw_appointmentstatus"]}),
    )
    line = case.one("bw_treatmentplanline")
    by.removes(by.set_of("bw_treatmentplanline"), line["bw_treatmentplanlineid"])
    gone = {("bw_treatmentplanline", line["bw_treatmentplanlineid"])}
    return {
        ("contact", person["contactid"], "firstname", "differs"),
        ("contact", other["contactid"], "parentcustomerid", "differs"),
        ("bw_dentalappointment", visit["bw_dentalappointmentid"], "bw_startson", "differs"),
        ("bw_billing", bill["bw_billingid"], "bw_amount", "differs"),
        ("bw_dentalappointment", done["bw_dentalappointmentid"], "bw_appointmentstatus", "differs"),
        *((table, row, "*", "missing") for table, row in gone),
    }


@pytest.fixture(scope="module")
def stray(case: Case) -> str:
    """A row that bears the run's number, and that no record of the source became."""
    id_ = str(uuid.uuid4())
    number = case.one("contact")["importsequencenumber"]
    case.somebody.makes("contacts", contactid=id_, lastname="Nobody", importsequencenumber=number)
    return id_


@pytest.fixture(scope="module")
def file_changed(case: Case) -> str:
    """One byte of one file; its attachment."""
    notes = case.somebody.reads("annotations", select="annotationid,documentbody,filename")
    note = min((note for note in notes if note.get("documentbody")), key=lambda note: str(note["annotationid"]))
    content = bytearray(base64.b64decode(note["documentbody"]))
    content[len(content) // 2] ^= 1
    case.somebody.changes("annotations", note["annotationid"], documentbody=base64.b64encode(content).decode())
    return str(note["annotationid"])


@pytest.fixture(scope="module")
def second(case: Case, changed: Lines, stray: str, file_changed: str) -> dict[str, Any]:
    """The verdict that was asked for after all that, and the money as it was then."""
    verdict = case.asks("verify")
    return {**verdict, "statement": case.customer.document(case.run, "money")["document"]}


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


def test_n17_a_cent_that_moved_is_named_with_its_row_patient_and_family(second: dict[str, Any], changed: Lines):
    body = second["statement"]
    assert second["money"] == {"holds": False, "broken": 2}
    assert [(line["table"], line["row"], line["measure"]) for line in body["moved"]] == [
        ("bw_billing", row, "payments") for table, row, *_ in changed if table == "bw_billing"
    ]
    assert [one["object"] for one in body["broken"]] == ["payments"]
    assert body["off"]["patients"] == [body["moved"][0]["patient"]]
    assert len(body["off"]["families"]) == 1
    assert body["compared"]["invoices"] > 20 < body["compared"]["patients"]


def test_r2_n1_each_change_is_reported_with_its_table_row_and_field_and_nothing_else_is(
    second: dict[str, Any], changed: Lines
):
    found = {(table, row, "*" if what == "missing" else column, what) for table, row, column, what in listed(second)}
    assert found == changed
    assert not second["proved"]
    assert second["rows_edited_since"] == 5


def test_n1_a_row_nobody_expected_is_named(second: dict[str, Any], stray: str):
    assert second["unexpected"] == [["contact", stray]]
    assert second["rows_unexpected"] == {"contact": 1}


def test_n1_one_byte_of_a_file_is_found(second: dict[str, Any], file_changed: str):
    assert second["files"]["differs"] == 1
    assert [(line[1], line[3]) for line in second["files"]["listed"] if line[3] == "bytes-differ"] == [
        (file_changed, "bytes-differ")
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


def test_a18_a_repair_that_may_overwrite_leaves_nothing_different(case: Case, stray: str):
    by, person = case.somebody, case.one("contact")
    by.removes("contacts", stray)
    by.changes("contacts", person["contactid"], lastname="Other")
    verdict = case.asks("repair", {"how": "overwrite", "by": "Dr Practice"})
    assert verdict["proved"], verdict["because"]
    assert verdict["files"]["refused"] == {}
    assert not any({"edited-since", "edit-kept"} & set(found["reasons"]) for found in verdict["objects"].values())
    names = {row["contactid"]: row["lastname"] for row in case.exported()["contact"]}
    assert names[person["contactid"]] == person["lastname"]
    for name, found in verdict["objects"].items():
        assert found["digest"] == case.first["objects"][name]["digest"], name


def test_a18_what_a_person_leaves_as_it_is_counts_as_set_aside(case: Case):
    person = sorted(case.rows["contact"], key=lambda row: str(row["contactid"]))[5]
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


def test_r146_everything_goes_back_whatever_was_repaired(case: Case):
    case.customer.ask(case.run, "rollback")
    status = case.customer.until(case.run, phase="rolled-back")
    left = {(table, why) for table, _, why in (line.values() for line in status["rollback"]["listed"])}
    assert {table for table, _ in left} <= {"contact", "account", "schema"}
