"""Locked columns and who may read and write them, against the simulated environment."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.errors import AskPerson
from shared.schema.model import Field, Kind, Table
from tests.shared.dataverse.environment import JANE, SOLUTION, Town, built, people, town_of

PROFILE = "Bridgework: health data"
NAMES = ("bw_alert", "bw_allergies")
COLUMNS = [("contact", name) for name in NAMES]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


async def locked(town: Town) -> Table:
    """The contact table with two locked columns."""
    await built(town.target)
    for name in NAMES:
        field = Field(name, Kind.TEXT, name, name, max_length=50, custom=True, secured=True)
        await town.target.create_field("contact", field, solution=SOLUTION)
    contact = (await town.target.tables(["contact"]))["contact"]
    assert {field.name for field in contact.fields if field.secured} == set(NAMES)
    return contact


async def us(town: Town) -> str:
    return (await town.target.who_am_i()).user_id


async def test_n22_a_locked_column_is_written_by_members_of_the_profile_alone(town: Town) -> None:
    target, contact = town.target, await locked(town)
    row = {**people(1)[0], "bw_alert": "penicillin"}
    assert await target.writable_secured_columns(await us(town)) == frozenset()
    with pytest.raises(AskPerson, match="8004f502"):
        await target.create(contact, [row])
    assert await target.ensure_security_profile(PROFILE, COLUMNS, [await us(town)])
    assert not await target.ensure_security_profile(PROFILE, COLUMNS, [await us(town)])
    assert await target.writable_secured_columns(await us(town)) == frozenset(COLUMNS)
    assert [result.ok for result in await target.create(contact, [row])] == [True]
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] == "penicillin"
    assert await target.drop_security_profile(PROFILE)
    assert await target.drop_security_profile(PROFILE)
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] is None


async def test_n22_a_column_is_locked_and_opened_again_without_losing_anything(town: Town) -> None:
    target = town.target
    contact = (await built(target))["contact"]
    row = {**people(1)[0], "bw_sourceid": "7"}
    await target.create(contact, [row])
    field = Field("bw_alert", Kind.TEXT, "bw_Alert", "Alert", max_length=50, custom=True)
    await target.create_field("contact", field, solution=SOLUTION)
    contact = (await target.tables(["contact"]))["contact"]
    await target.update(contact, [{"contactid": row["contactid"], "bw_alert": "latex"}])
    assert await target.secure_field("contact", "bw_alert")
    assert not await target.secure_field("contact", "bw_alert")
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] is None
    with pytest.raises(AskPerson) as asked:
        await target.secure_field("contact", "bw_alert", secured=False)
    assert asked.value.code == "column-locked"
    await target.ensure_security_profile(PROFILE, COLUMNS[:1], [await us(town)])
    assert await target.secure_field("contact", "bw_alert", secured=False)
    there = await target.rows(contact, [row["contactid"]], select=["bw_alert"])
    assert there[row["contactid"]]["bw_alert"] == "latex"
    after = (await target.tables(["contact"]))["contact"].field("bw_alert")
    assert after is not None
    assert (after.label, after.max_length, after.secured) == ("Alert", 50, False)


@pytest.mark.parametrize("kind", ["drop", "drop_after", "throttle"])
@pytest.mark.parametrize(
    "request_line", ["POST .*fieldsecurityprofiles$", "POST .*fieldpermissions", "POST .*ref$", "DELETE"]
)
async def test_n22_whatever_happens_there_is_one_profile_with_each_column_and_member_once(
    town: Town, kind: str, request_line: str
) -> None:
    await locked(town)
    members = [await us(town), JANE["systemuserid"].upper()]
    town.server.schedule.add([Fault(kind, match=request_line, times=1)])
    await town.target.ensure_security_profile(PROFILE, COLUMNS, members)
    store = town.server.org.store
    profiles = [row for row in store("fieldsecurityprofile").rows.values() if row["name"] == PROFILE]
    assert len(profiles) == 1
    id_ = profiles[0]["fieldsecurityprofileid"]
    permissions = store("fieldpermission").having("fieldsecurityprofileid", id_)
    assert sorted(row["attributelogicalname"] for row in permissions) == sorted(NAMES)
    assert len(store("systemuserprofiles").having("fieldsecurityprofileid", id_)) == 2
    assert await town.target.drop_security_profile(PROFILE)
    assert not [row for row in store("fieldsecurityprofile").rows.values() if row["name"] == PROFILE]


async def test_n22_a_profile_that_is_there_gets_what_it_lacks_and_keeps_what_it_has(town: Town) -> None:
    await locked(town)
    jane = JANE["systemuserid"]
    assert await town.target.ensure_security_profile(PROFILE, COLUMNS[:1], [jane])
    store = town.server.org.store
    (profile,) = (row for row in store("fieldsecurityprofile").rows.values() if row["name"] == PROFILE)
    permissions = store("fieldpermission").having("fieldsecurityprofileid", profile["fieldsecurityprofileid"])
    permissions[0]["canupdate"] = 0
    assert await town.target.writable_secured_columns(jane) == frozenset()
    assert not await town.target.ensure_security_profile(PROFILE, COLUMNS, [await us(town)])
    for user in (jane, await us(town)):
        assert await town.target.writable_secured_columns(user) == frozenset(COLUMNS)


async def test_n22_without_the_privilege_a_person_is_asked_for_it_by_name() -> None:
    async for town in town_of(calm(), privileges_missing=["prvCreateFieldSecurityProfile"]):
        await locked(town)
        with pytest.raises(AskPerson, match="prvCreateFieldSecurityProfile"):
            await town.target.ensure_security_profile(PROFILE, COLUMNS, [await us(town)])
