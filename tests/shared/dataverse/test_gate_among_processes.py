"""Who waits at Dataverse's gate because other processes ask as the same users."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.dataverse.budget import Allowance
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace, Place
from shared.dataverse.portion import Claim, Peers
from shared.errors import Failure, TryAgain
from tests.shared.dataverse.gates import Clock, through

SMALL = Allowance(seconds=100.0, together=16)
"""Requests of an unknown kind are promised half a second, so three of them are felt."""


async def _many(gate: Gate, count: int) -> list[str]:
    """So many requests that come at once."""
    log: list[str] = []
    await asyncio.gather(*(through(gate, "x", log) for _ in range(count)))
    return log


Among = Callable[[Peers], Claim]
EQUAL = Claim(0.0, wants=1.0)


class Others:
    """Where this process meets the others, as ``met`` tells it."""

    def __init__(self, met: Callable[..., Awaitable[None]], *, leaving: Failure | None = None) -> None:
        self._met, self._leaving = met, leaving
        self.left = 0

    async def meet(self, among: Among, *, within: float) -> None:
        await self._met(among, within=within)

    async def leave(self) -> None:
        self.left += 1
        if self._leaving:
            raise self._leaving


def _give_back(gate: Gate, places: list[Place | float]) -> None:
    """Unused, so that what is used is less than a hundredth again."""
    for place in places:
        assert isinstance(place, Place)
        gate.pace.withdrawn(place, gate.clock())
        gate.leave()


async def test_r106_nobody_goes_before_it_is_known_who_else_asks() -> None:
    asked, answer = [], asyncio.get_running_loop().create_future()

    async def peers(among: Among, *, within: float) -> None:
        asked.append(among(Peers(await answer, joined=not asked)))

    gate = Gate(Pace(SMALL), peers=Others(peers), sleep=Clock().sleep)
    going = [asyncio.ensure_future(gate.enter("x", patience=60)) for _ in range(6)]
    for _ in range(30):
        await asyncio.sleep(0)
    assert (len(asked), gate.pace.portion.peers) == (0, 1)
    assert sum(one.done() for one in going) == 3, "those whom nobody feels yet"
    answer.set_result((EQUAL,))
    assert all(isinstance(place, Place) for place in await asyncio.gather(*going))
    assert gate.pace.portion.peers == 2
    assert asked[0].share == gate.pace.portion.now == 0.5
    gate.close()


async def test_one_that_has_just_come_takes_what_it_claims_soon_after() -> None:
    clock, met = Clock(), []

    async def peers(among: Among, *, within: float) -> None:
        joined = not met
        met.append((clock.now, among(Peers((EQUAL,), joined)).share, gate.pace.portion.now))

    gate = Gate(Pace(SMALL), peers=Others(peers), clock=clock, sleep=clock.sleep)
    going = [asyncio.ensure_future(gate.enter("x", patience=60)) for _ in range(6)]
    for _ in range(30):
        await asyncio.sleep(0)
    (came, claimed, at_first), (took, _, then) = met[:2]
    assert at_first < 0.02 < claimed <= then == 0.5
    assert took - came == pytest.approx(0.3)
    for one in going:
        one.cancel()
    gate.close()


async def test_one_that_asks_little_once_it_has_come_is_not_held_to_the_little_it_came_with() -> None:
    clock, met = Clock(), []

    async def peers(among: Among, *, within: float) -> None:
        among(Peers((), joined=not met))
        met.append(gate.pace.portion.now)

    gate = Gate(Pace(SMALL), peers=Others(peers), clock=clock, sleep=clock.sleep)
    places = [await gate.enter("x", patience=60) for _ in range(3)]
    last = asyncio.ensure_future(gate.enter("x", patience=60))
    await asyncio.sleep(0)
    _give_back(gate, places)
    for _ in range(30):
        await asyncio.sleep(0)
    assert last.done()
    assert met[0] < 0.02
    assert met[1:] == [1.0]
    gate.close()


async def test_one_that_waits_because_of_the_others_meets_them_until_it_need_not() -> None:
    clock, met = Clock(), []

    async def peers(among: Among, *, within: float) -> None:
        among(Peers((Claim(1.0 if len(met) < 5 else 0.2, wants=0.2),), joined=not met))
        met.append(gate.pace.portion.now)

    gate = Gate(Pace(SMALL), peers=Others(peers), clock=clock, sleep=clock.sleep)
    places = [await gate.enter("x", patience=60) for _ in range(3)]
    going = [asyncio.ensure_future(gate.enter("x", patience=60)) for _ in range(2)]
    await asyncio.sleep(0)
    _give_back(gate, places)
    for _ in range(60):
        await asyncio.sleep(0)
    assert max(met[:5]) < 0.02
    assert max(met) == pytest.approx(0.8)
    assert all(one.done() for one in going)
    gate.close()


async def test_a_process_that_asks_little_is_not_counted_and_takes_nothing_from_those_that_load() -> None:
    async def peers(among: Among, *, within: float) -> None:
        raise AssertionError("nobody asked much")

    gate = Gate(peers=Others(peers), sleep=Clock().sleep)
    for _ in range(4):
        await _many(gate, 4)
    gate.close()


@pytest.mark.parametrize("failure", [TryAgain("storage-unavailable", "It did not answer."), LookupError()])
async def test_where_nobody_can_say_who_else_asks_what_was_known_holds_and_nobody_waits(failure: Exception) -> None:
    async def peers(among: Among, *, within: float) -> None:
        raise failure

    gate = Gate(Pace(SMALL), peers=Others(peers), sleep=Clock().sleep)
    assert len(await _many(gate, 30)) == 30
    assert gate.pace.portion.peers == 1
    gate.close()


async def test_the_others_are_met_until_what_was_used_is_off_dataverse_s_account() -> None:
    clock, met = Clock(), []

    async def peers(among: Among, *, within: float) -> None:
        assert within == 30.0, "a tenth of Dataverse's window"
        met.append(clock.now)
        among(Peers((), joined=False))

    gate = Gate(Pace(SMALL), peers=Others(peers), clock=clock, sleep=clock.sleep)
    places = [await gate.enter("x", patience=60) for _ in range(6)]
    for _ in range(10):
        await asyncio.sleep(0)
    for place in places:
        assert isinstance(place, Place)
        gate.pace.answered(place, clock(), "x", server=None)
        gate.leave()
    ended = clock.now
    for _ in range(400):
        await asyncio.sleep(0)
    assert met == [3.0 * number for number in range(len(met))]
    assert ended < met[-1] <= ended + 300.0, "until it is off Dataverse's account"


async def _come(gate: Gate) -> None:
    """As many as are felt, who give their places back unused."""
    _give_back(gate, await asyncio.gather(*(gate.enter("x", patience=60) for _ in range(4))))


@pytest.mark.parametrize("leaving", [None, TryAgain("storage-unavailable", "It did not answer.")])
async def test_one_that_needs_little_leaves_and_is_then_as_one_that_has_not_come(leaving: Failure | None) -> None:
    clock, met, answer = Clock(), list[float](), asyncio.get_running_loop().create_future()

    async def peers(among: Among, *, within: float) -> None:
        if others.left:
            await answer
        among(Peers((Claim(0.5, wants=0.5),), joined=not met))
        met.append(gate.pace.portion.now)

    others = Others(peers, leaving=leaving)
    gate = Gate(Pace(SMALL), peers=others, clock=clock, sleep=clock.sleep)
    await _come(gate)
    for _ in range(30):
        await asyncio.sleep(0)
    assert met[-1] <= 0.5
    assert (others.left, gate.pace.portion.now) == (1, 1.0)
    going = [asyncio.ensure_future(gate.enter("x", patience=60)) for _ in range(6)]
    for _ in range(30):
        await asyncio.sleep(0)
    assert sum(one.done() for one in going) == 3, "those whom nobody feels yet"
    answer.set_result(None)
    assert all(isinstance(place, Place) for place in await asyncio.gather(*going))
    gate.close()


async def test_one_that_was_counted_does_not_leave_before_it_needs_much_less() -> None:
    clock, last = Clock(), list[float]()

    async def peers(among: Among, *, within: float) -> None:
        among(Peers((), joined=False))
        last[:] = [clock.now]

    others = Others(peers)
    gate = Gate(Pace(SMALL), peers=others, clock=clock, sleep=clock.sleep)
    next(iter(gate.pace.books())).charge(0.0, 0.8)  # less than a hundredth, and more than half of that
    await _come(gate)
    for _ in range(400):
        await asyncio.sleep(0)
    assert others.left == 1
    assert 290.0 < last[0] <= 300.2, "until it is off Dataverse's account"
