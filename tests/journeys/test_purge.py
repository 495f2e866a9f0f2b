"""What a run left of people's health in our storage goes: one person's when somebody says so, and all of it when it is
told to or its time is over."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from sandbox.customer import Customer, Refused
from tests.contract import HERE
from tests.journeys.conftest import Stay, stay
from tests.journeys.legible import opened, raw
from tests.journeys.one_of_each import AT, ONE_OF_EACH, practice
from tests.journeys.somebody import Somebody
from tests.journeys.watching import poll

CANARIES = ("zoe.fox@example.com", "Zoe", "Harbour Health", "Bay Orthodontics", "0400 000 001", "Rang.", "Bartholomew")
BEFORE = "0499 888 777"
HERS = ("zoe.fox@example.com", "Zoe", "0400 000 001", "Rang.", "All well.", "HH-1", "bitewing.png", "INV-1", BEFORE)
"""Values of the one patient, of her records, and of the contact that she was before the run."""
HER_IDS = ("p-1", "a-1", "tr-1", "tp-1", "tl-1", "in-1", "il-1", "pm-1", "al-1", "no-1", "ip-1", "co-1", "x-1")
LOCAL_KEY = base64.b64encode(b"only for this journey, 32 bytes.").decode()
WHILE = 600.0
AN_HOUR = {"advance_seconds": 3700}


OTHERS = "Bartholomew"
"""Another patient, of whom nothing may go with the first."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A town with one record of each object, whose admin keeps records until somebody asks."""
    folder = tmp_path_factory.mktemp("purge")
    given = practice(folder / "data", ONE_OF_EACH)
    for name, one in (("patients", {"id": "p-2", "patient_number": "2", "first_name": OTHERS, "last_name": "Roe",
                                    "status": "active", "family_id": "p-2"}),
                      ("notes", {"id": "no-2", "patient_id": "p-2", "author_id": "s-1", "kind": "clinical",
                                 "subject": "Recall", "body": f"{OTHERS} is well.", "format": "text",
                                 "noted_at": "2024-07-03T09:30:00+10:00"})):  # fmt: skip
        with (folder / "data" / f"{name}.ndjson").open("a") as file:
            file.write(json.dumps({**one, **AT}) + "\n")
    app = {"BRIDGEWORK_RETENTION_DAYS": "0", "BRIDGEWORK_LOCAL_KEY": LOCAL_KEY}
    with stay(folder, patients=0, dataverse=["--calm"], corepractice=given, app=app) as now:
        yield now


def stored(here: Stay) -> dict[str, bytes]:
    """Everything in the storage account, by where it is. Read past the app."""
    found: dict[str, bytes] = {}
    blobs = BlobServiceClient.from_connection_string(here.town.storage_connection)
    for container in blobs.list_containers():
        client = blobs.get_container_client(container.name)
        for name in client.list_blob_names():
            with suppress(ResourceNotFoundError):  # it went while this looked
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
    """A run to its window, where a patient is erased; to its sign-off, then its purge."""
    customer = here.customer("Tidy Dental")
    known = {"firstname": "Zoe", "lastname": "Fox", "emailaddress1": "zoe.fox@example.com", "birthdate": "1980-02-29"}
    Somebody(here).makes("contacts", **known, mobilephone=BEFORE)
    run = customer.start(key="tidy")
    seen: dict[str, Any] = {"customer": customer, "run": run}
    customer.approve_until_delta(run)
    _erase(here, customer, run, seen)
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


def _erase(here: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    """Zoe is found, then erased, then everything is compared again."""
    path, key = f"/api/migrations/{run}/erase", here.town.storage_connection
    who = {"object": "patients", "id": "p-1", "by": "Dr Practice"}
    seen["unconfirmed"] = refused(customer, "POST", path, who)
    seen["proved"] = customer.document(run, "verdict")["document"]
    customer.api.call("POST", f"{path}?dry_run=true", who)
    poll(lambda: _found(customer, run, "erasure-rehearsal"), patience=WHILE)
    seen["found"] = customer.document(run, "erasure-rehearsal")["document"]
    seen["raw before"], seen["opened before"] = raw(key, run), opened(key, run, LOCAL_KEY)
    customer.api.call("POST", path, {**who, "confirm": "p-1"})
    poll(lambda: _found(customer, run, "erasure-certificate"), patience=WHILE)
    seen["raw after"], seen["opened after"] = raw(key, run), opened(key, run, LOCAL_KEY)
    seen["erased"] = customer.document(run, "erasure-certificate")["document"]
    seen["shown"] = [customer.document(run, name, shown=True) for name in customer.status(run)["documents"]
                     if name != "evidence"]  # fmt: skip
    seen["pack"] = customer.evidence(run)
    customer.ask(run, "verify")
    poll(lambda: customer.document(run, "verdict")["document"]["version"] > seen["proved"]["version"], patience=WHILE)
    customer.until(run, waits_for="window")
    seen["proved again"] = customer.document(run, "verdict")["document"]
    customer.ask(run, "rollback?dry_run=true")
    poll(lambda: _found(customer, run, "rollback-rehearsal"), patience=WHILE)
    seen["way back"] = customer.document(run, "rollback-rehearsal")["document"]


def _found(customer: Customer, run: str, name: str) -> bool:
    status = customer.status(run)
    return name in status["documents"] and not status["erasing"]


def _naming(found: dict[str, bytes]) -> dict[str, list[str]]:
    """Where anything of hers stands: her values, and ids of her records as whole words of JSON or of a row."""
    words = [*HERS, *(f"{quote}{id_}{quote}" for id_ in HER_IDS for quote in "'\"")]
    named = {where: [word for word in words if word.encode() in content] for where, content in found.items()}
    return {where: some for where, some in named.items() if some}


def _of_shard(where: str, run: str) -> list[str]:
    """What changes with a shard: the index of its ids, and the row that knows its digest."""
    _, _, name, generation, file = where.split("/")
    row = f"runs/{run}/shard|{generation}|{name.removesuffix('-insured')}|{file.partition('.')[0]}"
    return [f"{where}.ids", row]


def _certified(customer: Customer, run: str) -> Any:
    """The histories go at the timer's next turn."""
    if not customer.status(run)["purged_at"]:
        customer.host.call("POST", "/sandbox/clock", AN_HOUR)
    return customer.status(run)["purged_at"]


def test_a_patient_is_erased_only_by_an_id_that_is_given_twice(story: dict[str, Any]):
    assert story["unconfirmed"] == (409, "not-confirmed")


def test_a37_a_search_counts_where_a_patient_is_and_changes_nothing(story: dict[str, Any]):
    found = {one["what"]: one["count"] for one in story["found"]["found"]}
    assert set(story["found"]["records"]) == {
        "patients", "appointments", "treatments", "treatment_plans", "treatment_plan_lines", "invoices",
        "invoice_lines", "payments", "payment_allocations", "notes", "insurance_policies", "communications",
        "attachments",
    }  # fmt: skip
    assert set(story["found"]["records"].values()) == {1}
    assert found["values before a change"] >= 1
    assert found["receipts of files"] == 1
    words = {word for some in _naming(story["opened before"]).values() for word in some}
    assert set(HERS) <= words


def test_a37_after_it_nothing_of_her_is_left_in_staging_journal_documents_or_evidence(story: dict[str, Any]):
    assert _naming(story["opened after"]) == {}
    assert _naming({"shown": json.dumps(story["shown"]).encode(), "raw": b"".join(story["raw after"].values())}) == {}
    assert all(one["left"] == 0 for one in story["erased"]["went"])
    assert [one["count"] for one in story["erased"]["went"]] == [one["count"] for one in story["found"]["found"]]


def test_a37_what_is_anybody_else_s_is_there_byte_for_byte(story: dict[str, Any]):
    hers, was, now = _naming(story["opened before"]), story["opened before"], story["opened after"]
    working = ("/profiles/", "/erasing/", "/evidence/", "|evidence", "/erased/", f"runs/run/{story['run']}", "audit/")
    shards = {where for where in hers if where.endswith(".zst")}
    follow = {name for where in shards for name in _of_shard(where, story["run"])}
    others = {where for where in was if where not in hers | dict.fromkeys(follow)}
    others = {where for where in others if not any(part in where for part in working)}
    assert len(others) > 50
    assert [where for where in others if story["raw before"][where] != story["raw after"].get(where)] == []
    for where in shards:
        lines = [line for line in was[where].splitlines() if b'"p-1"' not in line]
        assert now[where].splitlines() == lines, where
    assert any(OTHERS.encode() in now[where] for where in hers if where.endswith(".zst"))


def test_a37_the_proof_knows_that_her_records_were_erased_and_not_lost(story: dict[str, Any]):
    before, after = story["proved"], story["proved again"]
    assert before["proved"], before["because"]
    assert after["proved"], after["because"]
    assert after["objects"]["patients"]["reasons"]["erased"] == 1
    assert after["objects"]["notes"]["reasons"]["erased"] == 1
    assert after["rows_verified"] < before["rows_verified"]


def test_a37_the_way_back_says_that_her_contact_cannot_return_to_what_it_was(story: dict[str, Any]):
    patients = story["way back"]["objects"]["patients"]
    assert patients["why"] == {"before-values-erased": 1}
    assert patients["deleted"] == 1
    assert story["way back"]["objects"]["notes"]["deleted"] == 2


def test_a37_the_evidence_is_sound_without_her(story: dict[str, Any], tmp_path: Path):
    (tmp_path / "pack.zip").write_bytes(story["pack"])
    program = HERE / "shared" / "evidence" / "verify_evidence.py"
    said = subprocess.run([sys.executable, "-I", program, tmp_path / "pack.zip"], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout


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
