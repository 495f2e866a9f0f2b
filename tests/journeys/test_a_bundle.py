"""A practice that can only export itself: the same clinic as a bundle, through the whole way and back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.customer import Customer
from tests.journeys.conftest import Stay

PATIENTS, SEED = 40, 7
TOWN = {"patients": PATIENTS, "seed": SEED}


def _upload(stay: Stay, name: str, form: str) -> None:
    content = io.BytesIO()
    write_bundle(Practice(Clinic(PATIENTS, SEED)), content, format=form)
    content.seek(0)
    with ContainerClient.from_connection_string(stay.town.storage_connection, "inbox") as inbox:
        inbox.upload_blob(name, content)


@pytest.fixture(scope="module")
def through_the_api(town: Stay) -> dict[str, Any]:
    """What a run through the API counts, up to its delta window; put back again."""
    customer = town.customer("Harbour Dental")
    before = customer.export()
    run = customer.start()
    counts = customer.approve_until_delta(run)["objects"]
    verdict = customer.document(run, "verdict")["document"]
    customer.ask(run, "rollback")
    customer.until(run, phase="rolled-back")
    assert customer.export() == before
    return {"counts": counts, "verdict": verdict, "before": before}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_r99_a16_a_clinic_as_a_bundle_moves_as_the_same_clinic_does_through_the_api(
    town: Stay, through_the_api: dict[str, Any], form: str
):
    customer = town.customer("Harbour Dental")
    _upload(town, f"exports/{form}.zip", form)
    run = customer.start({**customer.request(), "source": {"kind": "bundle", "blob": f"exports/{form}.zip"}})
    loaded = customer.approve_until_delta(run)
    assert loaded["objects"] == through_the_api["counts"]
    status = _pick_up_and_close(customer, run)
    assert status["delta"] == {"created": 0, "updated": 0, "set_aside": 0}
    verdict = customer.document(run, "verdict")["document"]
    assert verdict["proved"]
    assert verdict["fields_verified"] == through_the_api["verdict"]["fields_verified"]
    customer.decide(run, "sign-off")
    assert customer.until(run, phase="finished")["objects"] == through_the_api["counts"]
    customer.ask(run, "rollback")
    assert customer.until(run, phase="rolled-back")["rollback"]["held"] == 0
    assert customer.export() == through_the_api["before"]


def _pick_up_and_close(customer: Customer, run: str) -> dict[str, Any]:
    """A bundle never changes: the pickup looks, and finds nothing new."""
    customer.api.call("POST", f"/api/migrations/{run}/pickup?close=true", b"")
    return customer.until(run, waits_for="sign-off")
