"""A practice that can only export itself: the same clinic as a bundle, through the whole way and back."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient

from sandbox.corepractice.bundle import write_bundle
from sandbox.corepractice.changes import Script, apply_script, merge
from sandbox.corepractice.clinic import Clinic, Extras
from sandbox.corepractice.practice import Practice
from sandbox.customer import APPROVER, Api, Customer
from shared.vocabulary import row_id
from tests.journeys.conftest import PEOPLE, Stay, knowing, others
from tests.journeys.watching import poll

PATIENTS, SEED = 24, 7
KNOWN = (*PEOPLE, "treatments", "insurance_policies", "communications", "attachments")
TOWN = {"patients": PATIENTS, "seed": SEED, "corepractice": knowing(*KNOWN)}


def _practice() -> Practice:
    return Practice(Clinic(PATIENTS, SEED, extras=Extras(without=others(*KNOWN))))


def _upload(
    stay: Stay, name: str, form: str, practice: Practice | None = None, *, exported_at: str | None = None
) -> None:
    content = io.BytesIO()
    write_bundle(practice or _practice(), content, format=form, exported_at=exported_at)
    content.seek(0)
    with ContainerClient.from_connection_string(stay.town.storage_connection, "inbox") as inbox:
        inbox.upload_blob(name, content)


@pytest.fixture(scope="module")
def through_the_api(town: Stay) -> dict[str, Any]:
    """What a run through the API counts, up to its delta window, and what it finds gone there; put back again."""
    customer = town.customer("Harbour Dental")
    before = customer.export()
    run = customer.start()
    counts = customer.approve_until_delta(run)["objects"]
    verdict = customer.document(run, "verdict")["document"]
    script = {"seed": 4, "created": 1, "updated": 5, "deleted": 1, "merged": 1, "records": 0}
    day = Api(town.town.corepractice_url).call("POST", "/sandbox/change", script)
    customer.ask(run, "pickup")
    poll(lambda: "source-changes" in customer.status(run)["documents"], patience=300)
    changes = customer.document(run, "source-changes")["document"]
    customer.ask(run, "rollback")
    customer.until(run, phase="rolled-back")
    assert customer.export() == before
    return {"counts": counts, "verdict": verdict, "before": before, "day": day, "changes": changes}


def test_a28_a_pickup_that_a_person_asks_for_tells_what_an_api_has_no_more(through_the_api: dict[str, Any]):
    people, told = through_the_api["day"]["patients"], through_the_api["changes"]
    ((loser, survivor),) = people["merged"]
    assert {(one["source"], one["what"], one.get("into", "")) for one in told["gone"]["listed"]} == {
        (people["deleted"][0], "deleted", ""),
        (loser, "merged", survivor),
    }
    counts = told["generations"]["delta-0001"]["objects"]["patients"]
    wanted = {"created": 1, "deleted": 1, "merged": 1, "archived": 1, "restored": 0}
    assert {name: counts[name] for name in wanted} == wanted
    assert {one["source"] for one in told["archive_flips"]} == set(people["archive_flipped"])


@pytest.fixture(scope="module")
def out_of_a_bundle(town: Stay, through_the_api: dict[str, Any]) -> dict[str, Any]:
    """A run out of a workbook in its delta window, with all of the practice arrived; a pickup looked, and found nothing
    new, since a bundle never changes; everything was compared again."""
    customer = town.customer("Harbour Dental")
    _upload(town, "exports/first.zip", "xlsx")
    run = customer.start({**customer.request(), "source": {"kind": "bundle", "blob": "exports/first.zip"}})
    loaded = customer.approve_until_delta(run)
    first = customer.document(run, "verdict")["document"]
    customer.ask(run, "pickup")
    poll(lambda: _pickups_begun(town, run) == 1)
    customer.ask(run, "verify")  # comes after the pickup that has begun
    verdict = _next_verdict(customer, run)
    status = customer.status(run)
    return {"customer": customer, "run": run, "loaded": loaded, "first": first, "verdict": verdict, "status": status}


def _pickups_begun(stay: Stay, run: str) -> int:
    with TableClient.from_connection_string(stay.town.storage_connection, "runs") as runs:
        return int(runs.get_entity("run", run).get("pickups_begun", 0))


def test_r99_a16_a_clinic_as_a_bundle_moves_as_the_same_clinic_does_through_the_api(
    through_the_api: dict[str, Any], out_of_a_bundle: dict[str, Any]
):
    assert out_of_a_bundle["loaded"]["objects"] == through_the_api["counts"]
    status = out_of_a_bundle["status"]
    assert status["delta"] == {"created": 0, "updated": 0, "set_aside": 0}
    assert "source-changes" not in status["documents"]
    assert status["objects"] == through_the_api["counts"]
    for verdict in (out_of_a_bundle["first"], out_of_a_bundle["verdict"]):
        assert verdict["proved"], verdict["because"]
        assert verdict["fields_verified"] == through_the_api["verdict"]["fields_verified"]


@dataclass
class Day:
    """What happened at the practice between two exports."""

    practice: Practice
    done: dict[str, Any]
    merged: tuple[str, str]
    whole: str  # a patient deleted with all that hung on them
    dangling: str  # a patient deleted, of whom something is still there
    leaf: str  # an appointment deleted, on which nothing hangs

    @classmethod
    def at(cls, practice: Practice) -> Day:
        done = apply_script(practice, Script(seed=3, created=2, updated=5, appointments=4, records=14))
        quiet = [a for a in practice.all("appointments") if not _hangs_on(practice, str(a["id"]))]
        people = {str(p["id"]) for p in practice.all("patients")} - set(done["patients"]["updated"])
        theirs = [str(a["patient_id"]) for a in practice.all("appointments") if a["patient_id"] in people]
        loser, survivor, whole, dangling = list(dict.fromkeys(theirs))[:4]
        safe = [str(a["id"]) for a in quiet if a["patient_id"] not in (loser, survivor, whole, dangling)]
        merge(practice, loser, survivor)
        for name in practice.objects:
            if "patient_id" in practice.records.fields[name]:
                for one in [str(r["id"]) for r in practice.all(name) if r["patient_id"] == whole]:
                    practice.remove(name, one)
        for name, id_ in (("patients", whole), ("patients", dangling), ("appointments", safe[0])):
            practice.remove(name, id_)
        return cls(practice, done, (loser, survivor), whole, dangling, safe[0])


def _hangs_on(practice: Practice, appointment: str) -> bool:
    names = [name for name in practice.objects if "appointment_id" in practice.records.fields[name]]
    return any(record["appointment_id"] == appointment for name in names for record in practice.all(name))


def _next_verdict(customer: Customer, run: str, after: dict[str, Any] | None = None) -> dict[str, Any]:
    """The verdict after the one that was read, or after the first; the run waits again by then."""
    turn = after["turn"] if after else 1
    poll(lambda: customer.document(run, "verdict")["document"]["turn"] > turn, patience=300)
    customer.until(run, waits_for="window")
    found: dict[str, Any] = customer.document(run, "verdict")["document"]
    return found


def _row(name: str, source_id: str) -> str:
    return row_id("harbour-dental", name, source_id)


def _ids(customer: Customer) -> set[str]:
    return {str(line["id"]) for line in map(json.loads, customer.export()) if "row" in line}


def test_n13_a28_what_a_newer_export_changed_deleted_and_merged_arrives_and_goes_only_when_approved(
    town: Stay, through_the_api: dict[str, Any], out_of_a_bundle: dict[str, Any]
):
    customer, run = out_of_a_bundle["customer"], out_of_a_bundle["run"]
    pickup = f"/api/migrations/{run}/pickup"
    then = _practice()
    day = Day.at(_practice())
    _upload(town, "exports/second.zip", "csv", day.practice)
    _upload(town, "exports/older.zip", "csv", day.practice, exported_at="2020-01-01T08:00:00+11:00")
    _upload(town, "exports/elsewhere.zip", "csv", Practice(Clinic(3, 1, "Australia/Perth")))
    for blob, why in (
        ("nowhere", "bundle-missing"), ("older", "bundle-older"), ("elsewhere", "another-practice"),
    ):  # fmt: skip
        refused = customer.refusal(
            lambda blob=blob: customer.api.call("POST", pickup, {"bundle": f"exports/{blob}.zip"})
        )
        assert (refused.status, refused.problem["type"].rpartition("/")[2]) == (422, why)

    customer.api.call("POST", pickup, {"bundle": "exports/second.zip"})
    poll(lambda: "source-changes" in customer.status(run)["documents"], patience=300)
    shown = customer.document(run, "source-changes")
    ((generation, told),) = shown["document"]["generations"].items()
    assert told["complete"]
    for name in then.objects:
        before = {str(r["id"]): r for r in then.all(name)}
        now = {str(r["id"]): r for r in day.practice.all(name)}
        counts = told["objects"][name]
        both = set(before) & set(now)
        assert counts["created"] == len(set(now) - set(before)), name
        assert counts["modified"] == len([id_ for id_ in both if before[id_] != now[id_]]), name
        assert counts["unchanged"] == len([id_ for id_ in both if before[id_] == now[id_]]), name
        assert counts["deleted"] + counts["merged"] == len(set(before) - set(now)), name
    loser, survivor = day.merged
    gone = {(one["object"], one["source"]): one for one in shown["document"]["gone"]["listed"]}
    assert gone["patients", loser] == {
        "object": "patients", "source": loser, "what": "merged", "into": survivor, "found_in": generation,
    }  # fmt: skip
    assert gone["patients", day.whole]["what"] == gone["patients", day.dangling]["what"] == "deleted"
    assert {one["source"] for one in shown["document"]["archive_flips"]} == set(day.done["patients"]["archive_flipped"])
    contacts = {_row("patients", id_) for id_ in (loser, day.whole, day.dangling)}
    assert contacts <= _ids(customer)  # nothing goes by itself
    assert {_row("patients", id_) for id_ in day.done["patients"]["created"]} <= _ids(customer)

    customer.ask(run, "verify")
    verdict = _next_verdict(customer, run, after=out_of_a_bundle["verdict"])
    assert verdict["proved"], verdict["because"]
    assert verdict["gone_in_source"]["patients"] == 3
    reasons = customer.document(run, "exceptions")["document"]["counts"]
    assert reasons["gone-in-source"] == shown["document"]["gone"]["count"]

    asked = {"how": "remove", "by": APPROVER, "digest": shown["digest"], "objects": list(verdict["gone_in_source"])}
    repair = f"/api/migrations/{run}/repair"
    for wrong, why in (({"digest": "0" * 64}, "other-digest"), ({"objects": ["staff"]}, "not-gone")):
        refused = customer.refusal(lambda wrong=wrong: customer.api.call("POST", repair, {**asked, **wrong}))
        assert refused.problem["type"].rpartition("/")[2] == why
    customer.api.call("POST", repair, asked)
    verdict = _next_verdict(customer, run, after=verdict)
    left = customer.document(run, "source-changes")["document"]
    assert {(one["object"], one["source"]) for one in left["gone"]["listed"]} == {("patients", day.dangling)}
    (removal,) = left["removals"].values()
    held = {name: one["held"] for name, one in removal.items() if one["held"]}
    assert held == {"patients": {"still-used": 1}}
    assert _row("appointments", day.leaf) not in _ids(customer)
    assert contacts & _ids(customer) == {_row("patients", day.dangling)}
    assert verdict["proved"], verdict["because"]
    assert verdict["objects"]["patients"]["reasons"]["merged-in-source"] == 1

    # The practice thinks again: everything is as it was, and the day's own records are gone.
    _upload(town, "exports/third.zip", "csv")
    customer.api.call("POST", f"{pickup}?close=true", {"bundle": "exports/third.zip"})
    customer.until(run, waits_for="sign-off")
    verdict = customer.document(run, "verdict")["document"]
    assert verdict["proved"], verdict["because"]
    assert contacts <= _ids(customer)
    gone = customer.document(run, "source-changes")["document"]["gone"]["listed"]
    assert {one["source"] for one in gone if one["object"] == "patients"} == set(day.done["patients"]["created"])
    assert "merged-in-source" not in verdict["objects"]["patients"]["reasons"]
    customer.decide(run, "sign-off")
    customer.until(run, phase="finished")
    customer.ask(run, "rollback")
    assert customer.until(run, phase="rolled-back")["rollback"]["held"] == 0
    assert customer.export() == through_the_api["before"]
