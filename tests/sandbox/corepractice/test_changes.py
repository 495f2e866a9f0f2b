"""The practice changes while it is read: nothing is lost, and changed-since finds every edit."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from sandbox.corepractice import money
from sandbox.corepractice.changes import Script, apply_script
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import DoubtfulEdit, Practice
from sandbox.corepractice.shapes import OBJECTS

Call = Any
SCRIPT = {"seed": 4, "created": 5, "updated": 20, "deleted": 3, "appointments": 9}


async def test_a_script_of_edits_is_what_changed_since_finds(call: Call, practice: Practice) -> None:
    before = practice.now()
    done = (await call.http.post("/sandbox/change", json=SCRIPT)).raise_for_status().json()
    patients, appointments = done["patients"], done["appointments"]
    counts = [len(patients[kind]) for kind in ("created", "updated", "archive_flipped", "deleted")]
    assert counts == [5, 20, 4, 3]
    assert [len(appointments[kind]) for kind in ("created", "updated")] == [5, 4]
    found = {r["id"] for r in await call.all("patients", updated_since=before, include_archived="true")}
    assert found == {*patients["created"], *patients["updated"]}
    found = {r["id"] for r in await call.all("appointments", updated_since=before)}
    assert found == {*appointments["created"], *appointments["updated"]}
    for deleted in patients["deleted"]:
        assert (await call.get(f"/v1/patients/{deleted}")).status_code == 404


async def test_counts_follow_the_edits(call: Call, practice: Practice) -> None:
    await call.http.post("/sandbox/change", json=SCRIPT)
    about = {entry["name"]: entry for entry in (await call.get("/v1")).json()["objects"]}
    for name in OBJECTS:
        everything = await call.all(name, include_archived="true")
        archived = [r for r in everything if r.get("status") == "archived"]
        assert about[name]["archived"] == len(archived)
        assert about[name]["count"] == len(everything) - len(archived)
        assert [r["id"] for r in everything] == practice.truth(name).ids


def test_the_same_script_makes_the_same_edits() -> None:
    def run(seed: int) -> tuple[object, ...]:
        practice = Practice(Clinic(200), clock=lambda: 1_760_000_000)
        script = Script(seed=seed, created=4, updated=15, deleted=2, appointments=6)
        done = [apply_script(practice, script), apply_script(practice, script)]
        return done, [list(practice.all(name)) for name in OBJECTS]

    assert run(7) == run(7)
    assert run(7) != run(8)


async def test_a_day_brings_records_of_every_new_kind_and_changed_since_finds_them(
    call: Call, practice: Practice
) -> None:
    before = practice.now()
    done = (await call.http.post("/sandbox/change", json={"seed": 6, "records": 28})).raise_for_status().json()
    assert not any(done["patients"].values())
    names = {"notes", "payments", "invoices", "invoice_lines", "treatments", "communications", "insurance_policies"}
    assert {name for name, what in done.items() if any(what.values())} == names
    for name in names:
        found = {record["id"] for record in await call.all(name, updated_since=before)}
        assert found == {*done[name]["created"], *done[name]["updated"]}
        truth = (await call.get("/sandbox/truth", object=name)).json()
        assert set(done[name]["created"]) <= set(truth["ids"])


def test_a_days_payments_keep_every_balance_true() -> None:
    practice = Practice(Clinic(120))
    apply_script(practice, Script(seed=3, records=140))
    paid: dict[str, int] = defaultdict(int)
    for name in ("payments", "payment_allocations"):
        for record in practice.all(name):
            paid[record["invoice_id"]] += money.cents(record["amount"])
    totals: dict[str, int] = defaultdict(int)
    for line in practice.all("invoice_lines"):
        totals[line["invoice_id"]] += money.cents(line["amount"])
    changed = 0
    for invoice in practice.all("invoices"):
        assert money.cents(invoice["total"]) == totals[invoice["id"]]
        assert money.cents(invoice["paid"]) == paid[invoice["id"]]
        if invoice["status"] != "void":
            assert money.cents(invoice["balance"]) == totals[invoice["id"]] - paid[invoice["id"]]
        changed += invoice["updated_at"] > "2025-07"
    assert changed > 20


def test_half_as_many_records_as_patients_change_unless_told() -> None:
    assert Script(created=3, updated=4).strokes == 4
    assert Script(created=3, updated=4, records=0).strokes == 0


def test_archive_flips_go_both_ways() -> None:
    practice = Practice(Clinic(300))
    done = apply_script(practice, Script(seed=2, updated=200))
    statuses = {practice.find("patients", patient)["status"] for patient in done["patients"]["archive_flipped"]}
    assert statuses == {"archived", "active"}


@pytest.mark.parametrize(
    "body", ['{"created": -1}', '{"created": "many"}', '{"moved": 1}', '{"seed": true}', "[]", "nonsense"]
)
async def test_a_doubtful_script_is_refused_and_changes_nothing(call: Call, body: str) -> None:
    before = (await call.get("/v1")).json()
    answer = await call.http.post("/sandbox/change", content=body)
    assert answer.status_code == 400
    assert (await call.get("/v1")).json() == before


async def test_lists_by_id_neither_lose_nor_repeat_while_records_change(call: Call, practice: Practice) -> None:
    expected = {r["id"] for r in await call.all("patients")}
    seen: list[str] = []
    cursor, extra = None, {}
    turn = 0
    while True:
        answer = (await call.get("/v1/patients", limit=20, **extra)).json()
        seen += [r["id"] for r in answer["data"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        extra = {"cursor": cursor}
        turn += 1
        practice.edit("patients", seen[0], {"mobile": f"0400 000 {turn:03d}"})
        practice.edit("patients", sorted(expected)[-turn], {"occupation": "Moved meanwhile"})
        practice.create("patients", {"last_name": f"Newcomer {turn}"})
    assert len(seen) == len(set(seen))
    assert expected <= set(seen)


async def test_changed_since_never_loses_a_record_that_moves_to_the_end(call: Call, practice: Practice) -> None:
    since = "2023-07-01T00:00:00+10:00"
    expected = {r["id"] for r in await call.all("patients", updated_since=since)}
    seen: list[str] = []
    extra: dict[str, str] = {}
    while True:
        answer = (await call.get("/v1/patients", limit=40, updated_since=since, **extra)).json()
        seen += [r["id"] for r in answer["data"]]
        if answer["next_cursor"] is None:
            break
        extra = {"cursor": answer["next_cursor"]}
        unseen = sorted(expected - set(seen))
        if len(unseen) > 20:
            practice.edit("patients", unseen[3], {"occupation": "Edited while listed"})
    assert expected <= set(seen)
    assert (await call.get(f"/v1/patients/{seen[-1]}")).json()["occupation"] == "Edited while listed"


@pytest.mark.parametrize("limit", [1, 3])
def test_records_of_one_instant_survive_small_pages(limit: int) -> None:
    practice = Practice(Clinic(120), clock=lambda: 1_760_000_000)
    apply_script(practice, Script(seed=1, created=6, updated=12))
    seen, after = [], None
    while True:
        page = practice.page("patients", limit, since=0, after=after, archived=True)
        seen += [record["id"] for record in page.records]
        after = page.last
        if after is None:
            break
    assert sorted(seen) == practice.truth("patients").ids


async def test_single_edits_over_http(call: Call) -> None:
    edited = await call.http.put(
        "/sandbox/patients/p-000000000", json={"mobile": None, "custom_fields": {"anxiety_level": "severe"}}
    )
    assert edited.status_code == 200
    record = (await call.get("/v1/patients/p-000000000")).json()
    assert record == edited.json()
    assert (record["mobile"], record["custom_fields"]["anxiety_level"]) == (None, "severe")
    assert record["custom_fields"]["how_heard"] == "google", "other custom fields stay"

    created = await call.http.post("/sandbox/patients", json={"first_name": "Nell"})
    assert created.status_code == 201
    assert created.json()["id"].startswith("p-8")
    assert created.json() in await call.all("patients", updated_since=created.json()["updated_at"])

    assert (await call.http.delete("/sandbox/patients/p-000000000")).status_code == 204
    assert (await call.get("/v1/patients/p-000000000")).status_code == 404
    truth = (await call.get("/sandbox/truth", object="patients")).json()
    assert truth["deleted_ids"] == ["p-000000000"]


async def test_doubtful_edits_are_refused(call: Call) -> None:
    http = call.http
    refused = [
        await http.put("/sandbox/patients/p-000000000", json={"shoe_size": 43}),
        await http.put("/sandbox/patients/p-000000000", json={"id": "p-2"}),
        await http.put("/sandbox/patients/p-000000000", json={"status": "asleep"}),
        await http.put("/sandbox/patients/p-000000000", json={"updated_at": "today"}),
        await http.post("/sandbox/patients", json={"id": "p-000000000"}),
        await http.post("/sandbox/patients", json={"id": 7}),
        await http.post("/sandbox/patients", json=[]),
    ]
    assert [answer.status_code for answer in refused] == [400] * len(refused)
    assert (await http.put("/sandbox/patients/p-999999999", json={})).status_code == 404
    assert (await http.delete("/sandbox/unicorns/u-1")).status_code == 404
    assert (await http.get("/sandbox/truth")).status_code == 404


def test_a_hidden_patient_stays_hidden_when_edited() -> None:
    practice = Practice(Clinic(200))
    before = practice.tally("patients")
    hidden = practice.truth("patients").hidden_ids[0]
    practice.edit("patients", hidden, {"occupation": "Ghost"})
    assert practice.find("patients", hidden)["occupation"] == "Ghost"
    assert hidden not in practice.truth("patients").ids
    assert practice.tally("patients") == before


def test_edits_survive_in_a_state_file_and_belong_to_their_clinic(tmp_path: Path) -> None:
    state = tmp_path / "edits.sqlite"
    practice = Practice(Clinic(200), state=state)
    apply_script(practice, Script(seed=1, created=3, updated=10, deleted=2, appointments=4))
    truth = [practice.truth(name) for name in OBJECTS]
    again = Practice(Clinic(200), state=state)
    assert [again.truth(name) for name in OBJECTS] == truth
    assert list(again.all("patients")) == list(practice.all("patients"))
    with pytest.raises(ValueError, match="another clinic"):
        Practice(Clinic(201), state=state)


def test_an_edit_may_set_its_own_time() -> None:
    practice = Practice(Clinic(50))
    stamp = "2024-02-03T04:05:06+11:00"
    assert practice.edit("staff", "s-000000001", {"updated_at": stamp})["updated_at"] == stamp
    with pytest.raises(DoubtfulEdit):
        practice.edit("staff", "s-000000001", {"updated_at": "2024-02-03T04:05:06"})


async def test_staff_users_are_listed_for_the_target(call: Call) -> None:
    users = (await call.get("/sandbox/staff-users")).json()
    assert all(set(user) == {"fullname", "internalemailaddress", "isdisabled", "licensed"} for user in users)
    assert 10 < len(users) < 25
