"""How many rows go into one bulk message."""

from __future__ import annotations

import math
import random

import pytest

from shared.dataverse.sizes import BYTES, FIRST, MOST, Size, Sizes, fitting


def _send(size: Size, *, request: float, row: float, messages: int = 60) -> Size:
    for _ in range(messages):
        size.took(size.now, request + row * size.now)
    return size


@pytest.mark.parametrize(
    ("request_seconds", "row_seconds", "least", "most"),
    [
        (0.060, 0.002, 800, MOST),
        (0.500, 0.0001, MOST, MOST),
        (0.001, 0.010, FIRST, 200),
        (0.060, 0.025, FIRST, 250),
    ],
)
def test_a_message_grows_as_long_as_that_makes_rows_cheaper(
    request_seconds: float, row_seconds: float, least: int, most: int
):
    assert least <= _send(Size(), request=request_seconds, row=row_seconds).now <= most


def test_a_message_that_takes_too_long_shrinks_and_never_grows_back():
    size = _send(Size(), request=0.1, row=0.002)
    size.took(size.now, 20.0)
    shrunk = size.now
    assert shrunk < 250
    assert _send(size, request=0.1, row=0.002).now == shrunk


def test_a_message_that_dataverse_refused_for_its_size_is_not_sent_again():
    size = Size()
    size.shrink(100, to=50)
    assert size.now == 50
    size.shrink(200, to=150)
    assert size.now == 50, "an older, larger message says nothing new"


def test_messages_of_other_sizes_say_nothing_about_this_one():
    size = Size()
    for _ in range(20):
        size.took(10, 0.1)
    assert size.now == FIRST


@pytest.mark.parametrize(("now", "left", "messages"), [
    (800, 1000, [1000]), (400, 1000, [500, 500]), (400, 300, [300]), (100, 2500, [100] * 25),
    (800, 2500, [834, 833, 833]), (800, 1300, [650, 650]), (1000, 1, [1]),
])  # fmt: skip
def test_no_small_rest_is_left_for_a_message_of_its_own(now: int, left: int, messages: list[int]):
    size, sent = Size(now=now), []
    while left:
        sent.append(size.part_of(left))
        left -= sent[-1]
    assert sent == messages
    assert max(sent) <= MOST


@pytest.mark.parametrize(("request_seconds", "left", "places", "message"), [
    (0.010, 1000, 4, 250), (0.010, 1000, 1, 1000), (0.010, 1000, 0, 1000), (0.010, 250, 4, 125), (0.010, 150, 4, 150),
    (0.010, 1000, 50, 100), (0.060, 1000, 4, 1000), (0.025, 1000, 4, 250), (0.045, 1000, 4, 500),
])  # fmt: skip
def test_rows_are_spread_over_free_places_where_that_costs_little(
    request_seconds: float, left: int, places: int, message: int
):
    size = _send(Size(), request=request_seconds, row=0.002)
    size.now = size.most
    assert size.part_of(left, places=places) == message


def test_nothing_is_spread_before_it_is_known_what_that_costs():
    assert Size(now=1000).part_of(1000, places=4) == 1000


def test_messages_that_vary_among_themselves_find_the_size_that_pays():
    chance, found = random.Random(5), []
    for _ in range(20):
        size = Size()
        for _ in range(200):
            size.took(size.now, (0.060 + 0.002 * size.now) * math.exp(chance.gauss(0.0, 0.2)))
        found.append(size.now)
    assert sorted(found)[5] >= 500, "overhead is at most 6 % in three of four cases"


def test_no_message_is_larger_than_one_that_was_refused():
    size = Size(now=800)
    size.shrink(1000, to=900)
    assert size.part_of(1000) == 500
    assert size.part_of(900) == 900


def test_each_table_has_a_size_of_its_own():
    sizes = Sizes()
    sizes.of("contact").shrink(100, to=10)
    assert sizes.of("account").now == FIRST


def test_a_message_is_bounded_by_rows_and_by_bytes_and_a_huge_row_goes_alone():
    assert fitting([], rows=3) == 0
    assert fitting([1] * 7, rows=3) == 3
    assert fitting([BYTES // 2 + 1] * 3, rows=100) == 1
    assert fitting([2 * BYTES, 1], rows=100) == 1
    assert fitting([1, 2 * BYTES, 1], rows=100) == 1
