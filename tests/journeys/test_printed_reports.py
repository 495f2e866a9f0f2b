"""A practice that can only print: report sheets through the whole way."""

from __future__ import annotations

import io
import json
from typing import Any

from azure.storage.blob import ContainerClient

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.doubtful import DOUBTFUL
from sandbox.corepractice.practice import Practice
from sandbox.customer import Customer
from tests.journeys.conftest import Stay

PATIENTS, SEED = 50, 7
TOWN = {"patients": PATIENTS, "seed": SEED}


def _put(stay: Stay, name: str, content: bytes) -> dict[str, Any]:
    with ContainerClient.from_connection_string(stay.town.storage_connection, "inbox") as inbox:
        if not inbox.exists():
            inbox.create_container()
        inbox.upload_blob(name, content, overwrite=True)
    return {"kind": "bundle", "blob": name}


def _reports() -> bytes:
    content = io.BytesIO()
    write_bundle(Practice(Clinic(PATIENTS, SEED)), content, format="reports")
    return content.getvalue()


def _proved(customer: Customer, body: dict[str, Any]) -> dict[str, Any]:
    run = customer.start(body)
    customer.approve_until_delta(run)
    customer.api.call("POST", f"/api/migrations/{run}/pickup?close=true", b"")
    customer.until(run, waits_for="sign-off")
    return {"run": run, "verdict": customer.document(run, "verdict")["document"]}


def test_r99_n16_printed_report_sheets_go_the_whole_way(town: Stay):
    customer = town.customer("Paper Dental")
    before = customer.export()
    orders = {"attachments.captured_at": "dmy"}  # so few of them leave their order open: the practice says it
    body = {**customer.request(), "source": {**_put(town, "reports.zip", _reports()), "date_orders": orders}}
    found = _proved(customer, body)
    assert found["verdict"]["differences"] == 0
    assert found["verdict"]["records_unaccounted_for"] == {}
    assert found["verdict"]["objects"]["treatments"]["rows"] > 50
    customer.ask(found["run"], "rollback")
    customer.until(found["run"], phase="rolled-back")
    assert customer.export() == before


def test_n16_a_column_that_cannot_tell_day_from_month_is_refused_until_a_person_says(town: Stay, tmp_path: Any):
    customer = town.customer("Doubtful Dental")
    path = tmp_path / "doubtful.zip"
    DOUBTFUL["undecidable_dates"](path)
    source = _put(town, "doubtful.zip", path.read_bytes())
    body = {**customer.request(), "source": source}
    refused = customer.refusal(lambda: customer.start(body))
    told = json.dumps(refused.problem)
    assert "treated_on" in told
    assert "date_orders" in told
    run = customer.start({**body, "source": {**source, "date_orders": {"treatments.treated_on": "dmy"}}})
    customer.until(run, waits_for="mapping")
    customer.decide(run, "mapping", "reject")
