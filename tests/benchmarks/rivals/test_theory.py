"""What a modelled server allows, worked out by hand for a few, and played second by second for one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks.rivals import theory
from benchmarks.rivals.regimes import burst, fanned_out, modelled, scaled, sustained
from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.limits import DOCUMENTED, OFF, Limits, Protection

MODEL = modelled(DOCUMENTED)


@pytest.mark.parametrize(
    ("limits", "batch", "users", "rows_per_second"),
    [
        (MODEL, 200, 1, 4 / 0.46 * 200),  # execution time: a mean of 4 requests under way
        (MODEL, 1, 1, 20),  # 6,000 requests in 300 seconds
        (replace(MODEL, execution_seconds=None, requests=None), 200, 1, 52 / 0.46 * 200),
        (replace(MODEL, servers=3), 200, 2, 6 * 4 / 0.46 * 200),
    ],
)
def test_the_smallest_budget_holds_over_whole_windows(limits: Limits, batch: int, users: int, rows_per_second: float):
    assert theory.steady(limits, batch=batch, users=users) == pytest.approx(rows_per_second)


def test_without_limits_there_is_no_ceiling():
    assert theory.steady(replace(OFF, per_request_ms=60), batch=1) == math.inf
    assert theory.burst_seconds(replace(OFF, per_request_ms=60), batch=1) == 0


def test_a_burst_lasts_until_a_windows_budget_is_used_up():
    assert theory.burst_seconds(MODEL, batch=200) == pytest.approx(1200 / 52)
    assert theory.burst_seconds(MODEL, batch=1) == pytest.approx(6000 * 0.062 / 52)
    short, long = (theory.ceiling(MODEL, seconds, batch=200) for seconds in (20, 30))
    assert (short, long) == (pytest.approx(52 / 0.46 * 200), pytest.approx(4 / 0.46 * 200))


def test_one_at_a_time_is_a_quarter_of_what_one_user_on_one_server_is_allowed():
    assert theory.steady(MODEL, batch=200) / theory.one_at_a_time(MODEL, batch=200) == pytest.approx(4)


def test_a_slower_server_allows_the_same_share():
    slow = theory.slowed(MODEL, 4)
    assert theory.steady(slow, batch=200) * 4 == pytest.approx(theory.steady(MODEL, batch=200))
    assert theory.burst(slow, batch=200) * 4 == pytest.approx(theory.burst(MODEL, batch=200))
    assert theory.burst_seconds(slow, batch=200) == pytest.approx(4 * theory.burst_seconds(MODEL, batch=200))


def test_a_scaled_window_allows_the_same_rate():
    assert theory.steady(scaled(8), batch=200) == pytest.approx(theory.steady(MODEL, batch=200))


def test_the_regimes_are_what_they_are_called():
    one = sustained(batch=200, window=8, windows=4, widths=(4,))
    many = fanned_out(batch=200, window=4, windows=3, widths=(24,))
    short = burst(batch=200, rounds=20, widths=(52,))
    assert one.ceiling == pytest.approx(4 / 0.46 * 200)
    assert many.ceiling == pytest.approx(6 * one.ceiling)
    assert short.ceiling == pytest.approx(52 / 0.46 * 200)
    assert (short.rows or 0) / short.ceiling < theory.burst_seconds(short.limits, batch=200)


@pytest.mark.parametrize("width", [3, 4, 5, 30])
def test_the_simulator_lets_nobody_past_the_ceiling_and_a_steady_client_right_up_to_it(width: int):
    """Lanes that begin again as soon as they are let in, on a clock of our own, for four windows."""
    limits, windows = scaled(8), 4
    rows = _played(limits, seconds=windows * limits.window_seconds, width=width)
    share = rows / windows / limits.window_seconds / theory.steady(limits, batch=200)
    assert share <= 1 + 1 / (4 * limits.window_seconds / limits.cost(200)), "one request may overdraw a window"
    if width >= 4:
        assert share > 0.94


def _played(limits: Limits, *, seconds: float, width: int) -> int:
    now, rows, step = [0.0], 0, 0.02
    protection, cost = Protection(limits, lambda: now[0]), limits.cost(200)
    under_way: list = []
    while now[0] < seconds:
        for admission in [one for one in under_way if now[0] >= one.at + cost]:
            protection.leave(admission)
            under_way.remove(admission)
            rows += 200
        while len(under_way) < width:
            try:
                admission = protection.enter("a", 0)
            except DataverseError:
                break
            protection.charge(admission, cost)
            under_way.append(admission)
        now[0] += step
    return rows
