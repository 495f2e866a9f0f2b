"""How opportunities end and begin again, against the simulated environment."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from sandbox.dataverse.behaviour import calm
from sandbox.faults import Fault
from shared.dataverse.results import Closing
from shared.errors import Stop
from tests.shared.dataverse.environment import Town, people, town_of

DAY = "2019-05-03"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async for one in town_of(calm()):
        yield one


async def opportunities(town: Town, count: int = 3) -> list[str]:
    live = await town.target.tables(["contact", "opportunity"])
    (contact,) = people(1)
    await town.target.create(live["contact"], [contact])
    currency = next(iter(town.server.org.store("transactioncurrency").rows))
    rows = [
        {
            "opportunityid": str(uuid.uuid4()),
            "name": f"INV-{number}",
            "estimatedvalue": 100.0,
            "customerid_contact@odata.bind": f"/contacts({contact['contactid']})",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
        }
        for number in range(count)
    ]
    assert all(result.ok for result in await town.target.create(live["opportunity"], rows))
    return [str(row["opportunityid"]) for row in rows]


def closings(ids: list[str]) -> list[Closing]:
    """The first is lost, the others are won."""
    lost = Closing(ids[0], won=False, status=4, actual_end=DAY, subject="Cancelled")
    return [lost, *(Closing(id_, won=True, status=3, actual_end=DAY, actual_revenue=99.5) for id_ in ids[1:])]


async def states(town: Town, ids: list[str]) -> list[tuple[int, int]]:
    table = (await town.target.tables(["opportunity"]))["opportunity"]
    there = await town.target.rows(table, ids, select=["statecode", "statuscode", "actualclosedate"])
    return [(there[id_]["statecode"], there[id_]["statuscode"]) for id_ in ids]


@pytest.mark.parametrize("kind", ["", "drop", "drop_after", "half_fail", "throttle"])
async def test_r60_a9_each_opportunity_ends_once_with_its_own_date_whatever_happens(town: Town, kind: str) -> None:
    ids = await opportunities(town)
    if kind:
        town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    assert all(result.ok for result in await town.target.close_opportunities(closings(ids)))
    town.server.schedule.clear()
    again = await town.target.close_opportunities(closings(ids))
    assert [(result.ok, result.already) for result in again] == [(True, True)] * 3
    assert await states(town, ids) == [(2, 4), (1, 3), (1, 3)]
    table = (await town.target.tables(["opportunity"]))["opportunity"]
    there = await town.target.rows(table, ids, select=["actualclosedate", "actualvalue"])
    assert {row["actualclosedate"] for row in there.values()} == {DAY}
    assert [there[id_]["actualvalue"] for id_ in ids] == [None, 99.5, 99.5]
    assert len(town.server.org.store("opportunityclose").rows) == 3


async def test_what_ended_otherwise_has_to_be_opened_first_and_a_bad_one_holds_no_other_up(town: Town) -> None:
    ids = await opportunities(town)
    await town.target.close_opportunities(closings(ids)[:1])
    wanted = [
        Closing(ids[0], won=True, status=3),
        Closing(ids[1], won=True, status=4),
        Closing(ids[2], won=True, status=3),
        Closing(str(uuid.uuid4()), won=True, status=3),
    ]
    results = await town.target.close_opportunities(wanted)
    reasons = ["closed-otherwise", "status-invalid", None, "parent-missing"]
    assert [result.reason for result in results] == reasons
    assert await states(town, ids) == [(2, 4), (0, 1), (1, 3)]


@pytest.mark.parametrize("kind", ["", "drop", "drop_after", "half_fail"])
async def test_opportunities_are_opened_again_and_can_end_again_whatever_happens(town: Town, kind: str) -> None:
    ids = await opportunities(town)
    await town.target.close_opportunities(closings(ids)[:2])
    if kind:
        town.server.schedule.add([Fault(kind, match=r"\$batch", times=1)])
    for _ in range(2):
        assert all(result.ok for result in await town.target.reopen(ids))
    town.server.schedule.clear()
    assert await states(town, ids) == [(0, 1)] * 3
    (missing,) = await town.target.reopen([str(uuid.uuid4())])
    assert missing.reason == "row-missing"
    assert all(result.ok for result in await town.target.close_opportunities([Closing(ids[0], won=True, status=3)]))
    assert await states(town, ids[:1]) == [(1, 3)]


async def test_opening_again_leaves_one_that_is_open_as_it_is(town: Town) -> None:
    table = (await town.target.tables(["opportunity"]))["opportunity"]
    (id_,) = await opportunities(town, 1)
    await town.target.set_state(table, [(id_, 0, 2)])
    assert (await town.target.reopen([id_]))[0].already
    assert await states(town, [id_]) == [(0, 2)]


async def test_an_end_can_be_another_user_s_doing(town: Town) -> None:
    ids = await opportunities(town)
    users = {user.name: user for user in await town.target.users()}
    refused = await town.target.close_opportunities(closings(ids), caller=users["Sam Gone"].entra_object_id)
    assert {result.reason for result in refused} == {"caller-disabled"}
    jane = users["Jane Fox"]
    assert all(one.ok for one in await town.target.close_opportunities(closings(ids), caller=jane.entra_object_id))
    made = town.server.org.store("opportunityclose").rows.values()
    assert {row["createdby"] for row in made} == {jane.id}


async def test_one_opportunity_cannot_end_twice_in_one_request(town: Town) -> None:
    (id_,) = await opportunities(town, 1)
    with pytest.raises(Stop):
        await town.target.close_opportunities([Closing(id_, won=True, status=3), Closing(id_, won=False, status=4)])
