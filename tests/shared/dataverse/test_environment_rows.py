"""The verbs on rows against the simulated environment: whatever happens, each row is there once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse import odata
from tests.shared.dataverse.environment import (
    JANE,
    LEFT,
    Town,
    built,
    people,
    town_of,
)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


async def test_rows_go_in_with_lookups_owners_and_every_kind_of_value_and_read_back_the_same(town: Town) -> None:
    target = town.target
    live = await built(target)
    contact, visit = live["contact"], live["bw_visit"]
    owner = {
        odata.bind_name(contact.field("ownerid"), "systemuser"): odata.reference("systemusers", JANE["systemuserid"])
    }
    patients = [{**row, **owner, "bw_sourceid": str(n)} for n, row in enumerate(people(3))]
    assert all(result.ok and not result.already for result in await target.create(contact, patients))
    currency = next(iter(town.server.org.store("transactioncurrency").rows))
    row = {
        "bw_visitid": str(uuid.uuid4()),
        "bw_name": "Check-up \U0001f9b7 \u05e9\u05dc\u05d5\u05dd",
        "bw_start": "2024-10-06T02:30:00Z",
        "bw_day": "1900-01-01",
        "bw_fee": 120.5,
        "bw_units": 1.25,
        "bw_count": 3,
        "bw_done": True,
        "bw_notes": "line\r\nline",
        odata.bind_name(visit.field("bw_patientid"), "contact"): odata.reference("contacts", patients[0]["contactid"]),
        odata.bind_name(visit.field("bw_partyid"), "contact"): odata.reference("contacts", patients[1]["contactid"]),
        odata.bind_name(visit.field("transactioncurrencyid"), "transactioncurrency"): odata.reference(
            "transactioncurrencies", currency
        ),
    }
    assert (await target.create(visit, [row]))[0].ok
    select = [*odata.columns(visit, row)]
    back = (await target.rows(visit, [row["bw_visitid"]], select=select))[row["bw_visitid"]]
    assert odata.shows(visit, row, back)
    assert back["@odata.etag"].startswith('W/"')
    owned = await target.rows(contact, [p["contactid"] for p in patients], select=["ownerid"])
    assert {one["_ownerid_value"] for one in owned.values()} == {JANE["systemuserid"]}


async def test_many_rows_are_read_by_id_and_absent_ones_are_absent(town: Town) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    rows = people(700)
    assert all(result.ok for result in await town.target.create(contact, rows))
    ids = [row["contactid"] for row in rows] + [str(uuid.uuid4())]
    found = await town.target.rows(contact, ids, select=["lastname"])
    assert len(found) == 700
    assert found[rows[5]["contactid"]]["lastname"] == "Person 5"
    assert await town.target.count(contact) == 700
    assert await town.target.count(contact, "lastname eq 'Person 5'") == 1
    sizes = [len(page) async for page in town.target.pages(contact, select=["lastname"], size=300)]
    assert sizes == [300, 300, 100]


async def test_each_bad_row_is_set_aside_for_its_own_reason_and_the_good_ones_go_in(town: Town) -> None:
    target = town.target
    contact = (await built(target))["contact"]
    owner = odata.bind_name(contact.field("ownerid"), "systemuser")
    parent = odata.bind_name(contact.field("parentcustomerid"), "account")
    bad = {
        2: {"lastname": "x" * 51},
        4: {"bw_role": 5},
        6: {owner: odata.reference("systemusers", LEFT["systemuserid"])},
        8: {parent: odata.reference("accounts", str(uuid.uuid4()))},
    }
    rows = [{**row, **bad.get(n, {})} for n, row in enumerate(people(10))]
    results = await target.create(contact, rows)
    assert {n: (r.reason, r.column) for n, r in enumerate(results) if not r.ok} == {
        2: ("text-too-long", "lastname"),
        4: ("choice-unknown", "bw_role"),
        6: ("owner-disabled", None),
        8: ("parent-missing", None),
    }
    assert await target.count(contact) == 6


async def test_rows_sent_twice_are_there_once(town: Town) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    rows = people(5)
    await town.target.create(contact, rows[:3])
    results = await town.target.create(contact, rows)
    assert [result.already for result in results] == [True, True, True, False, False]
    assert await town.target.count(contact) == 5


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", match="CreateMultiple", times=1),
        Fault("drop_after", match="CreateMultiple", times=1),
        Fault("half_fail", match="CreateMultiple", times=1),
        Fault("throttle", match="CreateMultiple", times=2, retry_after=30),
        Fault("error", match="CreateMultiple", times=1, status=502),
        Fault("expire", match="CreateMultiple", times=1),
    ],
    ids=lambda fault: fault.kind,
)
async def test_whatever_happens_to_a_bulk_message_each_row_is_there_once(town: Town, fault: Fault) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    await town.target.bulk("contact")
    town.server.schedule.add([fault])
    results = await town.target.create(contact, people(20))
    assert all(result.ok for result in results)
    town.server.schedule.clear()
    assert await town.target.count(contact) == 20


@pytest.mark.parametrize("kind", ["drop", "drop_after", "half_fail", "error"])
async def test_whatever_happens_to_a_batch_each_row_is_there_once(town: Town, kind: str) -> None:
    note = (await town.target.tables(["annotation"]))["annotation"]
    await town.target.bulk("annotation")
    town.server.schedule.add([Fault(kind, match=r"\$batch", times=1, **({"status": 503} if kind == "error" else {}))])
    rows = [{"annotationid": str(uuid.uuid4()), "subject": f"Note {n}"} for n in range(20)]
    assert all(result.ok for result in await town.target.create(note, rows))
    town.server.schedule.clear()
    assert await town.target.count(note) == 20


async def test_updates_change_what_is_there_and_a_guarded_one_spares_what_a_person_changed(town: Town) -> None:
    target = town.target
    contact = (await target.tables(["contact"]))["contact"]
    rows = people(3)
    ids = [row["contactid"] for row in rows]
    await target.create(contact, rows)
    assert all(r.ok for r in await target.update(contact, [{**row, "firstname": "A"} for row in rows]))
    left = await target.rows(contact, ids, select=["firstname"])
    assert {row["firstname"] for row in left.values()} == {"A"}
    await target.update(contact, [{"contactid": ids[1], "firstname": "By hand"}])
    etags = {row_id: left[row_id]["@odata.etag"] for row_id in ids}
    results = await target.update(contact, [{"contactid": i, "firstname": "B", "@odata.etag": etags[i]} for i in ids])
    assert [(r.ok, r.reason) for r in results] == [(True, None), (False, "edited-since"), (True, None)]
    missing = await target.update(contact, [{"contactid": str(uuid.uuid4()), "firstname": "C"}])
    assert missing[0].reason in ("row-missing", "parent-missing")
    assert await target.count(contact) == 3


@pytest.mark.parametrize("documented", [True, False])
async def test_states_are_set_whether_or_not_bulk_updates_may_set_them(documented: bool) -> None:
    async for town in town_of(calm(update_multiple_state=documented)):
        contact = (await town.target.tables(["contact"]))["contact"]
        rows = people(4)
        await town.target.create(contact, rows)
        for half in (rows[:2], rows[2:]):
            results = await town.target.set_state(contact, [(row["contactid"], 1, 2) for row in half])
            assert all(result.ok for result in results)
        assert await town.target.count(contact, "statecode eq 1") == 4


async def test_a_state_that_does_not_fit_its_status_is_set_aside(town: Town) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    rows = people(3)
    await town.target.create(contact, rows)
    states = [(row["contactid"], 1, 2 if n else 1) for n, row in enumerate(rows)]
    results = await town.target.set_state(contact, states)
    assert [result.reason for result in results] == ["status-invalid", None, None]


async def test_deleting_spares_what_was_edited_and_takes_the_rest_once(town: Town) -> None:
    target = town.target
    contact = (await target.tables(["contact"]))["contact"]
    rows = people(3)
    ids = [row["contactid"] for row in rows]
    await target.create(contact, rows)
    etags = {i: row["@odata.etag"] for i, row in (await target.rows(contact, ids, select=[])).items()}
    await target.update(contact, [{"contactid": ids[1], "firstname": "By hand"}])
    for _ in range(2):
        results = await target.delete(contact, [(i, etags[i]) for i in ids])
        assert [(r.ok, r.reason) for r in results] == [(True, None), (False, "edited-since"), (True, None)]
    assert await target.count(contact) == 1


async def test_what_a_new_table_refuses_at_first_it_takes_a_moment_later() -> None:
    async for town in town_of(calm(table_warmup_seconds=0.05)):
        visit = (await built(town.target))["bw_visit"]
        rows = [[{"bw_visitid": str(uuid.uuid4()), "bw_name": "V"} for _ in range(5)] for _ in range(4)]
        done = await asyncio.gather(*(town.target.create(visit, some) for some in rows))
        assert all(result.ok for results in done for result in results)
        assert await town.target.count(visit) == 20


async def test_n21_rows_are_found_by_any_of_many_values_however_they_are_written(town: Town) -> None:
    target = town.target
    live = await built(target)
    contact, visit = live["contact"], live["bw_visit"]
    rows = [{**row, "emailaddress1": f"p{n}+o'hara&\u00e9@example.com"} for n, row in enumerate(people(400))]
    rows[399] |= {"birthdate": "1990-02-03", "emailaddress1": "same@example.com"}
    rows[398] |= {"birthdate": "1990-02-04", "emailaddress1": "Same@Example.com"}
    assert all(result.ok for result in await target.create(contact, rows))
    wanted = [row["emailaddress1"] for row in rows[:300]] + ["nobody@example.com"]
    pages = target.pages_among(contact, "emailaddress1", wanted, select=["emailaddress1", "birthdate"])
    found = [row["emailaddress1"] async for page in pages for row in page]
    assert sorted(found) == sorted(wanted[:-1])
    for rule, ids in ((None, [398, 399]), ("birthdate eq 1990-02-03", [399])):
        pages = target.pages_among(contact, "emailaddress1", ["SAME@example.com"], select=[], filter=rule)
        there = {row["contactid"] async for page in pages for row in page}
        assert there == {rows[n]["contactid"] for n in ids}
    way = odata.bind_name(visit.field("bw_patientid"), "contact")
    visits = [{"bw_visitid": str(uuid.uuid4()), way: odata.reference("contacts", row["contactid"])} for row in rows]
    assert all(result.ok for result in await target.create(visit, visits))
    ids = [row["contactid"] for row in rows[:250]]
    pages = target.pages_among(visit, "bw_patientid", ids, select=[], filter="bw_count eq null")
    assert len([row async for page in pages for row in page]) == 250


async def test_asking_for_none_asks_nothing(town: Town) -> None:
    contact = (await town.target.tables(["contact"]))["contact"]
    town.server.schedule.add([Fault("error", match="contacts", status=400)])
    assert [page async for page in town.target.pages_among(contact, "emailaddress1", [], select=[])] == []
    assert await town.target.rows(contact, [], select=[]) == {}
