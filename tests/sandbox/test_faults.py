"""A fault strikes exactly when its schedule says, and the same schedule strikes the same requests again."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.faults import (
    Fault,
    FaultSchedule,
    add_fault_routes,
    faults_middleware,
    load_faults,
    parse_faults,
)

Start = Callable[..., Awaitable[httpx.AsyncClient]]
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


class Shop:
    """A tiny simulator that counts what it has committed."""

    def __init__(self) -> None:
        self.sold = 0
        self.schedule = FaultSchedule()

    async def sell(self, request: web.Request) -> web.Response:
        batch = await request.json()
        self.sold += len(batch) // 2 if request.get("fault") == "half_fail" else len(batch)
        return web.json_response({"sold": self.sold, "padding": "x" * 2000})


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def start(shop: Shop) -> AsyncIterator[Start]:
    opened: list[tuple[TestServer, httpx.AsyncClient]] = []

    async def begin(*faults: Fault) -> httpx.AsyncClient:
        shop.schedule.add(faults)
        app = web.Application(middlewares=[faults_middleware(shop.schedule)])
        app.router.add_post("/sales", shop.sell)
        add_fault_routes(app, shop.schedule)
        server = TestServer(app)
        await server.start_server()
        client = httpx.AsyncClient(base_url=str(server.make_url("/")))
        opened.append((server, client))
        return client

    yield begin
    for server, client in opened:
        await client.aclose()
        await server.close()


async def test_drop_closes_before_anything_is_committed(shop: Shop, start: Start) -> None:
    client = await start(Fault("drop", match="POST /sales", at=(1,)))
    with pytest.raises(BROKEN):
        await client.post("/sales", json=[1, 2])
    assert shop.sold == 0
    assert (await client.post("/sales", json=[1, 2])).json()["sold"] == 2


async def test_drop_after_commits_and_gives_no_answer(shop: Shop, start: Start) -> None:
    client = await start(Fault("drop_after", at=(1,)))
    with pytest.raises(BROKEN):
        await client.post("/sales", json=[1, 2])
    assert shop.sold == 2


@pytest.mark.parametrize(
    ("fault", "status", "code", "headers"),
    [
        (Fault("throttle"), 429, "rate_limited", {"Retry-After": "1"}),
        (Fault("throttle", retry_after=0, code="0x80072322"), 429, "0x80072322", {"Retry-After": "0"}),
        (Fault("throttle", retry_after=1.5), 429, "rate_limited", {"Retry-After": "1.5"}),
        (Fault("error"), 503, "unavailable", {}),
        (Fault("error", status=500, code="boom", retry_after=7), 500, "boom", {"Retry-After": "7"}),
        (Fault("expire"), 401, "unauthorized", {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    ],
)
async def test_refusals_carry_status_code_and_headers(
    shop: Shop, start: Start, fault: Fault, status: int, code: str, headers: dict[str, str]
) -> None:
    client = await start(fault)
    answer = await client.post("/sales", json=[1])
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert {name: answer.headers[name] for name in headers} == headers
    assert shop.sold == 0


async def test_half_fail_is_left_to_the_simulator(shop: Shop, start: Start) -> None:
    client = await start(Fault("half_fail", at=(1,)))
    assert (await client.post("/sales", json=[1, 2, 3, 4])).json()["sold"] == 2


@pytest.mark.parametrize("kind", ["delay", "slow"])
async def test_delay_and_slow_take_their_time_and_change_nothing_else(start: Start, kind: str) -> None:
    client = await start(Fault(kind, seconds=0.2, at=(1,)))
    begun = time.perf_counter()
    answer = await client.post("/sales", json=[1])
    assert time.perf_counter() - begun >= 0.19
    assert answer.json() == {"sold": 1, "padding": "x" * 2000}


async def test_a_delay_adds_to_another_fault(shop: Shop, start: Start) -> None:
    client = await start(Fault("delay", seconds=0.05), Fault("error"))
    assert (await client.post("/sales", json=[1])).status_code == 503
    assert [count["struck"] for count in shop.schedule.counts()] == [1, 1]


def struck(fault: Fault, requests: int) -> list[int]:
    schedule = FaultSchedule([fault])
    return [index for index in range(1, requests + 1) if schedule.strike("GET /a")]


def test_matches_count_from_one() -> None:
    assert struck(Fault("drop", at=(1, 3)), 5) == [1, 3]
    assert struck(Fault("drop", every=2), 5) == [2, 4]
    assert struck(Fault("drop", times=2), 5) == [1, 2]
    assert struck(Fault("drop", match="^POST"), 5) == []


def test_a_rate_is_the_same_chance_every_time() -> None:
    first = struck(Fault("drop", rate=0.2, seed=7), 1000)
    assert first == struck(Fault("drop", rate=0.2, seed=7), 1000)
    assert first != struck(Fault("drop", rate=0.2, seed=8), 1000)
    assert 150 < len(first) < 250


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "explode"}, "unknown fault kind"),
        ({"kind": "drop", "when": 3}, "unknown fault field: when"),
        ({"kind": "drop", "at": [0]}, "from 1"),
        ({"kind": "drop", "every": 2, "rate": 0.5}, "one of"),
        ({"kind": "drop", "rate": 2}, "between 0 and 1"),
        ({"kind": "drop", "match": "("}, "regular expression"),
        ({}, "not a fault"),
        ("drop", "must be an object"),
    ],
)
def test_a_doubtful_fault_is_refused_by_name(document: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_faults(document)


async def test_a_schedule_is_added_shown_and_removed_over_http(shop: Shop, start: Start) -> None:
    client = await start()
    fault = {"kind": "error", "match": "POST /sales", "at": [1]}
    assert (await client.post("/sandbox/faults", json={"faults": [fault]})).status_code == 200
    assert (await client.post("/sales", json=[1])).status_code == 503
    assert (await client.post("/sales", json=[1])).status_code == 200
    shown = (await client.get("/sandbox/faults")).json()
    assert shown == {"faults": [{**fault, "matched": 2, "struck": 1}]}
    assert (await client.delete("/sandbox/faults")).json() == {"faults": []}
    assert (await client.post("/sandbox/faults", json={"kind": "explode"})).status_code == 400


def test_a_schedule_is_read_from_a_file(tmp_path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"kind": "drop", "at": [1]}, {"kind": "delay", "seconds": 2}]))
    assert [count["kind"] for count in load_faults(path).counts()] == ["drop", "delay"]
    assert load_faults(None).counts() == []


async def test_n11_a_reset_breaks_the_connection_amid_an_answer_that_was_committed(shop: Shop, start: Start) -> None:
    client = await start(Fault("reset", at=(1,)))
    async with client.stream("POST", "/sales", json=[1, 2]) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadError):
            await answer.aread()
    assert shop.sold == 2
    assert (await client.post("/sales", json=[1])).json()["sold"] == 3


async def test_n11_a_stall_keeps_a_reader_waiting_for_the_second_half(shop: Shop, start: Start) -> None:
    client = await start(Fault("stall", seconds=30, at=(1,)))
    async with client.stream("POST", "/sales", json=[1], timeout=0.3) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            await answer.aread()
    assert shop.sold == 1


async def test_a_stall_ends_in_a_reset(start: Start) -> None:
    client = await start(Fault("stall", seconds=0.1, at=(1,)))
    with pytest.raises(BROKEN):
        await client.post("/sales", json=[1])


def test_n11_a_storm_strikes_many_in_a_row() -> None:
    assert struck(Fault("throttle", every=5, in_a_row=3), 12) == [5, 6, 7, 10, 11, 12]
    assert struck(Fault("throttle", at=(2,), in_a_row=3, times=2), 12) == [2, 3]
    with pytest.raises(ValueError, match="in_a_row"):
        Fault("drop", in_a_row=0)
