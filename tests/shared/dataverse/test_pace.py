"""How fast Dataverse is asked, against a modelled server: the limit is used, and nobody is told off."""

from __future__ import annotations

import pytest

from benchmarks.modelled_server import Cost, Life, allowance_of, drive, drive_several
from sandbox.dataverse.limits import Limits
from shared.dataverse.budget import DOCUMENTED, Allowance
from shared.dataverse.pace import Pace, Place

LIMITS = Limits(requests=1200, execution_seconds=240.0, concurrent=52, window_seconds=60.0)
THREE = Limits(requests=1200, execution_seconds=240.0, concurrent=52, window_seconds=60.0, servers=3)


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


def test_r106_processes_that_know_of_one_another_sit_on_the_limit_together() -> None:
    for processes in (2, 4, 8):
        told = drive_several([Life(0.0, 900.0)] * processes, THREE, seconds=900.0, rows=500)
        assert told.used > 0.95, processes
        assert told.punished < 0.01, processes


def test_r106_a_dozen_processes_that_begin_at_once_are_not_too_many_for_one_server() -> None:
    told = drive_several([Life(0.0, 50.0)] * 12, LIMITS, seconds=50.0, rows=1000)
    assert told.refusals == 0
    assert told.used > 0.9


def test_processes_come_and_go_and_little_of_the_limit_is_lost() -> None:
    lives = [Life(0.0, 900.0), Life(100.0, 500.0), Life(150.0, 1800.0), Life(700.0, 1800.0), Life(920.0, 1300.0)]
    told = drive_several(lives, LIMITS, seconds=1800.0, rows=500)
    assert told.used > 0.95
    assert told.punished < 0.05


def test_r106_what_processes_with_little_to_do_leave_is_used_by_the_others() -> None:
    lives = [Life(0.0, 1800.0)] + [Life(0.0, 1800.0, every=20.0)] * 3
    told = drive_several(lives, LIMITS, seconds=1800.0, rows=500)
    assert told.used > 0.95, "in equal parts it would be under a third"
    assert told.punished < 0.01


def test_other_limits_than_the_documented_ones_are_learned_from_the_first_refusal() -> None:
    pace = Pace(DOCUMENTED)
    told = drive(pace, LIMITS, seconds=900.0, rows=500)
    assert (pace.allowance.seconds, pace.allowance.window) == (240.0, 60.0)
    assert told.used > 0.9
