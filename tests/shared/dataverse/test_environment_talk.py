"""Activities and their parties against the simulated environment."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.schema.model import Field, Kind, Table
from tests.shared.dataverse.environment import JANE, Town, people, town_of

DAY = "2019-05-03"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


def name_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


async def contacts(town: Town, count: int = 1) -> list[str]:
    live = await town.target.tables(["contact"])
    rows = people(count)
    await town.target.create(live["contact"], rows)
    return [row["contactid"] for row in rows]


async def table(town: Town, name: str) -> Table:
    return (await town.target.tables([name]))[name]


def call(contact: str, number: int = 0) -> dict[str, Any]:
    return {
        "activityid": name_id(f"call{number}"),
        "subject": "Recall",
        "regardingobjectid_contact_phonecall@odata.bind": f"/contacts({contact})",
        "overriddencreatedon": "2018-02-01T08:00:00Z",
        "phonecall_activity_parties": [
            {"partyid_systemuser@odata.bind": f"/systemusers({JANE['systemuserid']})", "participationtypemask": 1},
            {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2},
            {"addressused": "x@example.com", "participationtypemask": 2},
        ],
    }


async def test_a7_a_call_goes_in_with_its_parties_and_is_closed_with_its_own_end(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(3)]
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    ids = [row["activityid"] for row in rows]
    parties = await town.target.parties(ids)
    assert parties[ids[0]] >= {
        (1, "systemuser", JANE["systemuserid"]),
        (2, "contact", contact),
        (2, "", "x@example.com"),
    }
    values = {id_: {"actualend": "2018-02-01T08:05:00Z"} for id_ in ids}
    assert all(r.ok for r in await town.target.set_state(phonecall, [(id_, 1, 2) for id_ in ids], values=values))
    there = await town.target.rows(phonecall, ids, select=["statuscode", "actualend", "createdon"])
    assert {row["actualend"] for row in there.values()} == {"2018-02-01T08:05:00Z"}
    assert {row["createdon"] for row in there.values()} == {"2018-02-01T08:00:00Z"}


@pytest.mark.parametrize("kind", ["drop", "drop_after", "half_fail"])
async def test_a7_whatever_happens_to_a_batch_of_calls_each_is_there_once_with_its_parties_once(
    town: Town, kind: str
) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    await town.target.bulk("phonecall")
    rows = [call(contact, number) for number in range(20)]
    town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    town.server.schedule.clear()
    assert await town.target.count(phonecall) == 20
    ours = [row for row in town.server.org.store("activityparty").rows.values() if row["participationtypemask"] < 3]
    assert len(ours) == 20 * 3


@pytest.mark.parametrize("kind", ["drop", "drop_after", "half_fail"])
async def test_a7_whatever_happens_calls_are_closed_with_their_own_ends(town: Town, kind: str) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(6)]
    await town.target.create(phonecall, rows)
    ids = [row["activityid"] for row in rows]
    ends = {id_.upper(): {"actualend": f"2018-02-01T08:0{n}:00Z"} for n, id_ in enumerate(ids[:4])}
    states = [(id_, 1, 2) for id_ in ids]
    town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.set_state(phonecall, states, values=ends))
    town.server.schedule.clear()
    there = await town.target.rows(phonecall, ids, select=["statuscode", "actualend"])
    assert [there[id_]["actualend"] for id_ in ids[:4]] == [one["actualend"] for one in ends.values()]
    assert {row["statuscode"] for row in there.values()} == {2}
    assert all(result.ok for result in await town.target.set_state(phonecall, states, values=ends))


async def test_the_parties_of_hundreds_of_activities_come_in_as_many_questions_as_addresses_need(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    rows = [call(contact, number) for number in range(230)]
    assert all(result.ok for result in await town.target.create(phonecall, rows))
    parties = await town.target.parties([row["activityid"].upper() for row in rows] * 2 + [name_id("nothing")])
    assert set(parties) == {row["activityid"] for row in rows}
    assert all((2, "contact", contact) in found for found in parties.values())


async def test_a_change_of_parties_alone_is_not_taken_for_done_when_its_answer_was_lost(town: Town) -> None:
    (contact,), phonecall = await contacts(town), await table(town, "phonecall")
    row = call(contact)
    await town.target.create(phonecall, [row])
    there = (await town.target.rows(phonecall, [row["activityid"]], select=[]))[row["activityid"]]
    change = {
        "activityid": row["activityid"],
        "subject": row["subject"],
        "@odata.etag": there["@odata.etag"],
        "phonecall_activity_parties": [{"addressused": "y@example.com", "participationtypemask": 2}],
    }
    town.server.schedule.add([Fault("drop", match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.update(phonecall, [change]))
    found = (await town.target.parties([row["activityid"]]))[row["activityid"]]
    assert {party for party in found if party[0] < 3} == {(2, "", "y@example.com")}


async def test_notes_take_no_columns_of_ours(town: Town) -> None:
    field = Field("bw_sourceid", Kind.TEXT, schema_name="bw_SourceId", label="Source id", max_length=50, custom=True)
    await town.target.ensure_publisher("bw", 72700)
    with pytest.raises(Exception, match="annotation"):
        await town.target.create_field("annotation", field, solution="")
