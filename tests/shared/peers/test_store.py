"""Who else is there, against a real table service."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.errors import TryAgain
from shared.peers import store
from shared.peers.store import TABLE, Presence

USERS = ("one", "two")


@pytest.fixture
def environment() -> str:
    return f"https://{uuid.uuid4().hex}.crm6.dynamics.com"


async def test_r106_processes_that_ask_the_same_environment_as_the_same_users_count_one_another(
    service: TableServiceClient, environment: str
) -> None:
    first, second = (Presence(service, environment, USERS) for _ in range(2))
    alone = await first.renew(within=30.0)
    assert (alone.count, alone.joined, alone.ahead) == (1, True, 0.0)
    later = await second.renew(within=30.0)
    assert (later.count, later.joined) == (2, True)
    assert later.ahead > 0.0, "the first was there before"
    again = await first.renew(within=30.0)
    assert (again.count, again.joined, again.ahead) == (2, False, 0.0)


async def test_processes_that_share_no_limit_do_not_count(service: TableServiceClient, environment: str) -> None:
    await Presence(service, environment, USERS).renew(within=30.0)
    assert (await Presence(service, environment, ("another",)).renew(within=30.0)).count == 1
    assert (await Presence(service, environment + ".au", USERS).renew(within=30.0)).count == 1


async def test_one_that_does_not_ask_any_more_is_not_counted_and_joins_anew_when_it_does(
    service: TableServiceClient, environment: str
) -> None:
    gone, here = (Presence(service, environment, USERS) for _ in range(2))
    await gone.renew(within=30.0)
    await here.renew(within=30.0)
    assert (await here.renew(within=0.0)).count == 1
    assert (await gone.renew(within=0.0)).joined


async def test_the_rows_of_long_ago_are_swept(
    service: TableServiceClient, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Presence(service, environment, USERS).renew(within=30.0)
    monkeypatch.setattr(store, "_SWEPT", timedelta(0))
    here = Presence(service, environment, USERS)
    await here.renew(within=30.0)
    whom = here._whom
    rows = [row async for row in service.get_table_client(TABLE).query_entities(f"PartitionKey eq '{whom}'")]
    assert len(rows) == 1


async def test_a_storage_that_does_not_answer_is_a_reason_to_try_again(environment: str) -> None:
    nobody = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    async with TableServiceClient.from_connection_string(nobody, retry_total=0) as service:
        with pytest.raises(TryAgain):
            await Presence(service, environment, USERS).renew(within=30.0)
