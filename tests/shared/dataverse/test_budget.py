"""The book of what one user may still ask of one web server."""

from __future__ import annotations

import math

import pytest

from shared.dataverse.budget import DOCUMENTED, Allowance, Budget
from shared.dataverse.portion import Claim, Peers, Portion


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
    assert 0.45 < book.share <= 0.5
    assert book.wait(2.0, 1.0) == 9.0
    book.wait(311.0, 1.0)
    assert 0.5 < book.share < 0.56


def test_a_burst_of_refusals_halves_the_width_once_and_keeps_the_longest_wait() -> None:
    book = Budget(DOCUMENTED)
    book.refused(100.0, 10.0, together=True)
    book.refused(101.0, 30.0, together=True)
    assert book.width.allowed() == 4
    assert book.wait(101.0, 0.1) == 30.0
    assert book.punished == pytest.approx(31.0)
    book.refused(140.0, 1.0, together=True)
    assert book.width.allowed() == 2


def test_after_a_refusal_the_requests_come_back_one_two_four_at_a_time() -> None:
    book = Budget(DOCUMENTED)
    book.refused(0.0, 10.0, together=False)
    assert book.wait(5.0, 1.0) == 5.0
    for at_once in (1, 2, 4):
        for _ in range(at_once):
            assert book.wait(10.0, 1.0) == 0.0
            book.begin(10.0, 1.0)
        assert book.wait(10.0, 1.0) == math.inf, at_once
        for _ in range(at_once):
            book.end(11.0, 1.0, 1.0)


def test_a_refusal_while_processes_come_or_go_says_nothing_about_strangers() -> None:
    portion = Portion()
    book = Budget(DOCUMENTED, portion=portion)
    portion.among(0.0, Peers((Claim(0.0, wants=1.0),), joined=True), used=0.0, hungry=True, window=300.0)
    book.refused(10.0, 10.0, together=False)
    assert book.share == 1.0
    book.refused(900.0, 10.0, together=False)
    assert book.share == 0.5, "and a single one never takes more than half"
