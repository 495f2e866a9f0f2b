"""How many requests go at once, by what their answers take."""

from __future__ import annotations

import math
import random

import pytest

from shared.dataverse.width import Width, guess


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


def test_what_a_larger_message_takes_is_guessed_by_the_nearest_one() -> None:
    """A message of ten rows is mostly overhead: a hundred times that would promise the whole budget to a few."""
    assert guess({"create/7": 0.3, "create/18": 1.0, "delete/20": 9.0}, "create/20") == pytest.approx(2.0)
    assert guess({"create/7": 0.3}, "update/7") is None
