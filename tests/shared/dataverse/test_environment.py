"""The verbs that read, and those that make and unmake a schema, against the simulated environment."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse import odata
from shared.errors import AskPerson
from shared.schema.gaps import AddOptions, gaps
from shared.schema.model import Field, Kind, Option
from tests.shared.dataverse.environment import (
    CONTACT,
    KEY,
    SOLUTION,
    SOURCE_ID,
    VISIT,
    Town,
    apply,
    built,
    people,
    town_of,
)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


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
    steps = gaps([CONTACT, VISIT], await target.tables(["contact", "account", "bw_visit"])).steps
    assert all(await apply(target, steps))
    live = await target.tables(["contact", "account", "bw_visit"])
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


async def test_a_table_can_point_at_itself_and_losing_the_parent_only_loses_the_link(town: Town) -> None:
    target = town.target
    await built(target)
    field = Field("bw_parentid", Kind.LOOKUP, "bw_ParentId", "Part of", targets=("bw_visit",), custom=True)
    assert await target.create_lookup("bw_visit", field, solution=SOLUTION)
    assert not await target.create_lookup("bw_visit", field, solution=SOLUTION)
    visit = (await target.tables(["bw_visit"]))["bw_visit"]
    parent, child = str(uuid.uuid4()), str(uuid.uuid4())
    way = odata.bind_name(visit.field("bw_parentid"), "bw_visit")
    assert way == "bw_ParentId@odata.bind"
    await target.create(visit, [{"bw_visitid": parent, "bw_name": "A"}])
    assert (await target.create(visit, [{"bw_visitid": child, way: odata.reference("bw_visits", parent)}]))[0].ok
    assert await target.pointed_at(visit, "bw_parentid", [parent]) == {parent: {child}}
    assert (await target.delete(visit, [(parent, None)]))[0].ok
    there = await target.rows(visit, [child], select=["bw_parentid"])
    assert there[child]["_bw_parentid_value"] is None


async def test_columns_of_ours_are_made_with_their_room_and_read_back_the_same(town: Town) -> None:
    target = town.target
    await built(target)
    wanted = [
        Field("bw_scan", Kind.FILE, "bw_Scan", "Scan", max_length=40_000, custom=True),
        Field("bw_paid", Kind.MONEY, "bw_Paid", "Paid", precision=2, custom=True),
        Field("bw_rate", Kind.DECIMAL, "bw_Rate", "Rate", precision=6, custom=True),
        Field("bw_alert", Kind.TEXT, "bw_Alert", "Alert", max_length=50, secured=True, custom=True),
    ]
    for field in wanted:
        assert await target.create_field("bw_visit", field, solution=SOLUTION)
    visit = (await target.tables(["bw_visit"]))["bw_visit"]
    facts = [(f.kind, f.max_length, f.precision, f.secured) for f in map(visit.field, (one.name for one in wanted))]
    assert facts == [(one.kind, one.max_length, one.precision, one.secured) for one in wanted]
