"""A column of dates says itself how it is written, or nobody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.corepractice.date_order import DateEvidence, DateOrder, Verdict, decided, is_date, iso_date
from shared.corepractice.printed_columns import PrintedColumns

DMY, MDY = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
FIRST, LAST = date(1900, 1, 1), date(2100, 12, 31)
ZONES = ("Australia/Sydney", "America/New_York", "Pacific/Apia", "Europe/London", "UTC")


def printed(day: date, order: DateOrder) -> str:
    return f"{day.day}/{day.month}/{day.year}" if order is DMY else f"{day.month}/{day.day}/{day.year}"


def evidence(values: Sequence[str]) -> DateEvidence:
    found = DateEvidence()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize("order", DateOrder)
def test_n16_every_date_of_two_centuries_reads_back_equal(order: DateOrder) -> None:
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    column = evidence([printed(day, order) for day in days])
    assert (column.values, decided(column, None)) == (len(days), order)
    assert [iso_date(printed(day, order), order) for day in days] == [day.isoformat() for day in days]


@given(
    st.lists(st.dates(FIRST, LAST), min_size=1, max_size=60),
    st.sampled_from(DateOrder),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_n16_a_column_reads_back_equal_or_not_at_all(
    days: list[date], order: DateOrder, zone: str, known: bool
) -> None:
    """In any practice's zone: a date never passes through one."""
    name = "date_of_birth" if known else "custom_fields.seen_on"
    cells = [printed(day, order) for day in days]
    columns = PrintedColumns("patients", (name,), zone=ZoneInfo(zone), stated={})
    for cell in cells:
        columns.add((cell,))
    if any(day.day > 12 for day in days) or all(day.day == day.month for day in days):
        assert columns.undecided() == []
        (read,) = columns.readers()
        assert [read(cell) for cell in cells] == [day.isoformat() for day in days]
    else:
        (blocked,) = columns.undecided()
        assert blocked.evidence.verdict is Verdict.UNDECIDABLE


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1), st.sampled_from([None, DMY, MDY]))
def test_n16_a_column_with_only_ambiguous_days_blocks(parts: list[tuple[int, int]], stated: DateOrder | None) -> None:
    column = evidence([f"{first}/{second}/2024" for first, second in parts])
    if all(first == second for first, second in parts):
        assert column.verdict is Verdict.EITHER
    else:
        assert column.verdict is Verdict.UNDECIDABLE
        assert decided(column, stated) is stated


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (["1/2/2024", "13/2/2024"], Verdict.DAY_FIRST),
        (["1/2/2024", "2/13/2024"], Verdict.MONTH_FIRST),
        (["13/2/2024", "2/13/2024"], Verdict.CONTRADICTORY),
        (["1/2/2024"], Verdict.UNDECIDABLE),
        (["5/5/2024", "12/12/1999"], Verdict.EITHER),
        ([], Verdict.EITHER),
        (["2024-02-01", "7-Apr-2024", "1 February 2024"], Verdict.EITHER),
        (["1/2/2024 2:30 am", "31/12/2024 2:30 am"], Verdict.DAY_FIRST),
        (["13.2.2024"], Verdict.DAY_FIRST),
        (["2-13-2024"], Verdict.MONTH_FIRST),
        # What is a date in neither order says nothing about the order of the others.
        (
            ["1/2/2024", "13/14/2024", "0/13/2024", "32/1/2024", "13/2/24", "13/2/20245", "13/2-2024"],
            Verdict.UNDECIDABLE,
        ),
        (["30/2/2024"], Verdict.DAY_FIRST),
    ],
)
def test_n16_the_whole_column_decides(values: list[str], verdict: Verdict) -> None:
    assert evidence(values).verdict is verdict


def test_n16_what_a_person_states_does_not_stand_against_the_values() -> None:
    day_first, month_first = evidence(["13/2/2024"]), evidence(["2/13/2024"])
    assert (decided(day_first, DMY), decided(day_first, MDY)) == (DMY, None)
    assert (decided(month_first, MDY), decided(month_first, DMY)) == (MDY, None)
    both = evidence(["13/2/2024", "2/13/2024"])
    assert [decided(both, stated) for stated in (None, DMY, MDY)] == [None, None, None]
    assert decided(evidence(["5/5/2024"]), MDY) is MDY


@pytest.mark.parametrize("order", DateOrder)
@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-04-07", "2024-04-07"),
        ("7-Apr-2024", "2024-04-07"),
        ("07-APR-2024", "2024-04-07"),
        ("7 April 2024", "2024-04-07"),
        ("9 Sept 2024", "2024-09-09"),
        ("7-Foo-2024", None),
        ("31-Feb-2024", None),
        ("2023-02-29", None),
        ("29/02/2023", None),
        ("13/14/2024", None),
        ("7/4/24", None),
        ("٧/٤/2024", None),
        (" 7/4/2024", None),
        ("", None),
    ],
)
def test_what_reads_the_same_in_any_order_needs_none(text: str, iso: str | None, order: DateOrder) -> None:
    assert iso_date(text, order) == iso


def test_what_is_read_is_what_counts_as_a_date() -> None:
    assert is_date("7/4/2024")
    assert not is_date("7/4/24")
    assert not is_date("7/4/2024 2:30 am")
