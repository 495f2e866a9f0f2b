"""One run on two of the app's processes. One of them is killed in the middle of the load, comes back, is frozen past
its lease and goes on. What that leaves is as if nothing had happened."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from azure.data.tables import TableClient

from sandbox.customer import Api
from tests.freezing import alive, freeze, thaw
from tests.journeys.conftest import PEOPLE, Stay, knowing
from tests.journeys.watching import poll

TOWN = {
    "patients": 30,
    "corepractice": knowing(*PEOPLE, "treatments"),
    "app": {
        "BRIDGEWORK_SHARD_RECORDS": "30",
        "BRIDGEWORK_BATCH_ROWS": "10",
        "BRIDGEWORK_LANES": "3",
        # So that a hundredth of it, from which on processes count one another, is soon used.
        "BRIDGEWORK_DATAVERSE_LIMITS": "6000,200,300,52",
    },
    "hosts": 2,
    "lease_seconds": 3.0,
}
WRITES = "(CreateMultiple|UpdateMultiple|batch)$"
OTHER = 1


def _claimed(town: Stay, number: int) -> int:
    """How many activities one of the hosts has claimed."""
    return alive(town.home / "hub.db").get(town.running.hosts[number].url, 0)


def _peers(town: Stay) -> list[str]:
    """The environment (and users) of every process that has asked one."""
    with TableClient.from_connection_string(town.town.storage_connection, "peers") as peers:
        return [row["PartitionKey"] for row in peers.list_entities()]


@pytest.fixture(scope="module")
def story(town: Stay) -> dict[str, Any]:
    """A whole run, there and back."""
    customer, target = town.customer("Many Hands Dental"), Api(town.town.dataverse_url)
    seen: dict[str, Any] = {"before": customer.export()}
    run = customer.start(customer.request(sample_size=100))
    for gate in ("mapping", "sample"):
        customer.until(run, waits_for=gate)
        if gate == "sample":
            target.call("POST", "/sandbox/faults", {"kind": "delay", "match": WRITES, "seconds": 0.3})
        customer.decide(run, gate)
    customer.until(run, phase="load")
    state = town.home / "hub.db"
    poll(lambda: _claimed(town, OTHER) > 0)
    town.kill_host(OTHER)
    poll(lambda: len(alive(state)) == 1)
    town.revive_host(OTHER)
    poll(lambda: _claimed(town, OTHER) > 0)
    freeze(town.running.host_process_ids[OTHER], state)
    poll(lambda: len(alive(state)) == 1)
    target.call("DELETE", "/sandbox/faults")
    thaw(town.running.host_process_ids[OTHER])
    poll(lambda: len(alive(state)) == 2)
    customer.until(run, phase="delta")
    customer.let_the_window_pass(run)
    seen["status"] = customer.status(run)
    seen["verdict"] = customer.document(run, "verdict")["document"]
    seen["export"] = [json.loads(line) for line in customer.export()]
    seen["audit"] = customer.api.call("GET", f"/api/migrations/{run}/audit")
    customer.ask(run, "rollback")
    seen["back"] = customer.until(run, phase="rolled-back")["rollback"]
    seen["after"], seen["peers"] = customer.export(), _peers(town)
    return seen


def test_the_run_is_proved_whoever_did_the_work(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]


def test_r106_the_processes_knew_of_one_another(story: dict[str, Any]):
    assert len(story["peers"]) >= 2, "one of them may be there twice, as it was killed"
    assert len(set(story["peers"])) == 1


def test_every_record_is_counted_once_and_no_row_is_there_twice(story: dict[str, Any]):
    for name, counts in story["status"]["objects"].items():
        ends = counts["created"] + counts["updated"] + counts["excluded"] + counts["set_aside"]
        assert counts["extracted"] == counts["of"] == ends, name
        assert counts["updated"] == 0, name
    sources = Counter(line["row"]["bw_sourceid"] for line in story["export"] if line.get("row", {}).get("bw_sourceid"))
    assert len(sources) > 100
    assert set(sources.values()) == {1}


def test_r143_the_audit_trail_is_intact_though_several_wrote_it(story: dict[str, Any]):
    assert story["audit"]["intact"], story["audit"]["first_broken"]


def test_the_way_back_leaves_nothing(story: dict[str, Any]):
    assert story["back"]["listed"] == []
    assert story["after"] == story["before"]
