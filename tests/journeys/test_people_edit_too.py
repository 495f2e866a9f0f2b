"""The practice works in both systems while the window is open: nobody's edit is written over, and none is undone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.customer import APPROVER, Api, Customer
from tests.journeys.conftest import PEOPLE, Stay, knowing
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

TOWN = {"patients": 40, "corepractice": knowing(*PEOPLE)}
STAMPS = ("modifiedby", "modifiedon", "versionnumber")
BY_HAND = "+61 400 000 000"
MAIL_BY_HAND = "by.hand@example.com"
AT_THE_SOURCE = "0411 222 333"


def _rows(customer: Customer, table: str) -> dict[str, dict[str, Any]]:
    """The target's rows of one table by id."""
    lines = [json.loads(line) for line in customer.export()]
    return {line["id"]: line["row"] for line in lines if line.get("table") == table and "row" in line}


def _patients(customer: Customer) -> dict[str, str]:
    """Contact ids by the patients they stand for."""
    contacts = _rows(customer, "contact")
    keys = {id_: str(row.get("bw_sourceid", "")).split("|") for id_, row in contacts.items()}
    return {key[2]: id_ for id_, key in keys.items() if len(key) == 3 and key[1] == "patients"}


@pytest.fixture(scope="module")
def story(town: Stay) -> dict[str, Any]:
    """Two patients change at the source; one of them a receptionist has edited at the target before."""
    customer, receptionist = town.customer("Busy Dental"), Somebody(town)
    seen: dict[str, Any] = {"customer": customer, "before": customer.export()}
    seen["run"] = run = customer.start()
    customer.approve_until_delta(run)
    contacts = _patients(customer)
    listed = Api(town.town.corepractice_url).call(
        "GET", "/v1/patients?limit=40", Authorization=f"Bearer {town.town.corepractice_token}"
    )
    active = [one["id"] for one in listed["data"] if one["status"] == "active" and one["id"] in contacts]
    first, second, third, fourth = seen["patients"] = active[:4]
    seen["edited"], seen["other"] = contacts[first], contacts[second]
    seen["both"], seen["decided"] = contacts[third], contacts[fourth]
    receptionist.changes("contacts", seen["edited"], mobilephone=BY_HAND)
    receptionist.changes("contacts", seen["both"], emailaddress1=MAIL_BY_HAND)
    receptionist.changes("contacts", seen["decided"], mobilephone=BY_HAND)
    seen["by hand"] = _rows(customer, "contact")[seen["edited"]]
    for patient in active[:4]:
        Api(town.town.corepractice_url).call("PUT", f"/sandbox/patients/{patient}", {"mobile": AT_THE_SOURCE})
    customer.ask(run, "pickup")
    poll(lambda: "conflicts" in customer.status(run)["documents"])
    seen["picked up"] = customer.status(run)
    seen["after the pickup"] = _rows(customer, "contact")
    seen["conflicts"] = customer.document(run, "conflicts", shown=True)
    choice = {"object": "patients", "source": fourth, "column": "mobilephone", "take": "source"}
    decision = {"how": "resolve", "by": APPROVER, "digest": seen["conflicts"]["digest"], "fields": [choice]}
    seen["refused"] = customer.refusal(
        lambda: customer.api.call("POST", f"/api/migrations/{run}/repair", {**decision, "digest": "0" * 64})
    )
    customer.api.call("POST", f"/api/migrations/{run}/repair", decision)
    poll(lambda: customer.status(run)["documents"]["conflicts"]["sequence"] == 2)
    customer.until(run, waits_for="window")
    seen["after the decision"] = _rows(customer, "contact")
    seen["conflicts left"] = customer.document(run, "conflicts", shown=True)["document"]
    customer.let_the_window_pass(run)
    seen["verdict"] = customer.document(run, "verdict")["document"]
    return seen


def test_the_delta_does_not_write_over_what_a_person_changed(story: dict[str, Any]):
    now, then = story["after the pickup"][story["edited"]], story["by hand"]
    assert {name for name in now if now[name] != then.get(name)} <= {"bw_sourcemodifiedon", *STAMPS}
    assert now["mobilephone"] == BY_HAND
    assert story["after the pickup"][story["other"]]["mobilephone"] != BY_HAND


def test_the_record_is_set_aside_and_the_other_one_updated(story: dict[str, Any]):
    assert story["picked up"]["delta"] == {"created": 0, "updated": 2, "set_aside": 2}


def test_the_verdict_names_it_and_is_not_spoilt_by_it(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]
    reasons = story["verdict"]["objects"]["patients"]["reasons"]
    assert (reasons.get("edited-since"), reasons.get("edit-kept")) == (1, 1)


def test_n12_each_side_s_own_change_of_one_row_arrives(story: dict[str, Any]):
    merged = story["after the pickup"][story["both"]]
    assert merged["emailaddress1"] == MAIL_BY_HAND
    assert merged["mobilephone"] == story["after the pickup"][story["other"]]["mobilephone"]


def test_n12_what_both_changed_is_shown_to_a_person_with_both_words(story: dict[str, Any]):
    listed = story["conflicts"]["document"]["fields"]
    assert {one["column"] for one in listed} == {"mobilephone", "bw_mobilee164"}
    fields = {one["row"]: one for one in listed if one["column"] == "mobilephone"}
    assert set(fields) == {story["edited"], story["decided"]}
    disputed = fields[story["decided"]]
    assert (disputed["column"], disputed["target_now"]) == ("mobilephone", BY_HAND)
    assert disputed["source_now"] == story["after the pickup"][story["other"]]["mobilephone"]
    assert disputed["source_then"] not in (BY_HAND, disputed["source_now"])


def test_n12_the_person_s_decision_is_carried_out_and_the_rest_stays_in_dispute(story: dict[str, Any]):
    assert story["refused"].problem["type"].rpartition("/")[2] == "other-digest"
    other = story["after the pickup"][story["other"]]["mobilephone"]
    assert story["after the decision"][story["decided"]]["mobilephone"] == other
    assert story["after the decision"][story["edited"]]["mobilephone"] == BY_HAND
    assert {one["row"] for one in story["conflicts left"]["fields"]} == {story["edited"]}


def _rehearsed(customer: Customer, run: str) -> dict[str, Any]:
    customer.api.call("POST", f"/api/migrations/{run}/rollback?dry_run=true", b"")
    poll(lambda: "rollback-rehearsal" in customer.status(run)["documents"])
    return dict(customer.document(run, "rollback-rehearsal")["document"])


@pytest.fixture(scope="module")
def back(town: Stay, story: dict[str, Any]) -> dict[str, Any]:
    """Somebody's note and task on two patients; the way back rehearsed, and gone."""
    customer, receptionist, run = story["customer"], Somebody(town), story["run"]
    contacts = list(_patients(customer).values())
    noted, tasked = [
        one for one in contacts if one not in {story[who] for who in ("edited", "other", "both", "decided")}
    ][:2]
    receptionist.makes("annotations", subject="Called", **{"objectid_contact@odata.bind": f"/contacts({noted})"})
    task = {"subject": "Call back", "regardingobjectid_contact_task@odata.bind": f"/contacts({tasked})"}
    receptionist.makes("tasks", **task)
    seen = {"noted": noted, "tasked": tasked, "as it was": customer.export()}
    seen["rehearsal"] = _rehearsed(customer, run)
    seen["after the rehearsal"] = customer.export()
    customer.ask(run, "rollback")
    seen["status"] = customer.until(run, phase="rolled-back")["rollback"]
    seen["done"] = customer.document(run, "rollback")["document"]
    seen["held"] = customer.document(run, "rollback-held", shown=True)["document"]
    seen["masked"] = customer.document(run, "rollback-held")
    seen["export"] = customer.export()
    return seen


def test_the_way_back_leaves_the_edited_row_whole_and_says_so(story: dict[str, Any], back: dict[str, Any]):
    assert back["status"]["held"] == len(back["status"]["listed"])
    assert {"where": "contact", "what": story["edited"], "why": "edited-since"} in back["status"]["listed"]
    kept = _rows(story["customer"], "contact")[story["edited"]]
    assert kept == story["after the pickup"][story["edited"]]


def test_n4_what_people_hung_on_a_row_holds_it_and_stays(back: dict[str, Any]):
    listed = {one["what"]: one["why"] for one in back["status"]["listed"]}
    assert listed[back["noted"]] == listed[back["tasked"]] == "still-used"
    rows = [json.loads(line) for line in back["export"]]
    assert {"Called", "Call back"} <= {one["row"].get("subject") for one in rows if "row" in one}


def test_n5_a_rehearsal_changes_nothing(back: dict[str, Any]):
    assert back["after the rehearsal"] == back["as it was"]


def test_n5_the_way_back_does_what_its_rehearsal_foretold(back: dict[str, Any]):
    foretold, done = dict(back["rehearsal"]), dict(back["done"])
    needs = foretold.pop("needs")
    assert needs["requests"] > 0
    assert sorted(map(str, foretold.pop("listed"))) == sorted(map(str, done.pop("listed")))
    assert foretold == done
    assert done["objects"]["patients"]["why"] == {"edited-since": 3, "still-used": 2}
    assert done["objects"]["patients"]["deleted"] > 30


def test_n3_the_held_row_is_shown_before_ours_and_theirs(story: dict[str, Any], back: dict[str, Any]):
    rows = {row["row"]: row for row in back["held"]["rows"]}
    assert set(rows) == {story[who] for who in ("edited", "both", "decided")}
    row = rows[story["edited"]]
    assert (row["table"], row["row"], row["was_there_before"]) == ("contact", story["edited"], False)
    (field,) = [one for one in row["fields"] if one["column"] == "mobilephone"]
    assert field["before"] is None
    assert field["theirs"] == BY_HAND
    assert field["ours"] not in (None, BY_HAND)
    assert BY_HAND not in json.dumps(back["masked"])


def test_what_the_edited_row_points_at_stays_too_and_everything_else_has_gone(
    story: dict[str, Any], back: dict[str, Any]
):
    listed = {(one["where"], one["what"]): one["why"] for one in back["status"]["listed"]}
    rows = {place: why for place, why in listed.items() if place[0] != "schema"}
    assert sorted(set(rows.values())) == ["edited-since", "still-used"]
    assert list(rows.values()).count("edited-since") == 3
    assert ("account", story["by hand"]["parentcustomerid"]) in rows
    made = {place for place in _places(back["export"]) - _places(story["before"]) if place[0] not in BY_PEOPLE}
    assert made == set(rows)
    assert not _places(story["before"]) - _places(back["export"])


BY_PEOPLE = ("annotation", "task", "activitypointer", "activityparty")
SCHEMA_S_OWN = (None, "solution", "publisher", "fieldsecurityprofile", "fieldpermission", "systemuserprofiles")


def _places(export: list[str]) -> set[tuple[str, str]]:
    """Table and id of every row in an export, save what the schema itself consists of."""
    lines = [json.loads(line) for line in export]
    return {(line["table"], line["id"]) for line in lines if line.get("table") not in SCHEMA_S_OWN}


def test_only_columns_that_hold_something_stay(story: dict[str, Any], back: dict[str, Any]):
    kept = [one["what"].split("|")[:3] for one in back["status"]["listed"] if one["where"] == "schema"]
    columns = {(owner, name.lower()) for kind, owner, name in (one for one in kept if len(one) == 3)}
    metadata = [json.loads(line) for line in back["export"] if '"metadata":"table"' in line]
    there = {
        (table["name"], column["schema_name"].lower())
        for table in metadata
        for column in table["definition"]["columns"]
    }
    assert there
    assert there == columns


def test_n3_a_release_has_to_name_the_list_it_was_read_from(story: dict[str, Any], back: dict[str, Any]):
    customer, path = story["customer"], f"/api/migrations/{story['run']}/rollback"
    body = {"release": {"tables": ["contact"]}, "digest": "0" * 64, "by": "practice.manager@example.com"}
    refused = customer.refusal(lambda: customer.api.call("POST", path, body))
    assert (refused.status, refused.problem["type"].rpartition("/")[2]) == (409, "other-digest")
    refused = customer.refusal(lambda: customer.api.call("POST", path, {**body, "by": ""}))
    assert refused.status == 400


def test_n3_a_released_row_goes_and_what_nobody_needs_any_more_goes_with_it(
    town: Stay, story: dict[str, Any], back: dict[str, Any]
):
    customer, receptionist, run = story["customer"], Somebody(town), story["run"]
    for table in ("annotation", "task"):
        for line in map(json.loads, customer.export()):
            if line.get("table") == table and "row" in line:
                receptionist.removes(f"{table}s", line["id"])
    release = {"rows": [story["edited"], story["both"]], "tables": ["contact"]}
    body = {"release": release, "digest": back["masked"]["digest"], "by": "practice.manager@example.com"}
    customer.api.call("POST", f"/api/migrations/{run}/rollback", body)
    poll(lambda: customer.document(run, "rollback")["document"]["turn"] == 2)
    again = customer.until(run, phase="rolled-back")
    assert again["rollback"]["listed"] == []
    assert customer.export() == story["before"]
