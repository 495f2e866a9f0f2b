"""A practice that can only print: report sheets through the whole way. And contacts who are there before the run."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.doubtful import DOUBTFUL
from sandbox.corepractice.practice import Practice
from sandbox.customer import Customer
from shared.vocabulary import row_id
from tests.journeys.conftest import Stay
from tests.journeys.somebody import Somebody

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


@pytest.fixture(scope="module")
def met(town: Stay) -> dict[str, Any]:
    """A run into a target where some of the patients are contacts already."""
    customer, somebody = town.customer("Known Dental"), Somebody(town)
    patients = [p for p in Practice(Clinic(PATIENTS, SEED)).all("patients") if p["status"] == "active"]
    whole = [p for p in patients if p["email"] and p["date_of_birth"] and p["first_name"] and p["last_name"]]
    mails = [p["email"].strip().casefold() for p in whole]
    alone = [p for p in whole if mails.count(p["email"].strip().casefold()) == 1 and "@" in p["email"]][:3]
    ids = {name: str(uuid.uuid4()) for name in ("same", "alike", "one", "other")}

    def contact(name: str, patient: dict[str, Any], **more: Any) -> None:
        somebody.makes(
            "contacts", contactid=ids[name], firstname=patient["first_name"], lastname=patient["last_name"],
            emailaddress1=patient["email"], **more,
        )  # fmt: skip

    contact("same", alone[0], birthdate=alone[0]["date_of_birth"], description="Ours before")
    contact("alike", alone[1], birthdate="1901-02-03")
    contact("one", alone[2], birthdate=alone[2]["date_of_birth"])
    contact("other", alone[2], birthdate=alone[2]["date_of_birth"])
    before = customer.export()
    found = _proved(customer, customer.request())
    rows = {line["row"]["contactid"]: line["row"] for line in map(json.loads, customer.export())
            if line.get("table") == "contact" and "row" in line}  # fmt: skip
    return {**found, "customer": customer, "before": before, "ids": ids, "alone": alone, "rows": rows}


def test_n21_the_same_person_keeps_the_contact_that_was_there(met: dict[str, Any]):
    row = met["rows"][met["ids"]["same"]]
    assert row["bw_sourceid"] == f"known-dental|patients|{met['alone'][0]['id']}"
    assert row["description"] == "Ours before"
    assert row_id("known-dental", "patients", met["alone"][0]["id"]) not in met["rows"]


def test_n21_an_e_mail_and_a_name_alone_merge_nobody(met: dict[str, Any]):
    assert not met["rows"][met["ids"]["alike"]].get("bw_sourceid")
    assert row_id("known-dental", "patients", met["alone"][1]["id"]) in met["rows"]


def test_n21_who_fits_two_contacts_waits_for_a_person_and_is_listed(met: dict[str, Any]):
    assert met["verdict"]["objects"]["patients"]["reasons"]["matches-several-contacts"] == 1
    assert not any(met["rows"][met["ids"][name]].get("bw_sourceid") for name in ("one", "other"))


def test_r146_the_way_back_gives_the_known_contact_its_own_values_again(met: dict[str, Any]):
    customer = met["customer"]
    assert met["verdict"]["proved"], met["verdict"]["because"]
    customer.ask(met["run"], "rollback")
    assert customer.until(met["run"], phase="rolled-back")["rollback"]["held"] == 0

    def plain(export: list[str]) -> list[str]:
        """Without what Dataverse stamps on every change, which nobody can unmake (A17)."""
        lines = [json.loads(line) for line in export]
        for line in lines:
            for name in ("modifiedon", "modifiedby", "versionnumber"):
                line.get("row", {}).pop(name, None)
        return [json.dumps(line, sort_keys=True) for line in lines]

    assert plain(customer.export()) == plain(met["before"])
