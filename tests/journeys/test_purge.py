"""What a run left of people's health in our storage goes when it is told to, and when its time is over: all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from sandbox.customer import Customer, Refused
from tests.journeys.conftest import Stay, stay
from tests.journeys.one_of_each import ONE_OF_EACH, practice
from tests.journeys.watching import poll

CANARIES = ("zoe.fox@example.com", "Zoe", "Harbour Health", "Bay Orthodontics", "0400 000 001", "Rang.")
AN_HOUR = {"advance_seconds": 3700}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A town with one record of each object, whose admin keeps records until somebody asks."""
    folder = tmp_path_factory.mktemp("purge")
    given = practice(folder / "data", ONE_OF_EACH)
    app = {"BRIDGEWORK_RETENTION_DAYS": "0"}
    with stay(folder, patients=0, dataverse=["--calm"], corepractice=given, app=app) as now:
        yield now


def stored(here: Stay) -> dict[str, bytes]:
    """Everything in the storage account, by where it is. Read past the app."""
    found: dict[str, bytes] = {}
    blobs = BlobServiceClient.from_connection_string(here.town.storage_connection)
    for container in blobs.list_containers():
        client = blobs.get_container_client(container.name)
        for name in client.list_blob_names():
            found[f"{container.name}/{name}"] = client.download_blob(name).readall()
    tables = TableServiceClient.from_connection_string(here.town.storage_connection)
    for table in tables.list_tables():
        for row in tables.get_table_client(table.name).list_entities():
            found[f"{table.name}/{row['PartitionKey']}/{row['RowKey']}"] = repr(dict(row)).encode()
    return found


def histories(customer: Customer, run: str) -> list[str]:
    """The orchestrations that know of a run."""
    listed: Any = customer.host.call("GET", "/runtime/webhooks/durabletask/instances?top=5000")
    return [one["instanceId"] for one in listed if run in json.dumps(one)]


def purges(customer: Customer, run: str, **body: str) -> Any:
    return customer.api.call("POST", f"/api/migrations/{run}/purge", {"run": run, "by": "Dr Practice", **body})


def refused(customer: Customer, method: str, path: str, body: Any = None) -> tuple[int, str]:
    found: Refused = customer.refusal(lambda: customer.api.call(method, path, body))
    return found.status, found.problem["type"].rpartition("/")[2]


@pytest.fixture(scope="module")
def story(here: Stay) -> dict[str, Any]:
    """A run to its sign-off, then its purge."""
    customer = here.customer("Tidy Dental")
    run = customer.start(key="tidy")
    seen: dict[str, Any] = {"customer": customer, "run": run}
    customer.approve_until_delta(run)
    seen["too early"] = refused(customer, "POST", f"/api/migrations/{run}/purge", {"run": run, "by": "me"})
    customer.ask(run, "pickup?close=true")  # not by a jump of the clock: histories go by the time they were made
    customer.until(run, waits_for="sign-off")
    customer.decide(run, "sign-off")
    customer.until(run, phase="finished")
    seen["another"] = refused(customer, "POST", f"/api/migrations/{run}/purge", {"run": "r" + "0" * 20, "by": "me"})
    seen["before"] = stored(here)
    seen["target before"] = customer.export()
    poll(lambda: purges(customer, run)["asked"] == "purge")
    poll(lambda: not any(name.startswith(f"staging/{run}/") for name in stored(here)))
    poll(lambda: not customer.status(run)["objects"])
    poll(lambda: _certified(customer, run))
    seen["after"], seen["status"] = stored(here), customer.status(run)
    seen["certificate"] = customer.document(run, "purge-certificate")["document"]
    return seen


def _certified(customer: Customer, run: str) -> Any:
    """The histories go at the timer's next turn."""
    if not customer.status(run)["purged_at"]:
        customer.host.call("POST", "/sandbox/clock", AN_HOUR)
    return customer.status(run)["purged_at"]


def test_a_run_is_purged_only_after_its_end_and_by_its_name(story: dict[str, Any]):
    assert story["too early"] == (409, "not-ended")
    assert story["another"] == (409, "another-run")


def test_nothing_of_anybody_is_left_in_our_storage(story: dict[str, Any]):
    run = story["run"]
    assert any(f"journal{run}" in name for name in story["before"])
    assert any("aside|" in name or "shard|" in name for name in story["before"])
    left = [name for name in story["after"] if run in name]
    assert left
    assert all(name.startswith(("reports/", "audit/", "runs/")) for name in left), left
    rows = [name for name in left if name.startswith(f"runs/{run}/")]
    assert all(name.split("/")[2].startswith(("document|", "decision|")) for name in rows), rows
    bodies = story["after"].items()
    assert [(where, one) for where, body in bodies for one in CANARIES if one.encode() in body] == []


def test_the_histories_are_gone_too(story: dict[str, Any]):
    assert histories(story["customer"], story["run"]) == []


def test_the_certificate_says_what_went_and_what_stays(story: dict[str, Any]):
    certificate, run = story["certificate"], story["run"]
    staged = [name for name in story["before"] if name.startswith(f"staging/{run}/")]
    journal = [name for name in story["before"] if name.startswith(f"journal{run}/")]
    went = {one["where"]: one for one in certificate["went"]}
    assert went["container staging"]["count"] == len(staged) > 20
    assert went["the run's own table"]["count"] == len(journal) > 10
    assert went["table receipts"]["count"] == 1
    assert went["the task hub"]["count"] > 50
    assert all(one["left"] == 0 for one in certificate["went"])
    assert all(one["what"] and one["why"] and one["until"] for one in certificate["stays"])
    assert (certificate["asked_by"], certificate["run"]) == ("Dr Practice", run)
    assert story["status"]["purged_at"] == certificate["purged_at"]


@pytest.mark.parametrize("ask", ["rollback", "verify", "repair", "pause", "purge"])
def test_what_needs_the_records_is_refused_and_says_why(story: dict[str, Any], ask: str):
    body = {"run": story["run"], "by": "me"} if ask == "purge" else {"by": "me"} if ask == "repair" else None
    assert refused(story["customer"], "POST", f"/api/migrations/{story['run']}/{ask}", body) == (410, "purged")


def test_the_reports_the_evidence_and_the_rows_in_dynamics_stay(story: dict[str, Any]):
    customer, run = story["customer"], story["run"]
    assert customer.document(run, "verdict")["document"]["proved"]
    assert customer.api.call("GET", f"/api/migrations/{run}/audit")["intact"]
    assert len(customer.evidence(run)) > 10_000
    assert customer.export() == story["target before"]


def test_the_webhook_that_comes_again_starts_nothing(story: dict[str, Any]):
    customer = story["customer"]
    assert customer.start(key="tidy") == story["run"]
    assert histories(customer, story["run"]) == []


def test_a_run_whose_time_is_over_is_purged_by_itself(here: Stay, story: dict[str, Any]):
    customer = here.customer("Forgotten Dental")
    run = customer.start()
    customer.until(run, waits_for="mapping")
    customer.decide(run, "mapping", "reject")
    customer.until(run, phase="rejected")
    here.kill_host()
    here.revive_host(BRIDGEWORK_RETENTION_DAYS="0.000001")
    poll(lambda: _certified(customer, run))
    assert customer.document(run, "purge-certificate")["document"]["asked_by"].startswith("retention")
