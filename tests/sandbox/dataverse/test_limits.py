"""Service protection on a clock of our own, then over HTTP: windows per user and server, growing waits, headers."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import pytest

from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.limits import DOCUMENTED, OFF, Limits, Protection, load_limits


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_requests_are_counted_in_a_window_that_slides():
    time = Time()
    protection = Protection(Limits(requests=2, window_seconds=10), time)
    for _ in range(2):
        protection.leave(protection.enter("a", 0))
        time.now += 4
    with pytest.raises(DataverseError) as caught:
        protection.enter("a", 0)
    assert (caught.value.code, caught.value.headers) == ("0x80072322", {"Retry-After": "2"})
    time.now += 2
    protection.enter("a", 0)


def test_each_user_on_each_server_has_a_window_of_their_own():
    protection = Protection(Limits(requests=1), Time())
    for user, server in (("a", 0), ("a", 1), ("b", 0)):
        protection.enter(user, server)
    with pytest.raises(DataverseError):
        protection.enter("a", 1)


def test_the_wait_grows_for_a_client_that_keeps_knocking():
    protection = Protection(Limits(requests=1, window_seconds=100), Time())
    protection.enter("a", 0)
    waits = []
    for _ in range(3):
        with pytest.raises(DataverseError) as caught:
            protection.enter("a", 0)
        waits.append(int(caught.value.headers["Retry-After"]))
    assert waits == sorted(set(waits))
    assert protection.refusals == 3


def test_execution_time_is_summed_when_a_request_ends():
    time = Time()
    protection = Protection(Limits(execution_seconds=5, window_seconds=60), time)
    admission = protection.enter("a", 0)
    time.now += 6
    protection.leave(admission)
    with pytest.raises(DataverseError, match=r"exceeded limit of 5,000 milliseconds over time window of 60 seconds"):
        protection.enter("a", 0)
    time.now += 60
    protection.enter("a", 0)


def test_concurrent_requests_are_those_not_ended():
    protection = Protection(Limits(concurrent=1), Time())
    admission = protection.enter("a", 0)
    with pytest.raises(DataverseError, match="Number of concurrent requests exceeded the limit of 1"):
        protection.enter("a", 0)
    protection.leave(admission)
    protection.enter("a", 0)


def test_modelled_time_counts_as_soon_as_it_is_known():
    time = Time()
    protection = Protection(Limits(execution_seconds=5, window_seconds=60), time)
    under_way = protection.enter("a", 0)
    time.now += 0.5
    assert protection.charge(under_way, 6.0) == pytest.approx(5.5), "half a second of it has gone by"
    with pytest.raises(DataverseError, match="Combined execution time"):
        protection.enter("a", 0)
    time.now += 9.5
    protection.leave(under_way)
    time.now += 51
    protection.enter("a", 0)  # charged once, with its modelled time, and not again with what the clock says


def test_a_door_is_shut_from_the_first_refusal_until_somebody_is_let_in_again():
    time = Time()
    protection = Protection(Limits(concurrent=1), time)
    admission = protection.enter("a", 0)
    for _ in range(3):
        with pytest.raises(DataverseError):
            protection.enter("a", 0)
        time.now += 2
    assert protection.shut_seconds == 6
    protection.leave(admission)
    time.now += 1
    protection.enter("b", 0)
    protection.enter("a", 0)
    time.now += 10
    assert (protection.shut_seconds, protection.doors) == (7, 2)


def test_a_request_of_many_rows_costs_more():
    assert Limits(per_request_ms=60, per_row_ms=2).cost(200) == pytest.approx(0.46)


def test_limits_come_from_a_name_or_a_file(tmp_path):
    assert (load_limits("off"), load_limits("documented")) == (OFF, DOCUMENTED)
    assert (DOCUMENTED.requests, DOCUMENTED.execution_seconds, DOCUMENTED.concurrent) == (6000, 1200.0, 52)
    path = tmp_path / "limits.json"
    path.write_text(json.dumps({"requests": 10, "servers": 3}))
    assert load_limits(str(path)) == Limits(requests=10, servers=3)
    path.write_text(json.dumps({"request": 10}))
    with pytest.raises(ValueError, match="unknown limits: request"):
        load_limits(str(path))
    path.write_text(json.dumps({"spread": "evenly"}))
    with pytest.raises(ValueError, match="spread is chance or turns"):
        load_limits(str(path))


async def test_the_answer_says_how_long_and_what_is_left(start, error):
    api = await start(limits=Limits(requests=2, execution_seconds=100, dop_hint=4))
    first = await api.get("WhoAmI")
    assert first.headers["x-ms-dop-hint"] == "4"
    assert first.headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "1"
    assert "x-ms-ratelimit-time-remaining-xrm-requests" in first.headers
    await api.get("WhoAmI")
    refused = await api.get("WhoAmI")
    assert error(refused) == (429, "0x80072322")
    assert int(refused.headers["Retry-After"]) >= 1
    stats = (await api.http.get(f"{api.url}/sandbox/stats")).json()
    assert (stats["throttled"], stats["requests"]["GET WhoAmI"]) == (1, 3)


async def test_a_client_without_cookies_is_spread_over_the_servers(start):
    api = await start(limits=Limits(requests=1000, servers=3))
    seen = set()
    for _ in range(30):
        api.http.cookies.clear()
        seen.add((await api.get("WhoAmI")).cookies["ARRAffinity"])
    assert seen == {"server0", "server1", "server2"}
    pinned = [(await api.get("WhoAmI")).headers["x-ms-ratelimit-burst-remaining-xrm-requests"] for _ in range(3)]
    assert pinned == sorted(pinned, key=int, reverse=True)


async def test_by_turns_each_user_meets_all_servers_alike(start):
    api = await start(limits=Limits(requests=1000, servers=3, spread="turns"))
    met: dict[int, list[str]] = {1: [], 2: []}
    for number in range(18):
        api.http.cookies.clear()
        user = number % 2 + 1
        met[user].append((await api.http.get("WhoAmI", headers=application(user))).cookies["ARRAffinity"])
    assert [sorted(met[user].count(f"server{n}") for n in range(3)) for user in met] == [[3, 3, 3], [3, 3, 3]]


def application(number: int) -> dict[str, str]:
    """What an application sends to say who it is."""
    appid = f"{number}0000000-0000-4000-a000-000000000001"
    claims = base64.urlsafe_b64encode(json.dumps({"appid": appid}).encode()).decode().rstrip("=")
    return {"Authorization": f"Bearer e30.{claims}.x"}


async def test_applications_have_budgets_of_their_own(start):
    api = await start(limits=Limits(requests=1))
    one, two = application(1), application(2)
    answers = [await api.http.get("WhoAmI", headers=headers) for headers in (one, two, one)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_simulated_server_time_fills_the_concurrency(start):
    api = await start(limits=Limits(concurrent=2, per_request_ms=200))
    answers = await asyncio.gather(*(api.get("WhoAmI") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]


async def test_a_request_takes_its_modelled_time_and_its_user_pays_for_just_that(start):
    api = await start(limits=Limits(per_request_ms=150, execution_seconds=10))
    began = time.monotonic()
    answer = await api.get("WhoAmI")
    assert time.monotonic() - began >= 0.149
    assert answer.headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "9.85"
