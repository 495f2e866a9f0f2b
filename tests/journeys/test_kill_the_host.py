"""The app's process is killed again and again, in one run, each time in the middle of something else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.customer import Api
from tests.journeys.conftest import Stay
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

TOWN = {"patients": 56, "app": {"BRIDGEWORK_SHARD_RECORDS": "40", "BRIDGEWORK_BATCH_ROWS": "15"}}
OTHERS = {
    "friendlyname": "Of an earlier run",
    "uniquename": "bridgeworkbw",
    "customizationprefix": "bw",
    "customizationoptionvalueprefix": 72700,
}
"""A publisher that was there before: looked at in the very moment of a kill, it must not be taken for ours."""
WRITES = "(CreateMultiple|UpdateMultiple|batch)$"


@contextmanager
def _killed_while(town: Stay, simulator: str, match: str, *, asked: int) -> Iterator[None]:
    """Kill the host while its ``asked``-th request of this kind is under way, and start it again.

    The simulator holds such requests up for a moment, so the request is there when its sender is not any more: what it
    asks for may still happen, with nobody to hear the answer.
    """
    api = Api(simulator)
    api.call("POST", "/sandbox/faults", {"kind": "delay", "match": match, "seconds": 0.25})
    yield
    poll(lambda: api.call("GET", "/sandbox/faults")["faults"][0]["matched"] >= asked)
    town.kill_host()
    api.call("DELETE", "/sandbox/faults")
    town.revive_host()


@pytest.fixture(scope="module")
def story(town: Stay) -> dict[str, Any]:
    """A whole run, with its host killed in every phase."""
    customer, source, target = town.customer("Stubborn Dental"), town.town.corepractice_url, town.town.dataverse_url
    Somebody(town).makes("publishers", **OTHERS)
    seen: dict[str, Any] = {"customer": customer, "before": customer.export()}
    with _killed_while(town, source, "^GET /v1/appointments$", asked=1):
        seen["run"] = run = customer.start(customer.request(sample_size=100))
    customer.until(run, waits_for="mapping")
    with _killed_while(town, target, "^GET .*/publishers$", asked=1):
        customer.decide(run, "mapping")
    with _killed_while(town, target, "^POST .*/Attributes$", asked=6):
        pass
    with _killed_while(town, source, "^GET /v1/appointments$", asked=2):
        pass
    with _killed_while(town, target, WRITES, asked=4):
        pass
    customer.until(run, waits_for="sample")
    with _killed_while(town, target, "contacts/.*CreateMultiple$", asked=1):
        customer.decide(run, "sample")
    with _killed_while(town, target, "appointments/.*CreateMultiple$", asked=2):
        pass
    with _killed_while(town, target, "^GET .*/accounts$", asked=1):
        pass  # the accounts were loaded before the appointments: it is the proof that reads them now
    customer.until(run, phase="delta")
    Api(source).call("POST", "/sandbox/change", {"seed": 2, "created": 3, "updated": 6, "deleted": 0})
    with _killed_while(town, target, WRITES, asked=1):
        customer.ask(run, "pickup")
    poll(lambda: sum(customer.status(run)["delta"].values()) >= 9)
    customer.let_the_window_pass(run)
    seen["status"] = customer.status(run)
    seen["verdict"] = customer.document(run, "verdict")["document"]
    seen["export"] = [json.loads(line) for line in customer.export()]
    return seen


def test_the_run_is_proved_all_the_same(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]


def test_every_record_is_counted_once(story: dict[str, Any]):
    for name, counts in story["status"]["objects"].items():
        ends = counts["created"] + counts["updated"] + counts["excluded"] + counts["set_aside"]
        assert counts["extracted"] == counts["of"] == ends, name
        assert counts["updated"] == 0, name


def test_no_row_is_there_twice(story: dict[str, Any]):
    rows = [line["row"] for line in story["export"] if "row" in line]
    sources = Counter((row["bw_sourceid"]) for row in rows if row.get("bw_sourceid"))
    assert len(sources) > 100
    assert [source for source, times in sources.items() if times > 1] == []


def test_the_way_back_survives_it_too_and_leaves_nothing(town: Stay, story: dict[str, Any]):
    customer, run = story["customer"], story["run"]
    with _killed_while(town, town.town.dataverse_url, "batch$", asked=3):
        customer.ask(run, "rollback")
    with _killed_while(town, town.town.dataverse_url, "^DELETE .*EntityDefinitions", asked=4):
        pass
    back = customer.until(run, phase="rolled-back")["rollback"]
    assert back["listed"] == []
    assert customer.export() == story["before"]


def test_r143_the_audit_trail_is_intact_all_the_same(story: dict[str, Any]):
    found = story["customer"].api.call("GET", f"/api/migrations/{story['run']}/audit")
    assert found["intact"], found["first_broken"]
    assert sum(chain["events"] for chain in found["chains"].values()) > 100
