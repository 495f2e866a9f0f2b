"""A whole run and its way back, as the audit trail tells them; then somebody changes a byte of it."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.journeys.asking import Door
from tests.journeys.conftest import Stay
from tests.journeys.one_run.conftest import MANAGER, audited

KINDS = {
    *("run-registered", "phase", "problem", "decision", "document-published", "schema-change", "owners-settled"),
    *("staged", "batch-loaded", "file-attached", "chain-closed", "values-read", "pause-asked", "resume-asked"),
    *("pickup-asked", "rollback-asked", "batch-undone", "files-undone", "folders-undone", "schema-undone", "run-ended"),
}


@pytest.fixture(scope="module")
def container(town: Stay) -> Iterator[ContainerClient]:
    with BlobServiceClient.from_connection_string(town.town.storage_connection) as service:
        yield service.get_container_client("audit")


@pytest.fixture(scope="module")
def events(told: dict[str, Any], container: ContainerClient) -> list[dict[str, Any]]:
    blobs = [
        container.download_blob(name).readall() for name in container.list_blob_names(name_starts_with=told["run"])
    ]
    return [json.loads(line) for blob in blobs for line in blob.splitlines()]


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["kind"] == kind]


def test_r143_every_operation_of_a_run_and_of_its_way_back_is_in_the_trail(events: list[dict[str, Any]]):
    assert KINDS - {event["kind"] for event in events} == {"problem"}


def test_r143_every_chain_is_intact_at_the_sign_off_and_after_the_way_back(
    told: dict[str, Any], events: list[dict[str, Any]]
):
    for when in ("finished", "rolled back"):
        assert told[f"audit when {when}"]["intact"], told[f"audit when {when}"]["first_broken"]
        assert told[f"audit when {when}"]["first_broken"] is None
    counts = Counter(event["chain"] for event in events)
    assert {name: chain["events"] for name, chain in told["audit when rolled back"]["chains"].items()} == counts
    assert {name.split(".")[0] for name in counts} == {"story", "extract", "load", "attach", "undo"}


def test_r143_every_lane_s_head_is_in_the_story(told: dict[str, Any], events: list[dict[str, Any]]):
    closed = {event["facts"]["chain"]: event["facts"]["hash"] for event in _of(events, "chain-closed")}
    chains = {
        name: chain["head"] for name, chain in told["audit when rolled back"]["chains"].items() if name != "story"
    }
    assert closed == chains


def test_r143_the_batches_add_up_to_what_the_run_says_it_did(told: dict[str, Any], events: list[dict[str, Any]]):
    status = told["customer"].status(told["run"])
    batches = [event["facts"] for event in _of(events, "batch-loaded") if event["facts"]["generation"] == "base"]
    for name in ("patients", "appointments", "treatments"):
        mine = [facts for facts in batches if facts["object"] == name]
        for count in ("created", "updated", "set_aside"):
            assert sum(facts[count] for facts in mine) == status["objects"][name][count], (name, count)
    undone = sum(event["facts"]["undone"] for event in _of(events, "batch-undone"))
    assert undone == status["rollback"]["rows_undone"]


def test_r143_what_was_written_and_what_was_undone_are_the_same_rows(events: list[dict[str, Any]]):
    written = {row for event in _of(events, "batch-loaded") for row in event["facts"]["rows"]}
    undone = {row for event in _of(events, "batch-undone") for row in event["facts"]["rows"]}
    assert len(written) > 100
    assert undone == written


def test_r143_decisions_are_told_with_what_they_decided_and_by_whom(events: list[dict[str, Any]]):
    told = [(event["facts"]["gate"], event["facts"]["decision"]) for event in _of(events, "decision")]
    assert sorted(told) == [("mapping", "approve"), ("sample", "approve"), ("sign-off", "approve")]
    published = {event["facts"]["digest"] for event in _of(events, "document-published")}
    assert {event["facts"]["digest"] for event in _of(events, "decision")} <= published


def test_r143_a_look_at_values_is_told_with_who_looked(events: list[dict[str, Any]]):
    (read,) = _of(events, "values-read")
    assert read["who"] == MANAGER
    assert read["facts"]["document"] == "sample-diff"
    assert {event["who"] for event in _of(events, "pause-asked")} == {"function-key"}


def test_a19_n7_no_value_and_no_id_of_a_record_is_in_the_trail(
    town: Stay, told: dict[str, Any], container: ContainerClient
):
    text = b"".join(
        container.download_blob(name).readall() for name in container.list_blob_names(name_starts_with=told["run"])
    ).decode()
    ours = [row for row in told["rows"]["contact"] if "|patients|" in (row.get("bw_sourceid") or "")]
    columns = ("lastname", "mobilephone", "telephone1", "emailaddress1", "contactid", "bw_sourceid", "address1_line1")
    words = {str(row[name]) for row in ours for name in columns if len(str(row.get(name) or "")) > 7}
    files = {row["filename"] for row in told["rows"]["annotation"] if row.get("filename")}
    assert len(words) > 100
    assert files
    assert [word for word in words | files if word in text] == []


def test_r143_the_lines_of_a_chain_can_be_read(told: dict[str, Any], town: Stay):
    address = f"{town.town.functions_url}/api/migrations/{told['run']}/audit?format=ndjson"
    chains = told["audit when rolled back"]["chains"]
    for chain, known in [("story", chains["story"]), *chains.items()][:3]:
        asked = urllib.request.Request(
            f"{address}&chain={chain}&after=1", headers={"x-functions-key": town.town.function_key}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.headers.get_content_type() == "application/x-ndjson"
            lines = [json.loads(line) for line in answer]
        assert [line["n"] for line in lines] == list(range(2, known["events"] + 1))


def test_r143_the_trail_says_what_it_does_not_have(told: dict[str, Any], town: Stay):
    door, address = Door(town.town), f"/api/migrations/{told['run']}/audit"
    assert door.send("GET", address).body["intact"]
    door.refused(404, "unknown-chain", "GET", f"{address}?format=ndjson&chain=load.base.nobody.000")
    door.refused(400, "unknown-format", "GET", f"{address}?format=csv")
    door.refused(400, "after-invalid", "GET", f"{address}?format=ndjson&after=x")


def _broken(told: dict[str, Any]) -> tuple[str, int, str] | None:
    found = audited(told["customer"], told["run"])
    broken = found["first_broken"]
    assert found["intact"] is (broken is None)
    return (broken["chain"], broken["n"], broken["why"]) if broken else None


def test_r143_one_byte_changed_in_a_blob_is_found_and_named(told: dict[str, Any], container: ContainerClient):
    chain = next(name for name, one in told["audit when rolled back"]["chains"].items() if "load.base.a" in name)
    blob = container.get_blob_client(f"{told['run']}/{chain}-0000.ndjson")
    whole = blob.download_blob().readall()
    lines = whole.splitlines(keepends=True)
    spoiled = lines[1].replace(b'"excluded":0', b'"excluded":1')
    changes = {
        ("altered", 2): [lines[0], spoiled, *lines[2:]],
        ("removed", 1): lines[1:],
        ("cut-off", len(lines)): lines[:-1],
    }
    for (why, n), content in changes.items():
        blob.upload_blob(b"".join(content), blob_type="AppendBlob", overwrite=True)
        assert _broken(told) == (chain, n, why)
    blob.delete_blob()
    assert _broken(told) == (chain, 1, "cut-off")
    blob.upload_blob(whole, blob_type="AppendBlob", overwrite=True)
    assert _broken(told) is None
