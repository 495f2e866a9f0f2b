"""How several processes share what their users may."""

from __future__ import annotations

import pytest

from shared.dataverse.portion import Claim, Peers, Portion

WINDOW = 300.0
ALL = Claim(1.0, wants=1.0)


def _meet(
    portion: Portion, *others: Claim, now: float = 0.0, used: float = 0.0, hungry: bool = True, joined: bool = False
) -> float:
    portion.among(now, Peers(others, joined), used=used, hungry=hungry, window=WINDOW)
    return portion.now


def test_one_that_is_alone_has_everything_as_soon_as_nobody_else_has_claimed_it() -> None:
    portion = Portion()
    assert _meet(portion, joined=True, used=0.01) == 0.01
    assert portion.claimed == 1.0
    assert _meet(portion) == 1.0


@pytest.mark.parametrize("count", [2, 4, 8])
def test_r106_processes_that_begin_together_soon_have_equal_parts(count: int) -> None:
    portions = [Portion() for _ in range(count)]
    claims = [Claim(0.0, wants=1.0)] * count
    for joined in (True, False):
        for number, portion in enumerate(portions):
            _meet(portion, *claims[:number], *claims[number + 1 :], joined=joined)
            claims[number] = Claim(portion.claimed, portion.wants(0.0, hungry=True))
    assert sum(portion.now for portion in portions) == pytest.approx(1.0)
    assert max(portion.now for portion in portions) == pytest.approx(1 / count, abs=0.01)


def test_of_two_that_claim_the_same_neither_takes_it_before_the_other_has_read_it() -> None:
    portion = Portion()
    _meet(portion, Claim(0.0, wants=1.0), joined=True)
    assert portion.now == pytest.approx(0.0, abs=0.01)
    assert portion.claimed == pytest.approx(0.5, abs=0.01)
    assert _meet(portion, Claim(0.8, wants=1.0)) == pytest.approx(0.2), "the other was faster"


def test_one_that_joins_gets_what_the_others_have_used_only_when_it_is_off_dataverse_s_account() -> None:
    portion = Portion()
    assert _meet(portion, ALL, joined=True) < 0.01
    for used in (1.0, 0.9, 0.7, 0.7):
        _meet(portion, Claim(used, wants=0.9))
    assert portion.now == pytest.approx(0.3)
    assert portion.wants(0.3, hungry=True) == pytest.approx(0.47), "it asks for more than it has, and not for all"


def test_who_joins_takes_from_the_others_no_more_than_he_wants() -> None:
    portion = Portion()
    assert _meet(portion, Claim(0.0, wants=0.02)) == pytest.approx(0.98)
    assert _meet(portion, Claim(0.02, wants=0.05)) == pytest.approx(0.95)
    assert _meet(portion, Claim(0.05, wants=1.0)) == pytest.approx(0.5)


def test_r106_what_one_would_not_use_is_there_for_the_others() -> None:
    slow, fast = Portion(), Portion()
    assert _meet(slow, Claim(0.5, wants=1.0), used=0.1, hungry=False) == pytest.approx(0.11)
    little = Claim(slow.claimed, slow.wants(0.1, hungry=False))
    _meet(fast, little)
    assert _meet(fast, little) == pytest.approx(0.89)


def test_one_that_fell_silent_counts_with_what_it_spent_until_that_is_a_window_old() -> None:
    silent = Claim(0.6, wants=0.6, spent=(0.1, 0.0, 0.0, 0.2))
    assert silent.left(WINDOW) == 0.6, "while it is there, with all of its claim"
    left = [Claim(0.6, 0.6, silent.spent, silent=seconds).left(WINDOW) for seconds in (10.0, 76.0, 301.0)]
    assert left == [pytest.approx(0.3), pytest.approx(0.1), 0.0]
    portion = Portion()
    assert _meet(portion, Claim(0.6, 0.6, silent.spent, silent=76.0)) == pytest.approx(0.9)


def test_a_process_that_is_alone_has_nobody_to_blame_a_refusal_on() -> None:
    portion = Portion()
    _meet(portion, joined=True)
    assert portion.settled(1.0, window=WINDOW)


def test_it_has_settled_when_the_number_is_old_news() -> None:
    portion = Portion()
    assert portion.settled(0.0, window=WINDOW), "nobody has told of any change"
    _meet(portion, ALL, ALL, joined=True)
    assert not portion.settled(2 * WINDOW, window=WINDOW)
    _meet(portion, ALL, ALL, now=2 * WINDOW)
    assert portion.settled(2 * WINDOW + 1, window=WINDOW)
