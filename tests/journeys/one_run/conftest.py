"""The run that all of this folder looks at: from its webhook to the sign-off and back, as it was seen on the way."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.customer import Api, Customer
from shared.evidence import pack
from tests.journeys.conftest import Stay, stay
from tests.journeys.somebody import Somebody
from tests.journeys.watching import at_rest, poll

MANAGER = "manager@practice.example"
SIZE = 200
"""Of the sample, at most."""
CREATED = 7
"""Patients who come to the practice while the delta window is open: first four, then three."""
APP = {
    "BRIDGEWORK_MORE_CLIENTS": "44444444-2222-4333-8444-555555555555",  # two write: Dataverse limits each by itself
    "BRIDGEWORK_SHARD_RECORDS": "40",
    "BRIDGEWORK_BATCH_ROWS": "10",
    "WEBSITE_AUTH_ENABLED": "True",
}


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A calm town, whose practice has an x-ray too large for a note."""
    large = ["--large-file-mb", "6"]
    folder = tmp_path_factory.mktemp("one-run")
    with stay(folder, patients=45, seed=14, dataverse=["--calm"], corepractice=large, app=APP) as here:
        yield here


@pytest.fixture(scope="package")
def told(town: Stay) -> dict[str, Any]:
    """All of it. What is asked for once is asked for here: the trail tells who looked at what."""
    customer = town.customer("Harbour Dental")
    seen: dict[str, Any] = {"customer": customer, "before": customer.export()}
    options = {"billing_mode": "both", "sample_size": SIZE, "impersonate_authors": True}
    seen["run"] = customer.start(customer.request(delta_window_hours=24, **options))
    for part in (_to_the_sample, _held_in_the_load, _to_the_window, _to_the_end, _and_back):
        part(town, customer, seen["run"], seen)
    return seen


def _to_the_sample(town: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    """The map is approved while the run is held, and the sample is looked at by somebody who is signed in."""
    customer.until(run, waits_for="mapping")
    seen["mapping"] = customer.document(run, "mapping")
    customer.ask(run, "pause")
    customer.decide(run, "mapping")
    customer.ask(run, "resume")
    seen["status at the sample"] = customer.until(run, waits_for="sample")
    for name in ("inventory", "owners", "coverage"):
        seen[name] = customer.document(run, name)["document"]
    seen["sample"] = customer.document(run, "sample-diff")["document"]
    shown = f"/api/migrations/{run}/documents/sample-diff?values=shown"
    seen["sample shown"] = customer.api.call("GET", shown, **{"X-MS-CLIENT-PRINCIPAL-NAME": MANAGER})["document"]
    seen["rows of the sample"] = _by_table(customer.export())


def _held_in_the_load(town: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    """A pause in the middle of the appointments: the run as it stands still, twice."""
    slowly = {"kind": "delay", "match": "appointments/.*CreateMultiple", "seconds": 2.0}
    Api(town.town.dataverse_url).call("POST", "/sandbox/faults", slowly)
    customer.decide(run, "sample")
    poll(lambda: customer.status(run)["objects"]["appointments"]["created"] > 0)
    customer.ask(run, "pause")
    poll(lambda: at_rest(customer, run, "paused"))
    Api(town.town.dataverse_url).call("DELETE", "/sandbox/faults")
    seen["held"], seen["held still"] = ((customer.status(run), customer.export()) for _ in range(2))
    customer.ask(run, "resume")


def _to_the_window(town: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    """What happens at the practice comes over: once as the timer goes, once because somebody asks."""
    seen["loaded"] = customer.until(run, phase="delta")
    seen["first verdict"] = customer.document(run, "verdict")["document"]
    seen["early pack"] = customer.evidence(run)
    _at_the_practice(town, {"seed": 1, "created": 4, "updated": 6, "deleted": 0})
    customer.host.call("POST", "/admin/functions/delta_pickup", {})
    poll(lambda: sum(customer.status(run)["delta"].values()))
    first = customer.status(run)["delta"]
    _at_the_practice(town, {"seed": 4, "created": 3, "updated": 12, "deleted": 0})
    customer.ask(run, "pickup")
    poll(lambda: customer.status(run)["delta"] != first)
    customer.let_the_window_pass(run)


def _to_the_end(town: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    """The target as it is at the sign-off, the verdict, and the evidence of a run that is finished."""
    seen["verdict"] = customer.document(run, "verdict")["document"]
    seen["archive gaps"] = customer.document(run, "archive-gaps")["document"]
    seen["rows"], seen["library"] = _by_table(customer.export()), _library(customer)
    somebody = Somebody(town)
    seen["users"] = somebody.reads("systemusers", select="systemuserid,isdisabled")
    seen["treatments as sales reads them"] = somebody.reads(
        "bw_treatmenthistories", select="bw_clinicalnotes,bw_sourceid"
    )
    customer.decide(run, "sign-off")
    seen["finished"] = customer.until(run, phase="finished")
    seen["audit when finished"] = audited(customer, run)
    poll(lambda: b"finished" in zipfile.ZipFile(io.BytesIO(customer.evidence(run))).read(pack.RUN))
    seen["pack"], seen["pack as it was kept"] = customer.evidence(run, fresh=True), customer.evidence(run)


def _and_back(town: Stay, customer: Customer, run: str, seen: dict[str, Any]) -> None:
    customer.ask(run, "rollback")
    seen["rolled back"] = customer.until(run, phase="rolled-back")
    seen["after"], seen["library after"] = customer.export(), _library(customer)
    seen["audit when rolled back"] = audited(customer, run)


def audited(customer: Customer, run: str) -> dict[str, Any]:
    """What the app says of its audit trail."""
    return customer.api.call("GET", f"/api/migrations/{run}/audit")


def _at_the_practice(town: Stay, happens: dict[str, int]) -> None:
    Api(town.town.corepractice_url).call("POST", "/sandbox/change", happens)


def _by_table(export: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of an export."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, export):
        if "row" in line:
            rows.setdefault(line["table"], []).append(line["row"])
    return rows


def _library(customer: Customer) -> list[dict[str, Any]]:
    """The files in the SharePoint library."""
    with urllib.request.urlopen(f"{customer.town.sharepoint_url}/sandbox/export", timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    return [line for line in lines if line.get("sha256")]
