"""How fast Dataverse is asked: the books, the width, the choice of a server, and who waits for whom."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from benchmarks.modelled_server import Cost, allowance_of, drive
from sandbox.dataverse.limits import Limits
from shared.dataverse.budget import DOCUMENTED, Allowance, Budget
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace, Place
from shared.dataverse.width import Width, guess

LIMITS = Limits(requests=1200, execution_seconds=240.0, concurrent=52, window_seconds=60.0)
THREE = Limits(requests=1200, execution_seconds=240.0, concurrent=52, window_seconds=60.0, servers=3)


# A budget


def test_r106_a_book_says_when_the_window_frees_what_was_spent() -> None:
    book = Budget(Allowance(requests=10, seconds=4.0, window=60.0, together=52))
    for _ in range(2):
        assert book.wait(0.0, 2.0) == 0.0
        book.begin(0.0, 2.0)
    assert book.wait(0.0, 2.0) == math.inf, "only the end of one under way can make room"
    book.end(1.0, 2.0, 2.0)
    book.end(2.0, 2.0, 2.0)
    assert 58.9 < book.wait(2.0, 2.0) < 59.2, "the first leaves the window a minute after its end"
    assert book.wait(61.2, 2.0) == 0.0


def test_r106_no_more_requests_begin_in_a_window_than_are_allowed() -> None:
    book = Budget(Allowance(requests=3, seconds=100.0, window=60.0, together=52))
    for now in (0.0, 10.0, 20.0):
        assert book.wait(now, 0.1) == 0.0
        book.begin(now, 0.1)
        book.end(now + 0.1, 0.1, 0.1)
    assert 39.0 < book.wait(21.0, 0.1) < 39.2


def test_what_is_larger_than_the_whole_allowance_goes_alone_and_not_never() -> None:
    book = Budget(Allowance(requests=10, seconds=1.0, window=60.0, together=52))
    assert book.wait(0.0, 5.0) == 0.0
    book.begin(0.0, 5.0)
    book.end(5.0, 5.0, 5.0)
    assert 60.0 < book.wait(5.0, 5.0) < 60.2


def test_a_refusal_before_the_limit_is_a_sign_of_others_and_what_is_ours_comes_back_slowly() -> None:
    book = Budget(DOCUMENTED)
    book.charge(0.0, 600.0)
    book.refused(1.0, 10.0, together=False)
    assert 0.45 < book.share < 0.5
    assert book.wait(2.0, 1.0) == 9.0
    book.wait(311.0, 1.0)
    assert 0.5 < book.share < 0.55


def test_a_burst_of_refusals_halves_the_width_once_and_keeps_the_longest_wait() -> None:
    book = Budget(DOCUMENTED)
    book.refused(100.0, 10.0, together=True)
    book.refused(101.0, 30.0, together=True)
    assert book.width.allowed() == 4
    assert book.wait(101.0, 0.1) == 30.0
    assert book.punished == pytest.approx(31.0)
    book.refused(140.0, 1.0, together=True)
    assert book.width.allowed() == 2


# A width


def test_the_width_doubles_each_round_until_answers_get_slower() -> None:
    width = Width(start=8, most=52)
    for _ in range(7 + 8 + 16):
        width.answered("create", 0.1, filled=0.6)
    assert width.allowed() == 32, "the first seven said nothing yet"
    for _ in range(200):
        width.answered("create", 0.2, filled=1.0)
    assert width.allowed() < 32


def test_r106_the_width_never_passes_dataverse_s_own_limit_and_begins_at_its_hint() -> None:
    width = Width(start=8, most=52)
    width.hinted(20)
    assert width.allowed() == 20
    for _ in range(500):
        width.answered("create", 0.1, filled=1.0)
    assert width.allowed() == 52
    width.hinted(4)
    assert width.allowed() == 52, "what answers take says more than a second hint"


def test_a_width_that_is_not_used_up_does_not_grow() -> None:
    width = Width(start=8, most=52)
    for _ in range(100):
        width.answered("create", 0.1, filled=0.4)
    assert width.allowed() == 8


def test_once_answers_got_slower_only_a_width_that_is_used_up_grows() -> None:
    width = Width(start=8, most=52)
    width.halve()
    for _ in range(100):
        width.answered("create", 0.1, filled=0.9)
    assert width.allowed() == 4
    for _ in range(100):
        width.answered("create", 0.1, filled=1.0)
    assert width.allowed() > 8


def test_r106_messages_that_vary_among_themselves_do_not_make_the_width_narrow() -> None:
    chance, width = random.Random(7), Width(start=52, most=52, least=5)
    for _ in range(3000):
        width.answered("create", 2.0 * math.exp(chance.gauss(0.0, 0.3)), filled=1.0)
    assert width.allowed() > 40


def test_slow_answers_do_not_make_the_width_so_narrow_that_the_budget_could_not_be_used() -> None:
    width = Width(start=52, most=52, least=5)
    for _ in range(50):
        width.answered("create", 1.0, filled=1.0)
    for _ in range(1000):
        width.answered("create", 9.0, filled=1.0)
    assert width.allowed() == 5


def test_where_execution_time_is_what_binds_less_of_it_may_be_spent_in_a_queue() -> None:
    free, scarce = Width(start=52, most=52), Width(start=52, most=52)
    for width in (free, scarce):
        for _ in range(30):
            width.answered("create", 1.0, filled=1.0, scarce=width is scarce)
        for _ in range(60):
            width.answered("create", 1.3, filled=1.0, scarce=width is scarce)
    assert free.allowed() == 52
    assert scarce.allowed() < 50


def test_one_request_may_always_be_under_way() -> None:
    width = Width(start=2, most=52)
    for _ in range(10):
        width.halve()
    assert width.allowed() == 1


# The pace against a modelled server


@pytest.mark.parametrize(("limits", "users"), [(LIMITS, 1), (THREE, 1), (THREE, 2)])
@pytest.mark.parametrize("rows", [100, 1000])
def test_the_pace_sits_on_the_limit_without_being_told_off(limits: Limits, users: int, rows: int) -> None:
    told = drive(Pace(allowance_of(limits), users=users), limits, seconds=600.0, rows=rows)
    assert told.used > 0.95
    assert told.punished < 0.01


@pytest.mark.parametrize("varies", [0.3, 0.6])
def test_r106_the_limit_is_used_though_no_two_messages_take_the_same_time(varies: float) -> None:
    cost = Cost(varies=varies)
    told = drive(Pace(allowance_of(THREE), users=2), THREE, seconds=1800.0, rows=1000, cost=cost)
    assert told.used > 0.95
    assert told.punished < 0.01


def test_a_burst_begins_as_wide_as_dataverse_hints_at_and_no_handover_makes_it_wider() -> None:
    pace = Pace(allowance_of(LIMITS))
    first = pace.place(0.0, "x/0")
    assert isinstance(first, Place)
    pace.answered(first, 0.1, "x/0", server="a", hint=52)
    looking = [place for _ in range(60) if isinstance(place := pace.place(0.2, "x/0"), Place)]
    assert len(looking) == 52
    for place in looking[:20]:  # from the sixth on, the server is known to be the only one
        pace.answered(place, 0.4, "x/0", server="a")
    under_way = 52 - 20
    while isinstance(pace.place(0.5, "x/0"), Place):
        under_way += 1
    assert under_way == 52


def test_places_are_free_until_execution_time_binds() -> None:
    pace = Pace(Allowance(requests=100, seconds=4.0, window=60.0, together=52))
    assert pace.free(0.0) == 8
    held = pace.place(0.0, "x/0")
    assert isinstance(held, Place)
    assert pace.free(0.0) == 7
    pace.answered(held, 3.9, "x/0", server=None)
    assert not isinstance(pace.place(4.0, "x/0"), Place)
    assert pace.free(4.0) == 0


def test_a_message_larger_than_any_before_is_promised_as_much_more_time() -> None:
    pace = Pace()
    small = pace.place(0.0, "create contact/13")
    assert isinstance(small, Place)
    pace.answered(small, 1.0, "create contact/13", server="a")
    large = pace.place(2.0, "create contact/17")
    assert isinstance(large, Place)
    assert large.seconds == pytest.approx(4.0)


def test_what_a_larger_message_takes_is_guessed_by_the_nearest_one() -> None:
    """A message of ten rows is mostly overhead: a hundred times that would promise the whole budget to a few."""
    assert guess({"create/7": 0.3, "create/18": 1.0, "delete/20": 9.0}, "create/20") == pytest.approx(2.0)
    assert guess({"create/7": 0.3}, "update/7") is None


def test_the_servers_are_found_by_their_answers_and_each_is_used_up() -> None:
    pace = Pace(allowance_of(THREE))
    drive(pace, THREE, seconds=60.0, rows=100)
    assert pace.servers == 3


def test_a_server_more_is_found_later_and_one_that_left_is_let_go() -> None:
    pace = Pace(allowance_of(LIMITS))
    drive(pace, LIMITS, seconds=60.0, rows=100)
    assert pace.servers == 1
    place = next(place for place in (pace.place(200.0, "x") for _ in range(100)) if isinstance(place, Place))
    pace.answered(place, 200.1, "x", server="7")
    assert pace.servers == 2
    named = place
    while not named.server:
        named = next(place for place in (pace.place(201.0, "x") for _ in range(100)) if isinstance(place, Place))
        if not named.server:
            pace.answered(named, 201.1, "x", server="7")
    pace.answered(named, 201.1, "x", server="9")
    assert pace.servers == 2, "one is new, and the one that was asked has left"


def test_where_nobody_tells_the_servers_apart_the_pace_feels_its_way_beyond_one_server_s_limit() -> None:
    told = drive(Pace(allowance_of(THREE)), THREE, seconds=1800.0, rows=100, names_servers=False)
    assert told.used > 0.5, "one of three is a third"
    assert told.punished < 0.1


def test_somebody_else_s_use_of_the_same_user_is_felt_and_made_room_for() -> None:
    told = drive(Pace(allowance_of(LIMITS)), LIMITS, seconds=1200.0, rows=100, others=0.4)
    assert told.used > 0.9
    assert told.punished < 0.25


def test_execution_time_is_not_wasted_on_a_server_that_more_requests_make_slower() -> None:
    calm = drive(Pace(allowance_of(LIMITS)), LIMITS, seconds=1200.0, rows=100, cost=Cost())
    slow = drive(Pace(allowance_of(LIMITS)), LIMITS, seconds=1200.0, rows=100, cost=Cost(slows_at=10))
    assert slow.rows > 0.75 * calm.rows


# The gate


class Clock:
    """Moved by whoever sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def _through(gate: Gate, like: str, log: list[str], **more: bool) -> None:
    place = await gate.enter(like, patience=60, **more)
    assert isinstance(place, Place)
    log.append(like)
    await asyncio.sleep(0)
    gate.pace.answered(place, gate.clock(), like, server=None)
    gate.leave()


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
        await _through(gate, "x", [])

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
            await _through(gate, "x", [])

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
    reads = [asyncio.create_task(_through(gate, "read", log, yields=True)) for _ in range(3)]
    writes = [asyncio.create_task(_through(gate, "write", log)) for _ in range(3)]
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
