"""The clocks of Sydney and London change when the law says, and a moment beside that is told from any other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.diff.clock_changes import changes, near


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("zone", "moment", "way"),
    [
        ("Australia/Sydney", "2024-04-07T03:00:00+11:00", "the clocks go back"),
        ("Australia/Sydney", "2024-10-06T02:00:00+10:00", "the clocks go forward"),
        ("Europe/London", "2025-03-30T01:00:00+00:00", "the clocks go forward"),
        ("Europe/London", "2025-10-26T02:00:00+01:00", "the clocks go back"),
    ],
)
def test_n15_changes_are_known_to_the_second(zone: str, moment: str, way: str):
    moments, ways = changes(zone)
    assert ways[moments.index(int(at(moment)))] == way


def test_n15_a_zone_whose_clocks_never_change_has_no_sides():
    assert changes("UTC") == ((), ())
    assert near("UTC", "2024-04-07T02:00:00+00:00", at("2024-04-07T02:00:00+00:00")) == []


@pytest.mark.parametrize(
    ("moment", "side"),
    [
        ("2024-04-07T02:59:59+11:00", "before the clocks go back"),
        ("2024-04-07T02:00:00+10:00", "after the clocks go back"),
        ("2024-04-06T16:00:00+00:00", "after the clocks go back"),
        ("2024-10-06T01:59:59+10:00", "before the clocks go forward"),
        ("2024-10-06T03:00:00+11:00", "after the clocks go forward"),
        ("2024-10-05T06:00:00-10:00", "after the clocks go forward"),
    ],
)
def test_n15_a_moment_is_on_the_side_it_is_on_whatever_offset_it_is_written_in(moment: str, side: str):
    assert [said for said, _ in near("Australia/Sydney", moment, at(moment))] == [side]


def test_n15_most_moments_are_on_no_side():
    for month in (1, 2, 3, 5, 6, 7, 8, 9, 11, 12):
        moment = datetime(2024, month, 15, tzinfo=UTC)
        assert near("Australia/Sydney", moment.isoformat(), moment.timestamp()) == []
