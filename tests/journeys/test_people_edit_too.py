"""The practice works in both systems while the window is open: nobody's edit is written over, and none is undone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.customer import Api, Customer
from tests.journeys.conftest import Stay
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

TOWN = {"patients": 40}
BY_HAND = "+61 400 000 000"
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
    first, second = [one["id"] for one in listed["data"] if one["status"] == "active" and one["id"] in contacts][:2]
    seen["edited"], seen["other"] = contacts[first], contacts[second]
    receptionist.changes("contacts", seen["edited"], mobilephone=BY_HAND)
    seen["by hand"] = _rows(customer, "contact")[seen["edited"]]
    for patient in (first, second):
        Api(town.town.corepractice_url).call("PUT", f"/sandbox/patients/{patient}", {"mobile": AT_THE_SOURCE})
    customer.ask(run, "pickup")
    poll(lambda: sum(customer.status(run)["delta"].values()) == 2)
    seen["picked up"] = customer.status(run)
    seen["after the pickup"] = _rows(customer, "contact")
    customer.let_the_window_pass(run)
    seen["verdict"] = customer.document(run, "verdict")["document"]
    return seen


def test_the_delta_does_not_write_over_what_a_person_changed(story: dict[str, Any]):
    assert story["after the pickup"][story["edited"]] == story["by hand"]
    assert story["by hand"]["mobilephone"] == BY_HAND
    assert story["after the pickup"][story["other"]]["mobilephone"] != BY_HAND


def test_the_record_is_set_aside_and_the_other_one_updated(story: dict[str, Any]):
    assert story["picked up"]["delta"] == {"created": 0, "updated": 1, "set_aside": 1}


def test_the_verdict_names_it_and_is_not_spoilt_by_it(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]
    assert story["verdict"]["objects"]["patients"]["reasons"].get("edited-since") == 1


def test_the_way_back_leaves_the_edited_row_whole_and_says_so(story: dict[str, Any]):
    customer, run = story["customer"], story["run"]
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")["rollback"]
    story["listed"] = back["listed"]
    assert back["held"] == len(back["listed"])
    assert {"where": "contact", "what": story["edited"], "why": "edited-since"} in back["listed"]
    kept = _rows(customer, "contact")[story["edited"]]
    assert kept == story["by hand"]


def test_what_the_edited_row_points_at_stays_too_and_everything_else_has_gone(story: dict[str, Any]):
    listed = {(one["where"], one["what"]): one["why"] for one in story["listed"]}
    rows = {place: why for place, why in listed.items() if place[0] != "schema"}
    assert sorted(set(rows.values())) == ["edited-since", "still-used"]
    assert list(rows.values()).count("edited-since") == 1
    assert ("account", story["by hand"]["parentcustomerid"]) in rows
    assert _places(story["customer"].export()) - _places(story["before"]) == set(rows)
    assert not _places(story["before"]) - _places(story["customer"].export())


SCHEMA_S_OWN = (None, "solution", "publisher", "fieldsecurityprofile", "fieldpermission", "systemuserprofiles")


def _places(export: list[str]) -> set[tuple[str, str]]:
    """Table and id of every row in an export, save what the schema itself consists of."""
    lines = [json.loads(line) for line in export]
    return {(line["table"], line["id"]) for line in lines if line.get("table") not in SCHEMA_S_OWN}


def test_only_columns_that_hold_something_stay(story: dict[str, Any]):
    kept = [one["what"].split("|")[:3] for one in story["listed"] if one["where"] == "schema"]
    columns = {(owner, name.lower()) for kind, owner, name in (one for one in kept if len(one) == 3)}
    metadata = [json.loads(line) for line in story["customer"].export() if '"metadata":"table"' in line]
    there = {
        (table["name"], column["schema_name"].lower())
        for table in metadata
        for column in table["definition"]["columns"]
    }
    assert there
    assert there == columns
