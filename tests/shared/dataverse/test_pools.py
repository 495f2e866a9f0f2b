"""Pools of connections: no more of them than are needed, and none of them too large."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest

from shared.dataverse import pools
from shared.dataverse.pools import FULL, Pools, connect


@dataclass
class Opened:
    """The clients that pools open. They ask nobody, and are answered when that is said."""

    clients: list[httpx.AsyncClient] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def one(self) -> httpx.AsyncClient:
        self.clients.append(connect(transport=httpx.MockTransport(self._answer)))
        return self.clients[-1]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await self.answered.wait()
        return httpx.Response(200, headers={"Set-Cookie": "ARRAffinity=one; Path=/"})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr(pools, "connect", found.one)
    return found


async def _ask(some: Pools, count: int) -> list[asyncio.Task[httpx.Response]]:
    asking = [asyncio.create_task(some.request("GET", "https://org.example/")) for _ in range(count)]
    await asyncio.sleep(0)
    return asking


async def test_a_pool_more_is_opened_only_when_the_others_are_full(opened: Opened) -> None:
    some = Pools()
    asking = await _ask(some, FULL)
    assert len(opened.clients) == 1
    asking += await _ask(some, 1)
    assert len(opened.clients) == 2
    opened.answered.set()
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {200}
    await asyncio.gather(*await _ask(some, FULL))
    assert len(opened.clients) == 2, "there is room in the first again"
    await some.close()
    assert all(client.is_closed for client in opened.clients)


async def test_who_gives_up_leaves_room(opened: Opened) -> None:
    some = Pools()
    for asking in await _ask(some, FULL):
        asking.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    last = await _ask(some, FULL)
    assert len(opened.clients) == 1
    opened.answered.set()
    await asyncio.gather(*last)
    assert not opened.clients[0].cookies, "a kept cookie would pin all load to one server"
    await some.close()


async def test_all_goes_by_the_pool_that_was_given_and_it_stays_open(opened: Opened) -> None:
    given = connect(transport=httpx.MockTransport(lambda _: httpx.Response(204)))
    some = Pools(given)
    assert [(await asking).status_code for asking in await _ask(some, FULL + 1)] == [204] * (FULL + 1)
    await some.close()
    assert not given.is_closed
    assert not opened.clients
    await given.aclose()
