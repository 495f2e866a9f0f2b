"""One practice, from its webhook to the sign-off and back, through the app's own front door."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from typing import Any

from tests.journeys.conftest import Stay
from tests.journeys.one_run.conftest import CREATED

OBJECTS = ("locations", "referrers", "staff", "patients", "appointments")


def test_r115_the_inventory_names_every_object_with_its_fields_and_values_in_use(told: dict[str, Any]):
    inventory = told["inventory"]
    assert set(OBJECTS) < set(inventory["objects"])
    status = inventory["objects"]["appointments"]["fields"]["status"]
    assert {"booked", "completed", "cancelled"} <= set(status["values"])


def test_r9_nothing_is_written_before_the_map_is_approved(told: dict[str, Any]):
    assert told["mapping"]["digest"]
    assert told["mapping"]["document"]["compatibility"]["source_objects_mapped"] == 16


def test_r134_the_sample_is_compared_field_by_field_and_masked_unless_asked_for(told: dict[str, Any]):
    shown = told["sample shown"]
    assert shown["differences"] == 0
    assert shown["rows_compared"] >= 60
    patient = shown["objects"]["patients"]["rows"][0]["fields"]
    name = next(line for line in patient if line["column"] == "lastname")
    assert name["source"] == name["target"]
    assert name["outcome"] == "equal"
    masked = told["sample"]["objects"]["patients"]["rows"][0]["fields"]
    assert next(line for line in masked if line["column"] == "lastname")["target"] != name["target"]


def test_a_pause_in_the_middle_of_loading_holds_until_it_is_resumed(told: dict[str, Any]):
    (held, rows), (still, rows_still) = told["held"], told["held still"]
    assert held["paused"]
    assert held["phase"] == "load"
    assert held["objects"]["appointments"]["created"] < held["objects"]["appointments"]["of"]
    assert still["objects"] == held["objects"]
    assert rows_still == rows
    assert not told["loaded"]["paused"]
    assert told["first verdict"]["proved"]


def test_r140_every_record_of_the_source_ends_in_exactly_one_place(told: dict[str, Any]):
    for name in OBJECTS:
        counts = told["finished"]["objects"][name]
        ends = counts["created"] + counts["updated"] + counts["excluded"] + counts["set_aside"]
        assert counts["extracted"] == ends, name
        assert counts["extracted"] > 0, name
    patients = told["finished"]["objects"]["patients"]
    assert patients["created"] == patients["extracted"]


def test_r6_the_verdict_proves_every_field(told: dict[str, Any]):
    verdict = told["verdict"]
    assert verdict["proved"], verdict
    assert verdict["differences"] == 0
    assert verdict["fields_verified"] > 2000


def test_r142_the_delta_brought_what_was_created_and_modified(told: dict[str, Any]):
    delta = told["finished"]["delta"]
    assert delta["created"] >= 4
    assert delta["updated"] >= 1


def _rows(told: dict[str, Any], table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = told["rows"].get(table, [])
    return rows


def test_r29_there_is_one_contact_per_patient_and_per_member_of_staff_without_a_user(told: dict[str, Any]):
    contacts = [row for row in _rows(told, "contact") if row.get("bw_sourceid")]
    patients = [row for row in contacts if "|patients|" in row["bw_sourceid"]]
    counts = told["finished"]["objects"]
    assert len(patients) == counts["patients"]["created"] + CREATED
    assert len(contacts) - len(patients) == counts["staff"]["created"]


def test_r10_r11_every_appointment_is_linked_to_its_patient(told: dict[str, Any]):
    contacts = {row["contactid"] for row in _rows(told, "contact")}
    appointments = _rows(told, "bw_dentalappointment")
    assert appointments
    linked = [row["bw_patientid"] for row in appointments if row.get("bw_patientid")]
    assert set(linked) <= contacts
    assert len(linked) > 0.9 * len(appointments), "a few appointments have no patient in the source either"


def test_r40_patients_without_an_organisation_belong_to_the_default_account(told: dict[str, Any]):
    default = next(row for row in _rows(told, "account") if row["name"] == "Individual Patient")
    belonging = [row for row in _rows(told, "contact") if row.get("parentcustomerid") == default["accountid"]]
    assert belonging


def test_r36_inactive_patients_arrive_inactive(told: dict[str, Any]):
    states = {row["statecode"] for row in _rows(told, "contact")}
    assert states == {0, 1}


def test_r12_owners_are_users_and_never_disabled_ones(told: dict[str, Any]):
    users = {user["systemuserid"]: user for user in told["users"]}
    owners = {row["ownerid"] for row in _rows(told, "contact") if row.get("bw_sourceid")}
    assert len(owners) > 1
    assert not any(users[owner]["isdisabled"] for owner in owners)


def test_created_on_is_the_source_s_own_time(told: dict[str, Any]):
    ours = [row for row in _rows(told, "contact") if row.get("bw_sourceid")]
    assert all(row["createdon"] == row["bw_sourcecreatedon"] for row in ours)
    # Whoever came to the practice during the delta may have been loaded within the same second.
    assert all(row["createdon"] <= row["overriddencreatedon"] for row in ours)
    assert sum(row["createdon"] < row["overriddencreatedon"] for row in ours) > 50


def test_r106_two_application_users_shared_the_work_and_both_are_ourselves(told: dict[str, Any]):
    run_number = {row.get("importsequencenumber") for row in _rows(told, "contact")} - {None}
    assert len(run_number) == 1
    made_by = {
        row["createdby"]
        for table in ("contact", "account", "bw_dentalappointment", "bw_treatmenthistory", "phonecall")
        for row in _rows(told, table)
        if row.get("importsequencenumber") in run_number
    }
    assert len(made_by) == 2
    assert told["verdict"]["rows_made_by_others"] == {}


def test_n7_no_record_value_is_in_durable_s_state_or_in_any_log(town: Stay, told: dict[str, Any]):
    names = {row["lastname"] for row in _rows(told, "contact") if len(row.get("lastname") or "") > 7}
    mails = {
        row["emailaddress1"]
        for row in _rows(told, "contact")
        if row.get("emailaddress1") and "patients" in row["bw_sourceid"]
    }
    treated = _rows(told, "bw_treatmenthistory")
    clinical = {row["bw_clinicalnotes"] for row in treated if row.get("bw_clinicalnotes")}
    policies = {row["bw_policynumber"] for row in _rows(told, "bw_insurance") if row.get("bw_policynumber")}
    files = {row["filename"] for row in _rows(told, "annotation") if row.get("filename")}
    assert clinical
    assert policies
    assert files
    canaries = [text.encode() for text in names | mails | clinical | policies | files]
    assert len(canaries) > 20
    with sqlite3.connect(town.home / "hub.db") as hub:
        kept = "\n".join(hub.iterdump()).encode()
    log = (town.home / "host.log").read_bytes()
    assert [word for word in canaries if word in kept] == []
    assert [word for word in canaries if word in log] == []


def test_r3_r145_one_click_puts_everything_back_even_after_the_sign_off(told: dict[str, Any]):
    status = told["rolled back"]
    assert status["rollback"]["held"] == 0
    assert status["rollback"]["rows_undone"] > 0
    assert told["after"] == told["before"]


def test_the_health_endpoint_answers_anybody(town: Stay):
    with urllib.request.urlopen(f"{town.town.functions_url}/api/health", timeout=30) as answer:
        assert json.loads(answer.read()) == {"status": "healthy"}
