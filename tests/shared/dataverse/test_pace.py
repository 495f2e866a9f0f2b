"""How many requests may be under way."""

from __future__ import annotations

import asyncio

from shared.dataverse.pace import CEILING, Gate, Pace


def test_the_pace_grows_by_about_one_for_each_round_that_goes_well() -> None:
    pace = Pace(start=8)
    for _ in range(8):
        pace.succeeded()
    assert 8.9 < pace.limit < 9.1


def test_r106_the_pace_never_passes_dataverses_own_limit_nor_its_hint() -> None:
    pace = Pace(start=8)
    for _ in range(5_000):
        pace.succeeded()
    assert pace.allowed() == CEILING
    pace.succeeded(hint=10)
    assert pace.allowed() == 10


def test_a_burst_of_refusals_halves_the_pace_once_and_keeps_the_longest_wait() -> None:
    pace = Pace(start=16)
    pace.throttled(now=100.0, wait=10.0)
    pace.throttled(now=101.0, wait=30.0)
    assert pace.allowed() == 8
    assert pace.wait(101.0) == 30.0
    pace.throttled(now=140.0, wait=1.0)
    assert pace.allowed() == 4


def test_one_request_may_always_be_under_way() -> None:
    pace = Pace(start=2)
    for now in range(0, 1000, 100):
        pace.throttled(now=now, wait=1.0)
    assert pace.allowed() == 1


async def test_no_more_callers_are_inside_the_gate_than_the_pace_allows() -> None:
    gate = Gate(Pace(start=3))
    most = 0

    async def caller() -> None:
        nonlocal most
        await gate.enter(patience=60)
        most = max(most, gate.under_way)
        await asyncio.sleep(0)
        await gate.leave()

    await asyncio.gather(*(caller() for _ in range(20)))
    assert most == 3
    assert gate.under_way == 0


async def test_everybody_waits_at_a_closed_gate_and_a_wait_beyond_patience_is_given_back() -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    gate = Gate(Pace(), clock=lambda: now, sleep=sleep)
    gate.pace.throttled(now, 20.0)
    assert await gate.enter(patience=10.0) == 20.0
    assert now == 0.0
    assert await gate.enter(patience=30.0) == 0.0
    assert now == 20.0
