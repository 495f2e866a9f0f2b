"""Every verb against the simulated environment, over HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from sandbox.dataverse.behaviour import Behaviour, calm
from sandbox.dataverse.organisation import Organisation
from sandbox.dataverse.serving import Server, running
from sandbox.faults import Fault
from shared.dataverse import odata
from shared.dataverse.client import Dataverse
from shared.dataverse.pace import Gate
from shared.dataverse.transport import connect
from shared.errors import AskPerson
from shared.schema.gaps import AddField, AddKey, AddLookup, AddOptions, CreateTable, gaps
from shared.schema.model import Field, Key, Kind, Option, Table

SOLUTION = "bw_bridgework"
SOURCE_ID = Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=100, custom=True)
KEY = Key("bw_SourceIdKey", ("bw_sourceid",))
CONTACT = Table(
    "contact",
    "contacts",
    "contactid",
    "fullname",
    fields=(
        Field("lastname", Kind.TEXT, max_length=50),
        SOURCE_ID,
        Field(
            "bw_role", Kind.CHOICE, "bw_Role", "Role", options=(Option(0, "Patient"), Option(0, "Staff")), custom=True
        ),
    ),
    keys=(KEY,),
)
VISIT = Table(
    "bw_visit",
    "bw_visits",
    "bw_visitid",
    "bw_name",
    schema_name="bw_Visit",
    label="Visit",
    label_plural="Visits",
    custom=True,
    keys=(KEY,),
    fields=(
        Field("bw_name", Kind.TEXT, "bw_Name", "Name", max_length=200, custom=True),
        SOURCE_ID,
        Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",), custom=True),
        Field("bw_partyid", Kind.LOOKUP, "bw_PartyId", "Party", targets=("account", "contact"), custom=True),
        Field("bw_start", Kind.INSTANT, "bw_Start", "Start", custom=True),
        Field("bw_day", Kind.DATE, "bw_Day", "Day", custom=True),
        Field("bw_fee", Kind.MONEY, "bw_Fee", "Fee", custom=True),
        Field("bw_units", Kind.DECIMAL, "bw_Units", "Units", custom=True),
        Field("bw_count", Kind.INTEGER, "bw_Count", "Count", custom=True),
        Field("bw_done", Kind.BOOLEAN, "bw_Done", "Done", custom=True),
        Field("bw_notes", Kind.MEMO, "bw_Notes", "Notes", max_length=10_000, custom=True),
    ),
)
JANE = {"systemuserid": str(uuid.uuid5(uuid.NAMESPACE_DNS, "jane")), "fullname": "Jane Fox",
        "internalemailaddress": "jane@practice.example"}  # fmt: skip
LEFT = {"systemuserid": str(uuid.uuid5(uuid.NAMESPACE_DNS, "left")), "fullname": "Sam Gone",
        "internalemailaddress": "sam@practice.example", "isdisabled": True}  # fmt: skip
ROLELESS = {"fullname": "Kim New", "internalemailaddress": "kim@practice.example", "roles": [], "licensed": False}


class AnyToken:
    async def token(self, resource: str) -> str:
        return "anything"

    def forget(self, resource: str) -> None:
        pass


class Clock:
    """The client's time, which passes a hundred times as fast as the environment's."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(seconds / 100)


@dataclass(frozen=True)
class Town:
    server: Server
    target: Dataverse
    clock: Clock


async def town_of(behaviour: Behaviour, **more: object) -> AsyncIterator[Town]:
    org = Organisation.seeded(behaviour, users=[JANE, LEFT, ROLELESS], **more)
    async with running(org) as server, connect() as http:
        clock = Clock()
        yield Town(
            server, Dataverse(server.url, AnyToken(), http=http, pace=Gate(clock=clock, sleep=clock.sleep)), clock
        )


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


def people(count: int, **more: object) -> list[dict]:
    return [
        {"contactid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"p{n}")), "lastname": f"Person {n}", **more}
        for n in range(count)
    ]


async def apply(target: Dataverse, steps: tuple) -> list[bool]:
    done = []
    for step in steps:
        match step:
            case CreateTable():
                done.append(await target.create_table(step.table, solution=SOLUTION))
            case AddField():
                done.append(await target.create_field(step.table, step.field, solution=SOLUTION))
            case AddLookup():
                done.append(await target.create_lookup(step.table, step.field, solution=SOLUTION))
            case AddOptions():
                done.append(await target.add_options(step.table, step.field, step.options, solution=SOLUTION))
            case AddKey():
                done.append(await target.create_key(step.table, step.key, solution=SOLUTION))
    return done


async def built(target: Dataverse) -> dict[str, Table]:
    """The live tables after everything wanted was made."""
    await target.ensure_publisher("bw", 72700)
    await target.ensure_solution(SOLUTION, "bw")
    live = await target.tables(["contact", "bw_visit"])
    await apply(target, gaps([CONTACT, VISIT], live).steps)
    return await target.tables(["contact", "account", "bw_visit"])


async def test_we_know_who_we_are_and_what_we_may_do(town: Town) -> None:
    identity = await town.target.who_am_i()
    held = await town.target.privileges(identity.user_id)
    assert {"prvCreateContact", "prvOverrideCreatedOnCreatedBy"} <= held


async def test_a_privilege_we_lack_is_not_among_ours_and_is_named_when_it_matters() -> None:
    async for town in town_of(calm(), privileges_missing=["prvCreateContact"]):
        identity = await town.target.who_am_i()
        assert "prvCreateContact" not in await town.target.privileges(identity.user_id)
        contact = (await town.target.tables(["contact"]))["contact"]
        with pytest.raises(AskPerson, match="prvCreateContact on table contact"):
            await town.target.create(contact, people(2))


async def test_users_say_whether_they_can_own_rows(town: Town) -> None:
    users = {user.name: user for user in await town.target.users()}
    jane, sam, kim = users["Jane Fox"], users["Sam Gone"], users["Kim New"]
    assert (jane.email, jane.disabled, jane.has_role, jane.application) == ("jane@practice.example", False, True, False)
    assert sam.disabled
    assert (kim.has_role, kim.licensed) == (False, False)


async def test_live_tables_are_read_with_what_a_mapping_needs(town: Town) -> None:
    tables = await town.target.tables(["contact", "account", "nothing_of_the_kind"])
    assert set(tables) == {"contact", "account"}
    contact = tables["contact"]
    kinds = {name: contact.field(name).kind for name in ("lastname", "birthdate", "overriddencreatedon", "ownerid")}
    assert kinds == {
        "lastname": Kind.TEXT,
        "birthdate": Kind.DATE,
        "overriddencreatedon": Kind.INSTANT,
        "ownerid": Kind.OWNER,
    }
    assert contact.field("lastname").max_length == 50
    assert contact.field("parentcustomerid").navigation_to("account") == "parentcustomerid_account"
    assert {(o.state, o.value) for o in contact.field("statuscode").options} == {(0, 1), (1, 2)}
    assert not contact.field("modifiedon").writable


async def test_which_tables_take_bulk_messages_is_asked_and_remembered(town: Town) -> None:
    assert (await town.target.bulk("contact")).upsert
    assert not (await town.target.bulk("annotation")).create
    town.server.schedule.add([Fault("error", match="sdkmessagefilters")])
    assert (await town.target.bulk("contact")).create


async def test_what_is_missing_is_made_once_and_then_nothing_is_missing(town: Town) -> None:
    target = town.target
    assert await target.ensure_publisher("bw", 72700)
    assert await target.ensure_solution(SOLUTION, "bw")
    steps = gaps([CONTACT, VISIT], await target.tables(["contact", "bw_visit"])).steps
    assert all(await apply(target, steps))
    live = await target.tables(["contact", "bw_visit"])
    found = gaps([CONTACT, VISIT], live)
    assert (found.steps, found.blockers) == ((), ())
    assert not any(await apply(target, steps))
    assert not await target.ensure_publisher("bw", 72700)
    assert not await target.ensure_solution(SOLUTION, "bw")
    assert await target.custom_table_count() == 1
    assert live["contact"].field("bw_role").options == (Option(727000000, "Patient"), Option(727000001, "Staff"))
    assert live["bw_visit"].field("bw_patientid").navigation_to("contact") == "bw_PatientId"
    assert live["bw_visit"].field("bw_partyid").navigation_to("account")
    for field in VISIT.fields:
        assert live["bw_visit"].field(field.name).kind is field.kind
    await target.publish(["contact", "bw_visit"])


async def test_a_label_that_came_later_is_added_to_the_choice_and_taken_out_again(town: Town) -> None:
    target = town.target
    await built(target)
    role = replace(CONTACT.fields[2], options=(*CONTACT.fields[2].options, Option(0, "Carer")))
    wanted = replace(CONTACT, fields=(*CONTACT.fields[:2], role))
    steps = gaps([wanted], await target.tables(["contact"])).steps
    assert steps == (AddOptions("contact", "bw_role", (Option(727000002, "Carer"),)),)
    assert await apply(target, steps) == [True]
    assert await apply(target, steps) == [False]
    assert await target.remove_options("contact", "bw_role", steps[0].options)
    assert not await target.remove_options("contact", "bw_role", steps[0].options)


async def test_everything_that_was_made_can_be_unmade_and_unmaking_twice_is_no_failure(town: Town) -> None:
    target = town.target
    before = await target.tables(["contact", "account"])
    live = await built(target)
    for _ in range(2):
        await target.drop_key("contact", KEY)
        await target.drop_lookup("bw_visit", live["bw_visit"].field("bw_patientid"))
        await target.drop_lookup("bw_visit", live["bw_visit"].field("bw_partyid"))
        await target.drop_field("bw_visit", "bw_fee")
        await target.drop_table("bw_visit")
        await target.drop_field("contact", "bw_role")
        await target.drop_field("contact", "bw_sourceid")
        assert await target.drop_solution(SOLUTION)
        assert await target.drop_publisher("bw")
    assert await target.tables(["contact", "account", "bw_visit"]) == before


async def test_a_key_is_pending_until_its_index_is_built() -> None:
    async for town in town_of(calm(key_index_seconds=60.0)):
        await built(town.target)
        assert await town.target.key_status("contact", KEY) in ("Pending", "InProgress")
        town.server.org.clock.ahead += 61
        assert await town.target.key_status("contact", KEY) == "Active"
        assert await town.target.key_status("account", KEY) == ""


async def test_a_customization_that_is_running_is_waited_for() -> None:
    async for town in town_of(calm(customization_seconds=0.05)):
        await town.target.ensure_publisher("bw", 72700)
        await town.target.ensure_solution(SOLUTION, "bw")
        fields = [replace(SOURCE_ID, name=f"bw_f{n}", schema_name=f"bw_F{n}") for n in range(3)]
        made = asyncio.gather(*(town.target.create_field("contact", one, solution=SOLUTION) for one in fields))
        assert await made == [True, True, True]


async def test_a_table_whose_creation_was_answered_by_silence_is_made_once(town: Town) -> None:
    target = town.target
    await target.ensure_publisher("bw", 72700)
    await target.ensure_solution(SOLUTION, "bw")
    town.server.schedule.add([Fault("drop_after", match="POST .*/EntityDefinitions$", times=1)])
    assert await target.create_table(VISIT, solution=SOLUTION)
    assert not await target.create_table(VISIT, solution=SOLUTION)


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
