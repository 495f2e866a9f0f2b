"""Everything a customer can get wrong at the front door: a clear answer, no half-started run, nothing lost."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from azure.storage.blob import ContainerClient

from sandbox.corepractice import hostile
from sandbox.customer import APPROVER, Api
from tests.journeys.asking import CONTRACT, Door, Seen
from tests.journeys.conftest import Stay
from tests.shared.corepractice.test_hostile_bundles import REFUSALS

TOWN = {"patients": 12, "app": {"BRIDGEWORK_SECRET_WRONG": "not-the-token"}}
START = "/api/migrations"
SOME_DIGEST = "0" * 64


@pytest.fixture(scope="module")
def door(town: Stay) -> Door:
    return Door(town.town)


@pytest.fixture(scope="module")
def before(town: Stay) -> list[str]:
    return town.customer("Harbour Dental").export()


@pytest.fixture(scope="module")
def good(town: Stay, before: list[str]) -> dict[str, Any]:
    """A good request, of a town nobody has touched yet."""
    return town.customer("Harbour Dental").request()


def _with_source(good: dict[str, Any], **source: Any) -> dict[str, Any]:
    return {**good, "source": {**good["source"], **source}}


def _complaints(seen: Seen) -> set[str]:
    return {complaint["at"] for complaint in seen.body["complaints"]}


def test_a_secret_nobody_configured_is_named_by_its_place(door: Door, good: dict[str, Any]):
    seen = door.refused(400, "request-doubtful", "POST", START, _with_source(good, secret="nobody-knows"))
    assert _complaints(seen) == {"source.secret"}


@pytest.fixture(scope="module")
def nowhere() -> Iterator[str]:
    """An address that is taken and never listens: connections are refused, and nobody else gets the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_source_that_does_not_answer_is_said_to_be_unreachable(door: Door, good: dict[str, Any], nowhere: str):
    seen = door.refused(422, "source-unreachable", "POST", START, _with_source(good, base_url=nowhere))
    assert seen.body["remedy"]


def test_a_target_that_does_not_answer_is_said_to_be_unreachable(door: Door, good: dict[str, Any], nowhere: str):
    seen = door.refused(503, "target-unreachable", "POST", START, {**good, "target": {"url": nowhere}})
    assert int(seen.headers["Retry-After"]) >= 1


def test_wrong_credentials_are_refused_before_anything_starts(door: Door, good: dict[str, Any]):
    seen = door.refused(422, "source-credentials-refused", "POST", START, _with_source(good, secret="wrong"))
    assert seen.body["remedy"]


def test_a_missing_privilege_is_named_before_anything_starts(town: Stay, door: Door, good: dict[str, Any]):
    dataverse = Api(town.town.dataverse_url)
    dataverse.call("POST", "/sandbox/privileges", {"missing": ["prvCreateContact", "prvCreateEntity"]})
    try:
        seen = door.refused(422, "privilege-missing", "POST", START, good)
    finally:
        dataverse.call("POST", "/sandbox/privileges", {"missing": []})
    assert "prvCreateContact" in seen.body["detail"]
    assert "prvCreateEntity" in seen.body["detail"]


def test_a_body_of_ten_megabytes_is_too_large(door: Door, good: dict[str, Any]):
    door.refused(413, "body-too-large", "POST", START, {**good, "practice": "x" * 10_000_000})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\x00", b"[]", b'"text"', b"null", b"17", b"[" * 20_000, b'{"practice": "a", "practice"}'],
    ids=["empty", "cut", "no-utf-8", "list", "text", "null", "number", "deep", "half"],
)
def test_a_body_that_is_no_request_is_refused(door: Door, body: bytes):
    door.refused(400, "request-doubtful", "POST", START, body)


def test_all_complaints_come_at_once(door: Door, good: dict[str, Any]):
    body = {
        "practice": "",
        "source": {"kind": "api", "base_url": "ftp://clinic.example", "secret": "nobody-knows"},
        "target": {"url": "https://evil.example"},
        "options": {"time_zone": "Mars/Base", "sample_size": 5, "schema": "magic", "speling": 1},
        "callback_url": "http://user:secret@example.com/",
        "surprise": True,
    }
    seen = door.refused(400, "request-doubtful", "POST", START, body)
    assert _complaints(seen) == {
        *("practice", "source.base_url", "source.secret", "target.url", "callback_url", "surprise"),
        *("options.time_zone", "options.sample_size", "options.schema", "options.speling"),
    }
    assert "user:secret" not in json.dumps(seen.body)


@pytest.mark.parametrize(
    "url",
    [
        *("https://a b.crm.dynamics.com", "https://a\nb.crm.dynamics.com", "https://\u0430.crm.dynamics.com"),
        *(
            "https://org.crm.dynamics.com.evil.example",
            "https://org.crm.dynamics.com:0",
            "https://[::1",
            "",
            "https://",
        ),
        *("http://org.crm.dynamics.com", "https://me@org.crm.dynamics.com", "https://org.crm.dynamics.com/?x=1"),
    ],
)
def test_an_address_that_could_be_read_two_ways_is_refused(door: Door, good: dict[str, Any], url: str):
    seen = door.refused(400, "request-doubtful", "POST", START, {**good, "target": {"url": url}})
    assert _complaints(seen) == {"target.url"}


@pytest.mark.parametrize("blob", ["../runs/x.zip", "/x.zip", "https://evil.example/x.zip", "a\\b.zip"])
def test_a_bundle_s_name_stays_inside_the_inbox(door: Door, good: dict[str, Any], blob: str):
    door.refused(400, "request-doubtful", "POST", START, {**good, "source": {"kind": "bundle", "blob": blob}})


def test_a_bundle_nobody_uploaded_is_missing(door: Door, good: dict[str, Any]):
    source = {"kind": "bundle", "blob": "nobody-uploaded-this.zip"}
    door.refused(422, "bundle-missing", "POST", START, {**good, "source": source})


@pytest.fixture(scope="module")
def inbox(town: Stay) -> Iterator[ContainerClient]:
    with ContainerClient.from_connection_string(town.town.storage_connection, "inbox") as container:
        yield container


@pytest.mark.parametrize("name", list(REFUSALS))
def test_a_bundle_that_is_not_sound_is_refused_by_name(
    door: Door, good: dict[str, Any], inbox: ContainerClient, tmp_path: Path, name: str
):
    bundle = hostile.HOSTILE[name](tmp_path / "bundle.zip")
    with bundle.open("rb") as content:
        inbox.upload_blob(f"{name}.zip", content)
    source = {"kind": "bundle", "blob": f"{name}.zip"}
    seen = door.refused(422, REFUSALS[name], "POST", START, {**good, "source": source})
    assert seen.body["remedy"]


def test_without_the_right_key_nobody_is_told_anything(town: Stay):
    for key in ("", "wrong"):
        door = Door(town.town, key)
        for method, path in (("GET", START), ("POST", START), ("GET", START + "/r" + "0" * 20)):
            assert door.send(method, path).status == 401


def test_none_of_it_started_a_run(door: Door):
    assert door.send("GET", START).body == {"migrations": []}


@pytest.fixture(scope="module")
def run(town: Stay, good: dict[str, Any]) -> str:
    """A run that waits at its first gate."""
    customer = town.customer("Harbour Dental")
    run = customer.start(good, key="the-first")
    customer.until(run, waits_for="mapping")
    return run


def _decision(digest: str, **changes: Any) -> dict[str, Any]:
    return {"gate": "mapping", "decision": "approve", "digest": digest, "by": APPROVER, **changes}


@pytest.mark.parametrize("run_id", ["r" + "0" * 20, "nonsense", "r%2e%2e", "RUN", "r" + "0" * 21])
def test_a_run_nobody_started_is_unknown(door: Door, run_id: str):
    door.refused(404, "unknown-run", "GET", f"{START}/{run_id}")
    for verb in ("decisions", "rollback", "pause", "resume", "pickup", "verify", "repair"):
        door.refused(404, "unknown-run", "POST", f"{START}/{run_id}/{verb}", {})


def test_a_document_nobody_writes_is_unknown_and_one_that_comes_later_is_not_yet_there(door: Door, run: str):
    door.refused(404, "unknown-document", "GET", f"{START}/{run}/documents/secrets")
    door.refused(404, "document-not-yet", "GET", f"{START}/{run}/documents/verdict")


def test_n24_n25_evidence_and_lineage_that_are_not_there_yet_are_said_to_come(door: Door, run: str):
    seen = door.send("GET", f"{START}/{run}/evidence")
    assert seen.status == 404
    assert "fresh=true" in json.dumps(seen.body)
    door.refused(404, "lineage-not-yet", "GET", f"{START}/{run}/lineage/contact/{UUID(int=5)}")


def test_a_decision_that_does_not_fit_changes_nothing(door: Door, run: str):
    here = f"{START}/{run}/decisions"
    digest = door.send("GET", f"{START}/{run}/documents/mapping").body["digest"]
    door.refused(404, "unknown-gate", "POST", here, _decision(digest, gate="back-door"))
    door.refused(409, "other-digest", "POST", here, _decision(SOME_DIGEST))
    door.refused(409, "gate-not-open", "POST", here, _decision(SOME_DIGEST, gate="sample"))
    door.refused(400, "request-doubtful", "POST", here, _decision("short"))
    door.refused(400, "request-doubtful", "POST", here, _decision(digest, decision="perhaps", by=""))
    door.refused(400, "request-doubtful", "POST", here, b"")
    door.refused(413, "body-too-large", "POST", here, _decision(digest, comment="x" * 10_000_000))
    door.refused(409, "not-held-up", "POST", f"{START}/{run}/resume")
    door.refused(409, "window-not-open", "POST", f"{START}/{run}/pickup")
    assert door.send("GET", f"{START}/{run}").body["waiting_for"] == "mapping"


def test_starting_twice_is_starting_once(town: Stay, door: Door, good: dict[str, Any], run: str):
    again = {"Idempotency-Key": "the-first"}
    with ThreadPoolExecutor(6) as many:
        seen = list(many.map(lambda _: door.send("POST", START, good, **again), range(6)))
    assert {(one.status, one.body["run"]) for one in seen} == {(202, run)}
    assert door.send("POST", START, good, **{"webhook-id": "the-first"}).body["run"] == run
    assert [one["run"] for one in door.send("GET", START).body["migrations"]] == [run]
    seen_of_run = [one for one in _instances(town) if one["instanceId"] == run]
    assert len(seen_of_run) == 1


def _instances(town: Stay) -> list[dict[str, Any]]:
    host = town.customer("").host
    found: Any = host.call("GET", "/runtime/webhooks/durabletask/instances?top=1000")
    return list(found)


def test_the_same_key_with_another_body_is_refused(door: Door, good: dict[str, Any], run: str):
    other = {**good, "practice": "Another Practice"}
    door.refused(422, "key-used-for-another-body", "POST", START, other, **{"Idempotency-Key": "the-first"})


def test_many_first_starts_at_once_make_one_run(town: Stay, door: Door, good: dict[str, Any], run: str):
    key = {"Idempotency-Key": "all-at-once"}
    with ThreadPoolExecutor(6) as many:
        seen = list(many.map(lambda _: door.send("POST", START, good, **key), range(6)))
    assert {one.status for one in seen} == {202}, [one.body for one in seen]
    (second,) = {one.body["run"] for one in seen}
    assert second != run
    town.customer("").until(second, waits_for="mapping")
    assert len([one for one in _instances(town) if one["instanceId"] == second]) == 1
    door.send("POST", f"{START}/{second}/rollback")
    town.customer("").until(second, phase="rolled-back")


def test_the_same_decision_twice_is_one_decision_and_another_is_refused(town: Stay, door: Door, run: str):
    here = f"{START}/{run}/decisions"
    decision = _decision(door.send("GET", f"{START}/{run}/documents/mapping").body["digest"], decision="reject")
    CONTRACT.check_request("POST", here, decision)
    first = door.send("POST", here, decision)
    assert first.status == 202
    town.customer("").until(run, phase="rejected")
    assert door.send("POST", here, decision).body == first.body
    door.refused(409, "already-decided", "POST", here, {**decision, "decision": "approve"})
    door.refused(409, "already-decided", "POST", here, {**decision, "by": "somebody.else@example.com"})


def test_what_has_ended_cannot_be_asked_for_more(door: Door, run: str):
    door.refused(409, "nothing-to-roll-back", "POST", f"{START}/{run}/rollback")
    door.refused(409, "run-has-ended", "POST", f"{START}/{run}/pause")
    door.refused(409, "run-has-ended", "POST", f"{START}/{run}/resume")
    door.refused(409, "window-not-open", "POST", f"{START}/{run}/pickup")


def test_rolling_back_twice_is_refused_the_second_time(town: Stay, door: Door, good: dict[str, Any]):
    third = door.send("POST", START, good, **{"Idempotency-Key": "the-third"}).body["run"]
    town.customer("").until(third, waits_for="mapping")
    assert door.send("POST", f"{START}/{third}/rollback").status == 202
    door.refused(409, "already-rolling-back", "POST", f"{START}/{third}/rollback")
    town.customer("").until(third, phase="rolled-back")
    door.refused(409, "already-rolling-back", "POST", f"{START}/{third}/rollback")


def test_a_start_repeated_after_the_end_starts_nothing_anew(door: Door, good: dict[str, Any], run: str):
    assert door.send("POST", START, good, **{"Idempotency-Key": "the-first"}).body["run"] == run
    assert door.send("GET", f"{START}/{run}").body["phase"] == "rejected"


def test_after_all_of_it_the_target_is_as_it_was(town: Stay, before: list[str]):
    assert town.customer("").export() == before
