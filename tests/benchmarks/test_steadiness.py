"""Whether a load slows down is told by its tenths, object by object."""

from __future__ import annotations

import pytest

from benchmarks.steadiness import ENOUGH, Steadiness


def _load(rate_at_the_end: float, rows: int = 10 * ENOUGH, *, waits: int = 0) -> dict[str, float]:
    steadiness, now, done = Steadiness(), 0.0, 0
    for _ in range(waits):
        steadiness.see(now, {"notes": {"created": 0}, "few": {"created": 0}})
        now += 0.5
    while done <= rows:
        steadiness.see(now, {"notes": {"created": done}, "few": {"created": min(done, 50)}})
        rate = 1000.0 if done < rows * 0.9 else 1000.0 * rate_at_the_end
        done, now = done + 500, now + 500 / rate
    return steadiness.last_against_first()


@pytest.mark.parametrize("rate", [1.0, 0.5, 2.0])
def test_the_last_tenth_is_held_against_the_first(rate: float):
    assert _load(rate)["notes"] == pytest.approx(rate, rel=0.1)


def test_what_an_object_waited_for_others_makes_its_beginning_no_slower():
    assert _load(0.5, waits=1_000)["notes"] == pytest.approx(0.5, rel=0.1)


def test_few_rows_say_nothing():
    assert "few" not in _load(1.0)
    assert _load(1.0, rows=ENOUGH // 2) == {}
