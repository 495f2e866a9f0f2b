"""Source values become target values by rules that say what they cannot take."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mapping import transforms
from shared.mapping.transforms import Unfit


def reason(transform: transforms.Transform, value: object) -> str:
    with pytest.raises(Unfit) as unfit:
        transform(value)
    return unfit.value.reason


@given(st.dates(min_value=date(1753, 1, 1)))
def test_a_date_never_passes_through_a_zone(day: date):
    assert transforms.date_only(day.isoformat()) == day.isoformat()


@given(
    st.datetimes(min_value=datetime(1800, 1, 1), max_value=datetime(2100, 1, 1)),
    st.integers(min_value=-12 * 60, max_value=14 * 60),
)
def test_an_instant_stays_the_same_moment_to_the_second(moment: datetime, minutes: int):
    there = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    read = transforms.instant(there.isoformat())
    assert datetime.fromisoformat(str(read)) == there.astimezone(UTC)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-04-07T02:30:00+11:00", "2024-04-06T15:30:00Z"),  # the first 02:30, before Sydney's clocks go back
        ("2024-04-07T02:30:00+10:00", "2024-04-06T16:30:00Z"),  # the second one, an hour later
        ("2024-10-06T01:59:59+10:00", "2024-10-05T15:59:59Z"),
        ("2024-10-06T03:00:00+11:00", "2024-10-05T16:00:00Z"),
    ],
)
def test_both_clock_changes_are_right_to_the_second(local: str, utc: str):
    assert transforms.instant(local) == utc


@pytest.mark.parametrize(
    ("transform", "value", "slug"),
    [
        (transforms.instant, "2024-01-01T10:00:00", "time-without-zone"),
        (transforms.instant, "yesterday", "not-a-time"),
        (transforms.instant, "1700-01-01T00:00:00+00:00", "date-too-early"),
        (transforms.instant, "0001-01-01T00:00:00+10:00", "date-too-early"),
        (transforms.instant, "9999-12-31T23:59:59-10:00", "date-too-late"),
        (transforms.date_only, "01/02/2024", "not-a-date"),
        (transforms.date_only, "2024-02-30", "not-a-date"),
        (transforms.date_only, "1066-10-14", "date-too-early"),
        (transforms.integer, "many", "not-a-number"),
        (transforms.integer, 2**31, "number-out-of-range"),
        (transforms.boolean, "perhaps", "not-a-yes-or-no"),
        (transforms.choice({"a": 1}), "b", "choice-unknown"),
        (transforms.bounded_text(3), "abcd", "text-too-long"),
        (transforms.bounded_text(3), "🦷🦷", "text-too-long"),
    ],
)
def test_what_cannot_be_held_is_refused_by_reason_and_never_by_value(
    transform: transforms.Transform, value: object, slug: str
):
    assert reason(transform, value) == slug


@pytest.mark.parametrize("transform", [*transforms.PLAIN.values(), transforms.choice({}), transforms.bounded_text(5)])
def test_an_absent_value_stays_absent(transform: transforms.Transform):
    assert transform(None) is None
    assert transform("") is None


def test_text_arrives_as_it_was_written():
    assert transforms.text("Zoë O'Néill\n2nd line 🦷 שלום") == "Zoë O'Néill\n2nd line 🦷 שלום"
    assert transforms.bounded_text(50)("x" * 50) == "x" * 50


def test_a_shortened_text_never_ends_in_half_a_character():
    shorten = transforms.shortened_text(3)
    assert shorten("abcdef") == "abc"
    assert shorten("ab🦷") == "ab"
    assert shorten("a🦷") == "a🦷"
    assert shorten("a") == "a"
    assert shorten(None) is None
