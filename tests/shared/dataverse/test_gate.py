"""Who waits for whom at Dataverse's gate."""

from __future__ import annotations

import asyncio

from shared.dataverse.budget import Allowance
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace, Place
from shared.dataverse.width import Width
from tests.shared.dataverse.gates import Clock, through


async def test_no_more_callers_are_inside_the_gate_than_the_width_allows() -> None:
    gate, most = Gate(Pace(Allowance(together=3))), 0

    async def caller() -> None:
        nonlocal most
        place = await gate.enter("x", patience=60)
        most = max(most, gate.under_way)
        await asyncio.sleep(0)
        gate.pace.answered(place, gate.clock(), "x", server="one")  # type: ignore[arg-type]
        gate.leave()

    await asyncio.gather(*(caller() for _ in range(40)))
    assert 1 <= most <= 24
    assert gate.under_way == 0


async def test_who_stands_behind_the_queue_comes_forward_when_nobody_waits_in_it() -> None:
    gate = Gate(Pace(Allowance(together=1)))
    for book in gate.pace.books():
        book.width = Width(start=1, most=1)
    ready: list[int] = []

    async def writer(number: int) -> None:
        await gate.clear()
        ready.append(number)
        await through(gate, "x", [])

    first = await gate.enter("x", patience=60)
    writers = [asyncio.create_task(writer(number)) for number in range(4)]
    gone = asyncio.create_task(gate.clear())
    await asyncio.sleep(0)
    assert ready == [0], "one is ready, and the others wait behind"
    assert gate.free == 0
    gone.cancel()
    gate.pace.answered(first, gate.clock(), "x", server=None)  # type: ignore[arg-type]
    gate.leave()
    await asyncio.wait_for(asyncio.gather(*writers), 1)
    assert sorted(ready) == [0, 1, 2, 3]


async def test_who_stands_behind_comes_in_though_the_queue_is_never_empty() -> None:
    gate, asked = Gate(Pace(Allowance(together=1))), 0
    for book in gate.pace.books():
        book.width = Width(start=1, most=1)

    async def always() -> None:
        nonlocal asked
        while True:
            asked += 1
            await through(gate, "x", [])

    others = [asyncio.create_task(always()) for _ in range(5)]
    for _ in range(20):
        await asyncio.sleep(0)
    before = asked
    await asyncio.wait_for(gate.clear(), 5)
    assert asked - before < 10
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_who_yields_lets_everybody_pass_who_does_not() -> None:
    clock, log = Clock(), list[str]()
    gate = Gate(Pace(Allowance(together=1)), clock=clock, sleep=clock.sleep)
    for book in gate.pace.books():
        book.width = Width(start=1, most=1)
    reads = [asyncio.create_task(through(gate, "read", log, yields=True)) for _ in range(3)]
    writes = [asyncio.create_task(through(gate, "write", log)) for _ in range(3)]
    await asyncio.gather(*reads, *writes)
    assert log[0] == "read", "it was alone when it came"
    assert log[1:4] == ["write"] * 3


async def test_everybody_waits_at_a_closed_gate_and_a_wait_beyond_patience_is_given_back() -> None:
    clock = Clock()
    gate = Gate(Pace(), clock=clock, sleep=clock.sleep)
    gate.pace.close(0.0, 20.0)
    assert await gate.enter("x", patience=10.0) == 20.0
    assert clock.now == 0.0
    assert isinstance(await gate.enter("x", patience=30.0), Place)
    assert clock.now == 20.0


async def test_our_own_book_is_waited_for_however_long() -> None:
    clock = Clock()
    gate = Gate(Pace(Allowance(seconds=1.0)), clock=clock, sleep=clock.sleep)
    for book in gate.pace.books():
        book.charge(0.0, 1.0)
    assert isinstance(await gate.enter("x", patience=10.0), Place)
    assert 300.0 < clock.now < 301.0


async def test_who_waited_long_for_our_own_book_is_not_sent_away_by_a_short_refusal() -> None:
    clock = Clock()
    gate = Gate(Pace(Allowance(seconds=1.0)), clock=clock, sleep=lambda _: asyncio.sleep(3600))
    for book in gate.pace.books():
        book.charge(0.0, 1.0)
    waiting = asyncio.create_task(gate.enter("x", patience=10.0, user=0))
    await asyncio.sleep(0)
    clock.now = 200.0
    gate.pace.close(200.0, 5.0)
    assert await gate.enter("x", patience=1.0, user=0) == 5.0, "so everybody was looked at"
    assert not waiting.done()
    waiting.cancel()


async def test_whoever_gives_up_waiting_takes_no_place_away() -> None:
    gate = Gate(Pace(Allowance(together=1)))
    for book in gate.pace.books():
        book.width = Width(start=1, most=1)
    first = await gate.enter("x", patience=60)
    waiting = asyncio.create_task(gate.enter("x", patience=60))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.pace.answered(first, gate.clock(), "x", server=None)  # type: ignore[arg-type]
    gate.leave()
    assert isinstance(await asyncio.wait_for(gate.enter("x", patience=60), 1), Place)
