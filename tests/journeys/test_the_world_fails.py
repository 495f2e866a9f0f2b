"""Source and target fail in every way they know, in every phase: the run arrives all the same, and comes back clean."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from sandbox.customer import Api
from tests.journeys.conftest import PEOPLE, Stay, knowing
from tests.journeys.watching import poll

TOWN = {
    "patients": 40,
    "corepractice": knowing(*PEOPLE, "treatments"),
    "app": {"BRIDGEWORK_SHARD_RECORDS": "25", "BRIDGEWORK_BATCH_ROWS": "15"},
}

Fault = dict[str, Any]

REFUSED_TOKEN: list[Fault] = [{"kind": "expire", "match": "^GET /v1/staff"}]
EXTRACTION: list[Fault] = [
    {"kind": "throttle", "match": "^GET /v1/patients$", "at": [1, 2], "retry_after": 0.5},
    {"kind": "error", "match": "^GET /v1/appointments$", "at": [2], "status": 500},
    {"kind": "error", "match": "^GET /v1/appointments$", "at": [4], "status": 503, "retry_after": 1},
    {"kind": "drop", "match": "^GET /v1/locations$", "at": [1]},
    {"kind": "drop_after", "match": "^GET /v1/referrers$", "at": [1]},
]
BEGINNING: list[Fault] = [
    {"kind": "drop_after", "match": "^POST .*/publishers$", "at": [1]},
    {"kind": "drop_after", "match": "^POST .*/solutions$", "at": [1]},
    {"kind": "drop_after", "match": "^POST .*/EntityDefinitions$", "at": [1]},
]
SCHEMA: list[Fault] = [
    {"kind": "drop_after", "match": "^POST .*/Attributes$", "at": [3]},
    {"kind": "error", "match": "^POST .*/Attributes$", "at": [9], "status": 500},
    {"kind": "expire", "match": "^POST .*/Attributes$", "at": [15]},
    {"kind": "drop_after", "match": "^POST .*/RelationshipDefinitions$", "at": [2]},
    {"kind": "drop_after", "match": "^POST .*/Keys$", "at": [1]},
]
WRITING: list[Fault] = [
    {"kind": "drop_after", "match": "accounts/.*CreateMultiple$", "at": [1]},
    {"kind": "drop", "match": "contacts/.*CreateMultiple$", "at": [1]},
    {"kind": "drop_after", "match": "contacts/.*CreateMultiple$", "at": [2]},
    {"kind": "half_fail", "match": "appointments/.*CreateMultiple$", "at": [2]},
    {"kind": "error", "match": "appointments/.*CreateMultiple$", "at": [3], "status": 502},
    {"kind": "throttle", "match": "appointments/.*CreateMultiple$", "at": [4], "retry_after": 2},
    {"kind": "expire", "match": "appointments/.*CreateMultiple$", "at": [6]},
    {"kind": "error", "match": "^GET .*/contacts$", "at": [4], "status": 500},
]
DELTA: list[Fault] = [
    {"kind": "drop_after", "match": "\\$batch$", "at": [1]},
    {"kind": "half_fail", "match": "\\$batch$", "at": [2]},
]
WAY_BACK: list[Fault] = [
    {"kind": "drop_after", "match": "\\$batch$", "at": [1, 3]},
    {"kind": "half_fail", "match": "\\$batch$", "at": [2]},
    {"kind": "drop_after", "match": "^DELETE .*EntityDefinitions", "at": [1]},
    {"kind": "error", "match": "^DELETE .*EntityDefinitions", "at": [6], "status": 500},
]


class Fate:
    """The misfortunes of one simulator."""

    def __init__(self, url: str) -> None:
        self._api = Api(url)

    def bring(self, faults: list[Fault]) -> None:
        """These, and none of those before."""
        self._api.call("DELETE", "/sandbox/faults")
        self._api.call("POST", "/sandbox/faults", faults)

    def lift(self) -> list[str]:
        """No more of them; those that never struck."""
        found = self._api.call("GET", "/sandbox/faults")["faults"]
        self._api.call("DELETE", "/sandbox/faults")
        return [f"{one['kind']} {one['match']}" for one in found if not one["struck"]]


@pytest.fixture(scope="module")
def story(town: Stay) -> dict[str, Any]:
    """One run through all of it."""
    customer, source, target = town.customer("Unlucky Dental"), town.town.corepractice_url, town.town.dataverse_url
    practice, dataverse = Fate(source), Fate(target)
    seen: dict[str, Any] = {"customer": customer, "before": customer.export(), "spared": []}
    seen["run"] = run = customer.start()
    customer.until(run, waits_for="mapping")

    Api(target).call("POST", "/sandbox/privileges", {"missing": ["prvCreateAttribute"]})
    dataverse.bring(BEGINNING)
    customer.decide(run, "mapping")
    seen["no privilege"] = customer.until(run, problem="privilege-missing")["problem"]
    Api(target).call("POST", "/sandbox/privileges", {"missing": []})
    seen["spared"] += dataverse.lift()
    dataverse.bring(SCHEMA)
    practice.bring(REFUSED_TOKEN)
    customer.ask(run, "resume")
    seen["no token"] = customer.until(run, problem="source-credentials-refused")["problem"]
    seen["spared"] += dataverse.lift()
    practice.bring(EXTRACTION)
    dataverse.bring(WRITING)
    customer.ask(run, "resume")
    customer.until(run, waits_for="sample")
    seen["spared"] += practice.lift()

    customer.decide(run, "sample")
    customer.until(run, phase="delta")
    seen["spared"] += dataverse.lift()

    dataverse.bring(DELTA)
    Api(source).call("POST", "/sandbox/change", {"seed": 2, "created": 3, "updated": 6, "deleted": 0})
    customer.ask(run, "pickup")
    poll(lambda: sum(customer.status(run)["delta"].values()))
    customer.let_the_window_pass(run)
    seen["spared"] += dataverse.lift()
    seen["verdict"] = customer.document(run, "verdict")["document"]
    seen["export"] = [json.loads(line) for line in customer.export()]
    seen["status"] = customer.status(run)
    return seen


def test_a_privilege_taken_away_in_the_middle_is_asked_for(story: dict[str, Any]):
    assert "prvCreateAttribute" in story["no privilege"]["message"]
    assert story["no privilege"]["remedy"]


def test_a_token_the_source_refuses_in_the_middle_is_asked_for(story: dict[str, Any]):
    assert story["no token"]["remedy"]


def test_every_misfortune_really_happened(story: dict[str, Any]):
    assert story["spared"] == []


def test_r102_r106_the_run_is_proved_all_the_same(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]
    assert story["verdict"]["fields_verified"] > 1000


def test_no_row_is_there_twice_and_none_was_given_up(story: dict[str, Any]):
    for table in ("account", "contact", "bw_dentalappointment"):
        rows = [line["row"] for line in story["export"] if line.get("table") == table and "row" in line]
        sources = Counter(row["bw_sourceid"] for row in rows if row.get("bw_sourceid"))
        assert sources
        assert [source for source, times in sources.items() if times > 1] == []
    for name, found in story["verdict"]["objects"].items():
        assert set(found["reasons"]) <= {
            "parent-missing",
            "text-too-long",
            "is-a-dynamics-user",
            "same-organisation",
            "moved-by-another-rule",
        }, name


def test_the_way_back_is_clean_through_the_same_weather(town: Stay, story: dict[str, Any]):
    customer, run, dataverse = story["customer"], story["run"], Fate(town.town.dataverse_url)
    dataverse.bring(WAY_BACK)
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")["rollback"]
    assert dataverse.lift() == []
    assert back["listed"] == []
    assert customer.export() == story["before"]
