"""Who else is there, against a real table service."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.dataverse.portion import Claim, Peers
from shared.errors import TryAgain
from shared.peers import store
from shared.peers.store import TABLE, Presence

USERS = ("one", "two")
CLAIM = Claim(0.25, wants=0.5, spent=(0.1, 0.05))


@pytest.fixture
def environment() -> str:
    return f"https://{uuid.uuid4().hex}.crm6.dynamics.com"


async def _meet(one: Presence, claim: Claim = CLAIM, *, within: float = 30.0) -> Peers:
    """What it reads of the others; it tells them that claim."""
    met: list[Peers] = []

    def among(peers: Peers) -> Claim:
        met.append(peers)
        return claim

    await one.meet(among, within=within)
    return met[0]


async def test_r106_processes_that_ask_the_same_environment_as_the_same_users_read_one_another_s_claims(
    service: TableServiceClient, environment: str
) -> None:
    first, second = (Presence(service, environment, USERS) for _ in range(2))
    assert await _meet(first) == Peers((), joined=True)
    assert await _meet(second) == Peers((CLAIM,), joined=True)
    assert await _meet(first) == Peers((CLAIM,), joined=False)


async def test_of_two_that_come_at_once_each_sees_the_other(service: TableServiceClient, environment: str) -> None:
    several = [Presence(service, environment, USERS) for _ in range(6)]
    met = await asyncio.gather(*map(_meet, several))
    for number, peers in enumerate(met):
        for other in met[number + 1 :]:
            assert len(peers.others) + len(other.others) > 0
    assert all(len(peers.others) == 5 for peers in await asyncio.gather(*map(_meet, several)))


async def test_processes_that_share_no_limit_do_not_meet(service: TableServiceClient, environment: str) -> None:
    await _meet(Presence(service, environment, USERS))
    assert not (await _meet(Presence(service, environment, ("another",)))).others
    assert not (await _meet(Presence(service, environment + ".au", USERS))).others


async def test_one_that_does_not_ask_any_more_is_silent_and_joins_anew_when_it_does(
    service: TableServiceClient, environment: str
) -> None:
    gone, here = (Presence(service, environment, USERS) for _ in range(2))
    await _meet(gone)
    await _meet(here)
    (other,) = (await _meet(here, within=0.0)).others
    assert other.silent > 0.0
    assert (await _meet(gone, within=0.0)).joined


async def test_one_that_leaves_claims_nothing_and_joins_anew_when_it_asks_again(
    service: TableServiceClient, environment: str
) -> None:
    leaver, here = (Presence(service, environment, USERS) for _ in range(2))
    await _meet(leaver)
    await leaver.leave()
    await leaver.leave()
    assert await _meet(here) == Peers((), joined=True)
    assert (await _meet(leaver)).joined


async def test_the_rows_of_long_ago_are_swept(
    service: TableServiceClient, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _meet(Presence(service, environment, USERS))
    monkeypatch.setattr(store, "_SWEPT", 0.0)
    here = Presence(service, environment, USERS)
    await _meet(here)
    whom = here._whom
    rows = [row async for row in service.get_table_client(TABLE).query_entities(f"PartitionKey eq '{whom}'")]
    assert len(rows) == 1


async def test_a_storage_that_does_not_answer_is_a_reason_to_try_again(environment: str) -> None:
    nobody = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    async with TableServiceClient.from_connection_string(nobody, retry_total=0) as service:
        here = Presence(service, environment, USERS)
        for asked in (_meet(here), here.leave()):
            with pytest.raises(TryAgain):
                await asked
