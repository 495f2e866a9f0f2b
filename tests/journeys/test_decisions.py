"""People decide: they amend, reject, pause, turn back, are shown what is missing, and are told in the meantime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.customer import APPROVER, Api, Customer
from tests.journeys.conftest import PEOPLE, Stay, knowing
from tests.journeys.listening import SECRET, Listener
from tests.journeys.watching import poll, unlike

TOWN = {
    "patients": 24,
    "corepractice": knowing(*PEOPLE),
    "app": {"BRIDGEWORK_NOTICE_SECRET": SECRET},
}
OURS = "custom_fields.how_heard"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener.open() as here:
        yield here


@pytest.fixture(scope="module")
def before(town: Stay) -> list[str]:
    return town.customer("Harbour Dental").export()


def _start(customer: Customer, *, callback: str | None = None, **options: Any) -> str:
    body = {**customer.request(**options), "callback_url": callback}
    return customer.start(body)


def _amend(customer: Customer, run: str, *changes: dict[str, str]) -> str:
    """Amend the map that is shown; the digest of the one that is shown next."""
    old = customer.document(run, "mapping")
    customer.decide(run, "mapping", "amend", changes=list(changes))
    poll(lambda: customer.status(run)["documents"]["mapping"]["sequence"] == old["sequence"] + 1)
    return str(customer.document(run, "mapping")["digest"])


def _refused_for(customer: Customer, run: str, *changes: dict[str, str]) -> list[str]:
    refused = customer.refusal(lambda: customer.decide(run, "mapping", "amend", changes=list(changes)))
    assert refused.status == 400
    return [complaint["problem"] for complaint in refused.problem["complaints"]]


def test_a_map_is_amended_until_it_is_right_and_a_rejected_sample_goes_back(
    town: Stay, before: list[str], listener: Listener
):
    customer = town.customer("Amended Dental")
    run = _start(customer, callback=listener.url)
    first = customer.until(run, waits_for="mapping")["documents"]["mapping"]["digest"]
    assert len(_refused_for(customer, run)) == 1
    complaints = _refused_for(
        customer,
        run,
        {"object": "unicorns", "field": "id", "exclude": "none here"},
        {"object": "patients", "field": "horn", "exclude": "none here"},
        {"object": "patients", "field": "id", "exclude": "too long"},
        {"object": "patients", "field": "first_name", "label": "Vorname"},
        {"object": "patients", "field": OURS, "exclude": " "},
        {"object": "patients", "field": OURS},
        {"object": "appointments", "field": "patient_id", "exclude": "private"},
    )
    assert len(complaints) == 7
    assert customer.status(run)["documents"]["mapping"]["digest"] == first
    exclude = {"object": "patients", "field": OURS, "exclude": "The practice does not use it."}
    second = _amend(customer, run, exclude, {"object": "appointments", "field": "chair", "label": "Treatment room"})
    assert second != first
    digest_refused = customer.refusal(lambda: _decide_about(customer, run, first))
    assert digest_refused.status == 409
    excluded = customer.document(run, "mapping")["document"]["excluded"]
    assert {"object": "patients", "field": OURS, "reason": exclude["exclude"]} in excluded
    customer.decide(run, "mapping")
    customer.until(run, waits_for="sample")
    columns = _columns(customer)
    assert "bw_cfhowheard" not in columns["contact"]
    assert "bw_cfrecallintervalmonths" in columns["contact"]
    assert columns["bw_dentalappointment"]["bw_chair"] == "Treatment room"
    customer.decide(run, "sample", "reject", comment="Try again next month.")
    assert customer.until(run, phase="rolled-back")["rollback"]["held"] == 0
    assert customer.export() == before


def _decide_about(customer: Customer, run: str, digest: str) -> None:
    decision = {"gate": "mapping", "decision": "approve", "digest": digest, "by": APPROVER}
    customer.api.call("POST", f"/api/migrations/{run}/decisions", decision)


def _columns(customer: Customer) -> dict[str, dict[str, str]]:
    """Display names of the custom columns of every table, as the target has them."""
    found: dict[str, dict[str, str]] = {}
    for line in map(json.loads, customer.export()):
        if line.get("metadata") == "table":
            columns = line["definition"]["columns"]
            found[line["name"]] = {column["schema_name"].lower(): column["labels"][0][1] for column in columns}
    return found


def test_a_map_amended_back_and_forth_asks_each_time_and_a_rejected_one_writes_nothing(town: Stay, before: list[str]):
    customer = town.customer("Doubtful Dental")
    run = _start(customer, callback=f"{town.town.functions_url}/nobody/listens")
    customer.until(run, waits_for="mapping")
    shown = [customer.document(run, "mapping")["digest"]]
    for label in ("Room", "Chair", "Room", "Room"):
        shown.append(_amend(customer, run, {"object": "appointments", "field": "chair", "label": label}))
    assert len(set(shown)) == 5
    customer.decide(run, "mapping", "reject")
    status = customer.until(run, phase="rejected")
    assert status["ended_at"]
    assert customer.export() == before


@pytest.mark.parametrize("gate", ["mapping", "sample"])
def test_a_run_turns_back_at_a_gate(town: Stay, before: list[str], gate: str):
    customer = town.customer(f"Turned Back at {gate}")
    run = _start(customer)
    if gate == "sample":
        customer.until(run, waits_for="mapping")
        customer.decide(run, "mapping")
    customer.until(run, waits_for=gate)
    customer.ask(run, "rollback")
    assert customer.until(run, phase="rolled-back")["rollback"]["held"] == 0
    assert customer.export() == before


def test_a_practice_that_makes_its_own_schema_is_told_what_is_missing(
    town: Stay, before: list[str], listener: Listener
):
    customer = town.customer("Own Schema Dental")
    run = _start(customer, callback=listener.url, schema="guide")
    customer.until(run, waits_for="mapping")
    customer.decide(run, "mapping")
    status = customer.until(run, problem="schema-incomplete")
    assert status["waiting_for"] == "problem"
    assert status["problem"]["remedy"]
    guide = customer.document(run, "setup-guide")["document"]
    assert guide["steps"] > 40
    for table in guide["tables"]:
        assert f"(`{table['name']}`)" in guide["markdown"]
        for column in (*table["columns"], *table["relationships"]):
            assert column["why"], column["name"]
            assert f"| `{column['schema_name']}` |" in guide["markdown"]
    customer.ask(run, "resume")
    customer.until(run, problem="schema-incomplete")
    assert customer.export() == before
    customer.ask(run, "rollback")
    customer.until(run, phase="rolled-back")
    assert customer.export() == before


def test_the_customer_s_own_system_was_told_and_can_trust_it(town: Stay, listener: Listener):
    told = [notice.body for notice in listener.heard]
    assert all(notice.is_signed for notice in listener.heard)
    assert {notice["type"] for notice in told} == {"migration.updated"}
    told_of = {(notice["phase"], notice["waiting_for"]) for notice in told}
    assert {("mapping-review", "mapping"), ("sample-review", "sample"), ("rolled-back", None)} <= told_of
    assert "schema-incomplete" in {notice["problem"] for notice in told}


def test_every_notice_has_an_id_of_its_own_unless_it_is_a_repeat(listener: Listener):
    """The amended map is another thing to decide about than the first, though the run waits in the same words."""
    by_id: dict[str, bytes] = {}
    for notice in listener.heard:
        assert by_id.setdefault(notice.id, notice.content) == notice.content
    run = listener.heard[0].body["run"]
    reviews = {one.id for one in listener.heard if (one.body["run"], one.body["waiting_for"]) == (run, "mapping")}
    assert len(reviews) == 2


def test_no_notice_carries_a_record_s_value(town: Stay, listener: Listener):
    allowed = {"type", "run", "phase", "waiting_for", "problem", "digest", "timestamp"}
    assert all(set(notice.body) <= allowed for notice in listener.heard)
    source = Api(town.town.corepractice_url, "").call(
        "GET", "/v1/patients?limit=40", Authorization=f"Bearer {town.town.corepractice_token}"
    )
    said = b"\n".join(notice.content for notice in listener.heard).decode()
    assert not unlike(said, source)
