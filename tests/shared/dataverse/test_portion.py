"""How several processes share what their users may."""

from __future__ import annotations

import pytest

from shared.dataverse.portion import Peers, Portion

WINDOW = 300.0


def _told(portion: Portion, now: float, count: int, *, joined: bool = False, ahead: float = 0.0) -> None:
    portion.among(now, Peers(count, joined=joined, ahead=ahead), window=WINDOW)


def test_r106_processes_that_begin_together_have_equal_parts_at_once() -> None:
    for count in (1, 2, 4, 8):
        portion = Portion()
        _told(portion, 10.0, count, joined=True)
        assert portion.at(10.0, window=WINDOW) == pytest.approx(1 / count)


def test_one_that_joins_takes_over_as_fast_as_the_others_past_use_is_forgotten() -> None:
    portion = Portion()
    _told(portion, 1000.0, 2, joined=True, ahead=900.0)
    assert portion.at(1000.0, window=WINDOW) < 0.05
    assert portion.at(1150.0, window=WINDOW) == pytest.approx(0.25)
    assert portion.at(1300.0, window=WINDOW) == pytest.approx(0.5)
    assert portion.at(9000.0, window=WINDOW) == pytest.approx(0.5)


def test_when_one_joins_the_others_have_less_at_once_and_when_one_leaves_more_by_and_by() -> None:
    portion = Portion()
    _told(portion, 0.0, 1, joined=True)
    _told(portion, 500.0, 2)
    assert portion.at(500.0, window=WINDOW) == pytest.approx(0.5)
    _told(portion, 510.0, 2)
    _told(portion, 1000.0, 1)
    assert portion.at(1000.0, window=WINDOW) == pytest.approx(0.5)
    assert portion.at(1150.0, window=WINDOW) == pytest.approx(0.75)
    assert portion.at(1300.0, window=WINDOW) == pytest.approx(1.0)


def test_a_process_that_is_alone_has_nobody_to_blame_a_refusal_on() -> None:
    portion = Portion()
    _told(portion, 0.0, 1, joined=True)
    assert portion.settled(1.0, window=WINDOW)
    assert portion.at(1.0, window=WINDOW) == 1.0


def test_it_has_settled_when_the_number_is_old_news() -> None:
    portion = Portion()
    assert portion.settled(0.0, window=WINDOW), "nobody has told of any change"
    _told(portion, 0.0, 3, joined=True)
    assert not portion.settled(2 * WINDOW, window=WINDOW)
    _told(portion, 2 * WINDOW, 3)
    assert portion.settled(2 * WINDOW + 1, window=WINDOW)
