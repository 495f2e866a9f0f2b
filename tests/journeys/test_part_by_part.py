"""A part of a run goes back alone, and comes again: the sample, an object with what hangs on it, a wave."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from sandbox.customer import APPROVER, Customer
from tests.journeys.conftest import PEOPLE, Stay, knowing
from tests.journeys.watching import poll

TOWN = {
    "patients": 8,
    "corepractice": knowing(*PEOPLE, "treatments", "treatment_plans", "treatment_plan_lines"),
    "app": {"BRIDGEWORK_BATCH_ROWS": "20"},
}
STAMPS = ("modifiedby", "modifiedon", "versionnumber", "createdon", "overriddencreatedon")
WHILE = 600.0
"""Seconds for a whole way of its own, on a machine that others use as well."""
APPOINTMENTS = "bw_dentalappointment"


def _rows(customer: Customer) -> dict[tuple[str, str], Any]:
    """Every row at the target by table and id, without what each write leaves on it."""
    found = {}
    for line in map(json.loads, customer.export()):
        if "row" in line and line["table"] != "activityparty":  # these get new ids each time
            found[line["table"], line["id"]] = {k: v for k, v in line["row"].items() if k not in STAMPS}
    return found


def _by_table(rows: dict[tuple[str, str], Any]) -> Counter[str]:
    return Counter(table for table, _ in rows)


def _ask(customer: Customer, run: str, body: Any = None, *, rehearse: bool = False) -> dict[str, Any]:
    return customer.api.call("POST", f"/api/migrations/{run}/rollback{'?dry_run=true' if rehearse else ''}", body)


def _refused(customer: Customer, run: str, body: Any) -> tuple[int, str, str]:
    found = customer.refusal(lambda: _ask(customer, run, body))
    return found.status, found.problem["type"].rpartition("/")[2], found.problem["detail"]


def _rehearsed(customer: Customer, run: str, body: Any) -> dict[str, Any]:
    number = _ask(customer, run, body, rehearse=True)["number"]
    poll(lambda: "rollback-rehearsal" in customer.status(run)["documents"]
         and customer.document(run, "rollback-rehearsal")["document"]["turn"] == number, patience=WHILE)  # fmt: skip
    return dict(customer.document(run, "rollback-rehearsal")["document"])


def _gone_back(customer: Customer, run: str, body: Any) -> dict[str, Any]:
    number = _ask(customer, run, body)["number"]
    poll(lambda: customer.status(run)["parts"][number - 1]["done_at"], patience=WHILE)
    return dict(customer.document(run, "rollback")["document"])


def _alike(foretold: dict[str, Any], done: dict[str, Any]) -> None:
    """The rehearsal says what the way back then does, but for its own number and what it takes."""
    shown = [{k: v for k, v in one.items() if k not in ("turn", "needs")} for one in (foretold, done)]
    for one in shown:
        one["listed"] = sorted(map(str, one["listed"]))
    assert shown[0] == shown[1]


def _proved(customer: Customer, run: str, ask: str, body: Any = b"") -> dict[str, Any]:
    version = customer.document(run, "verdict")["document"]["version"]
    customer.api.call("POST", f"/api/migrations/{run}/{ask}", body)
    poll(lambda: customer.document(run, "verdict")["document"]["version"] > version, patience=WHILE)
    customer.until(run, waits_for="window")
    return dict(customer.document(run, "verdict")["document"])


@pytest.fixture(scope="module")
def story(town: Stay) -> dict[str, Any]:
    """A run whose sample goes back and comes again, then its appointments, then its last wave, then all of it."""
    customer = town.customer("Piecemeal Dental")
    seen: dict[str, Any] = {"customer": customer, "export": customer.export(), "before": _rows(customer)}
    seen["run"] = run = customer.start()
    customer.until(run, waits_for="mapping")
    customer.decide(run, "mapping")
    customer.until(run, waits_for="sample")
    seen["sample"] = _rows(customer)
    seen["too early"] = _refused(customer, run, {"part": {"object": "appointments"}})
    sample = {"part": {"generation": "sample"}}
    seen["sample foretold"], seen["still there"] = _rehearsed(customer, run, sample), _rows(customer)
    seen["sample done"] = _gone_back(customer, run, sample)
    seen["without sample"], seen["at the gate"] = _rows(customer), customer.status(run)
    customer.decide(run, "sample")
    customer.until(run, phase="delta")
    seen["first verdict"], seen["loaded"] = customer.document(run, "verdict")["document"], _rows(customer)
    _appointments(customer, run, seen)
    seen["last foretold"] = _rehearsed(customer, run, b"")
    customer.ask(run, "rollback")
    customer.until(run, phase="rolled-back")
    seen["last done"] = customer.document(run, "rollback")["document"]
    seen["after"] = customer.export()
    return seen


def _appointments(customer: Customer, run: str, seen: dict[str, Any]) -> None:
    alone = {"part": {"object": "appointments"}}
    seen["without a word"] = _refused(customer, run, alone)
    seen["unknown"] = _refused(customer, run, {"part": {"object": "unicorns"}})
    both = {**alone, "with_dependents": True, "by": APPROVER}
    seen["foretold"] = _rehearsed(customer, run, both)
    seen["done"], seen["rows left"] = _gone_back(customer, run, both), _rows(customer)
    seen["status"] = customer.status(run)
    seen["verdict"] = _proved(customer, run, "verify")
    seen["conservation"] = customer.document(run, "conservation")["document"]
    seen["again"] = _proved(customer, run, "repair", {"how": "reload", "by": APPROVER})
    seen["rows again"], seen["status again"] = _rows(customer), customer.status(run)
    wave = {"part": {"wave": max(_waves(customer, run))}, "with_dependents": False}
    seen["wave done"], seen["without wave"] = _gone_back(customer, run, wave), _rows(customer)


def _waves(customer: Customer, run: str) -> list[int]:
    return [rule["wave"] for rule in customer.document(run, "mapping")["document"]["objects"]]


def test_n3_the_sample_alone_goes_back_while_its_gate_waits(story: dict[str, Any]):
    assert story["too early"][:2] == (409, "part-not-now")
    assert story["still there"] == story["sample"]
    _alike(story["sample foretold"], story["sample done"])
    assert sum(one["deleted"] for one in story["sample done"]["objects"].values()) > 100
    left = {place for place in story["without sample"].keys() - story["before"].keys() if place[0].startswith("bw_")}
    assert left == set()
    people = {"contact", "account", "annotation", "phonecall", "email", "letter"}
    assert {place for place in story["without sample"] if place[0] in people} == {
        place for place in story["before"] if place[0] in people
    }
    assert (story["at the gate"]["phase"], story["at the gate"]["waiting_for"]) == ("sample-review", "sample")
    assert story["at the gate"]["parts"][0]["part"] == {"generation": "sample"}


def test_r147_the_full_load_brings_the_sample_again(story: dict[str, Any]):
    assert story["first verdict"]["proved"], story["first verdict"]["because"]
    assert story["sample"].keys() <= story["loaded"].keys()


def test_n4_a_part_that_something_points_at_needs_a_word_about_it(story: dict[str, Any]):
    status, code, detail = story["without a word"]
    assert (status, code) == (409, "has-dependents")
    assert "treatments" in detail
    assert "treatment_plan_lines" in detail
    assert story["unknown"][:2] == (409, "nothing-of-it")


def test_n5_an_object_goes_back_as_its_rehearsal_foretold_and_takes_along_what_was_named(story: dict[str, Any]):
    _alike(story["foretold"], story["done"])
    assert story["done"]["part"] == {"object": "appointments"}
    assert story["done"]["held"] == 0
    was, now = _by_table(story["loaded"]), _by_table(story["rows left"])
    assert was[APPOINTMENTS] > 0
    assert now[APPOINTMENTS] == now["bw_treatmenthistory"] == 0
    assert now["contact"] == was["contact"]
    stays = {place: row for place, row in story["rows left"].items() if place[0] in ("contact", "account")}
    assert stays == {place: row for place, row in story["loaded"].items() if place in stays}


def test_n2_the_verdict_says_that_the_rows_were_put_back_and_still_adds_up(story: dict[str, Any]):
    verdict = story["verdict"]
    assert verdict["proved"], verdict["because"]
    told = verdict["objects"]["appointments"]
    gone = story["done"]["objects"]["appointments"]["deleted"]
    assert (told["reasons"]["rolled-back"], told["rows"], told["missing_rows"]) == (gone, 0, 0)
    assert story["conservation"]["holds"]
    assert story["conservation"]["objects"]["appointments"]["missing"] == 0
    counts = story["status"]["objects"]
    assert counts["appointments"]["rolled_back"] == gone
    assert "rolled_back" not in counts["patients"]
    assert story["status"]["phase"] == "delta"


def test_r147_what_was_put_back_is_loaded_again_when_somebody_says_so(story: dict[str, Any]):
    assert story["again"]["proved"], story["again"]["because"]
    assert "rolled-back" not in story["again"]["objects"]["appointments"]["reasons"]
    assert story["rows again"].keys() == story["loaded"].keys()
    assert story["rows again"] == story["loaded"]
    assert "rolled_back" not in story["status again"]["objects"]["appointments"]
    assert story["status again"]["parts"][1]["loaded_again"]


def test_n3_a_wave_goes_back_and_nothing_else(story: dict[str, Any]):
    went = story["rows again"].keys() - story["without wave"].keys()
    assert len(went) >= sum(one["deleted"] for one in story["wave done"]["objects"].values()) > 0
    assert story["without wave"].keys() < story["rows again"].keys()
    assert all(story["rows again"][place] == row for place, row in story["without wave"].items())


def test_n5_the_whole_way_back_after_the_parts_is_as_foretold_and_clean(story: dict[str, Any]):
    _alike(story["last foretold"], story["last done"])
    assert story["last done"]["held"] == 0
    assert story["after"] == story["export"]


def test_n1_the_audit_trail_of_it_all_is_whole(story: dict[str, Any]):
    assert story["customer"].api.call("GET", f"/api/migrations/{story['run']}/audit")["intact"]
