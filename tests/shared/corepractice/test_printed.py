"""What a report prints for people becomes what the API would have said, or stays as it is printed."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.corepractice.date_order import DateOrder
from shared.corepractice.printed import instant, is_instant, is_money, money, truth
from shared.corepractice.printed_columns import PrintedColumns

DMY, MDY = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
SYDNEY = ZoneInfo("Australia/Sydney")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.00", "1234.00"),
        ("-$20.00", "-20.00"),
        ("$-20.00", "-20.00"),
        ("($20.00)", "-20.00"),
        ("(1,020.50)", "-1020.50"),
        ("$0.00", "0.00"),
        ("-$0.00", "0.00"),
        ("$12,345,678.90", "12345678.90"),
        ("185", "185.00"),
        ("185.5", "185.50"),
        ("0.10", "0.10"),
        ("$.50", None),
        ("1.234,00", None),
        ("1,23.00", None),
        ("12,34,567.00", None),
        ("$1234,567.00", None),
        ("1.005", None),
        ("--5.00", None),
        ("-($5.00)", None),
        ("(-$5.00)", None),
        ("-$-5.00", None),
        ("($5.00", None),
        ("$", None),
        ("free", None),
        ("$ 5.00", None),
        ("1e3", None),
        ("٣.00", None),
        ("", None),
    ],
)
def test_printed_money_is_read_exactly_or_left(text: str, amount: str | None) -> None:
    assert money(text) == amount


@given(st.integers(-(10**14), 10**14), st.booleans())
def test_every_cent_reads_back(cents: int, brackets: bool) -> None:
    amount = Decimal(cents).scaleb(-2)
    plain = f"${abs(amount):,.2f}"
    text = plain if cents >= 0 else f"({plain})" if brackets else f"-{plain}"
    assert money(text) == str(amount)
    assert is_money(text)


@pytest.mark.parametrize(("text", "value"), [("Yes", True), ("NO", False), ("true", True), ("Y", None), ("1", None)])
def test_yes_and_no_are_read_and_nothing_like_it(text: str, value: bool | None) -> None:
    assert truth(text) is value


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("7/4/2024 1:30 am", "2024-04-07T01:30:00+11:00"),
        ("7/4/2024 3:00 am", "2024-04-07T03:00:00+10:00"),
        ("7/4/2024 12:00 am", "2024-04-07T00:00:00+11:00"),
        ("7/4/2024 12:00 pm", "2024-04-07T12:00:00+10:00"),
        ("7/4/2024 2:30 PM", "2024-04-07T14:30:00+10:00"),
        ("7/4/2024 2:30:15 pm", "2024-04-07T14:30:15+10:00"),
        ("7/4/2024 2:30 pm AEST", "2024-04-07T14:30:00+10:00"),
        ("7-Apr-2024 2:30 pm", "2024-04-07T14:30:00+10:00"),
        ("7 April 2024 2:30 pm", "2024-04-07T14:30:00+10:00"),
        ("2024-04-07T14:30:00+10:00", "2024-04-07T14:30:00+10:00"),
        ("2024-04-07T14:30:00", "2024-04-07T14:30:00+10:00"),
        # The hour that is there twice: only the printed zone tells which is meant.
        ("7/4/2024 2:30 am AEDT", "2024-04-07T02:30:00+11:00"),
        ("7/4/2024 2:30 am AEST", "2024-04-07T02:30:00+10:00"),
        ("7/4/2024 2:30 am", None),
        ("2024-04-07T02:30:00", None),
        ("7/4/2024 2:00 am", None),
        ("7/4/2024 2:59 am", None),
        # The hour that never was.
        ("6/10/2024 1:59 am", "2024-10-06T01:59:00+10:00"),
        ("6/10/2024 2:00 am", None),
        ("6/10/2024 2:30 am", None),
        ("6/10/2024 2:30 am AEDT", None),
        ("6/10/2024 3:00 am", "2024-10-06T03:00:00+11:00"),
        # A zone that was not in force then, or that is another's.
        ("7/7/2024 2:30 pm AEDT", None),
        ("7/7/2024 2:30 pm ACST", None),
        ("7/7/2024 0:30 am", None),
        ("7/7/2024 13:30 pm", None),
        ("7/7/2024 14:30", None),
        ("7/7/2024 2:60 pm", None),
        ("7/7/2024", None),
        ("31/2/2024 2:30 pm", None),
        ("1/1/0001 12:30 am", None),
        ("soon", None),
    ],
)
def test_n15_a_clocks_time_becomes_the_moment_it_meant_or_stays_as_printed(text: str, iso: str | None) -> None:
    assert instant(text, DMY, SYDNEY) == iso


@pytest.mark.parametrize(
    ("zone", "text", "iso"),
    [
        ("Australia/Adelaide", "7/4/2024 2:30 am ACDT", "2024-04-07T02:30:00+10:30"),
        ("Australia/Lord_Howe", "7/4/2024 1:45 am +1030", "2024-04-07T01:45:00+10:30"),
        ("Australia/Brisbane", "7/4/2024 2:30 am", "2024-04-07T02:30:00+10:00"),
        ("Europe/London", "27/10/2024 1:30 am GMT", "2024-10-27T01:30:00+00:00"),
    ],
)
def test_n15_each_zone_has_its_own_ambiguous_hour(zone: str, text: str, iso: str) -> None:
    assert instant(text, DMY, ZoneInfo(zone)) == iso


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)), st.sampled_from(DateOrder))
def test_n15_every_minute_that_was_reads_back(naive: datetime, order: DateOrder) -> None:
    moment = naive.replace(second=0, microsecond=0, tzinfo=ZoneInfo("UTC")).astimezone(SYDNEY)
    first, second = (moment.day, moment.month) if order is DMY else (moment.month, moment.day)
    there_twice = moment.utcoffset() != moment.replace(fold=1 - moment.fold).utcoffset()
    suffix = f" {moment.tzname()}" if there_twice else ""
    half = "am" if moment.hour < 12 else "pm"
    text = f"{first}/{second}/{moment.year} {moment.hour % 12 or 12}:{moment.minute:02} {half}{suffix}"
    assert instant(text, order, SYDNEY) == moment.isoformat()
    assert is_instant(text)


def test_n15_both_changes_of_a_decade_are_right_to_the_minute() -> None:
    for year in range(2015, 2026):
        for hours in range(24 * 366):
            moment = (datetime(year, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hours)).astimezone(SYDNEY)
            if moment.month not in (4, 10) or moment.day > 7 or moment.weekday() != 6 or moment.hour > 4:
                continue
            text = f"{moment.day}/{moment.month}/{moment.year} {moment.hour or 12}:00 am"
            there_twice = moment.hour == 2 and moment.month == 4
            assert instant(text, DMY, SYDNEY) == (None if there_twice else moment.isoformat())
            assert instant(f"{text} {moment.tzname()}", DMY, SYDNEY) == moment.isoformat()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["Yes", "", "no"], [True, False]),
        (["6", "12"], [6, 12]),
        (["6", "007"], ["6", "007"]),
        (["6", "2.5"], [6, 2.5]),
        (["13/2/2024", "2024-02-01"], ["2024-02-13", "2024-02-01"]),
        (["13/2/2024 2:30 pm"], ["2024-02-13T14:30:00+11:00"]),
        (["$185.00", "($20.00)"], ["185.00", "-20.00"]),
        (["2.50", "3.25"], ["2.50", "3.25"]),
        (["13/2/2024", "never"], ["13/2/2024", "never"]),
        (["Yes", "maybe"], ["Yes", "maybe"]),
        (["$185.00", "free"], ["$185.00", "free"]),
        (["", ""], []),
    ],
)
def test_a_column_nobody_knows_is_what_all_its_cells_could_be(cells: list[str], values: list[object]) -> None:
    columns = PrintedColumns("patients", ("custom_fields.own",), zone=SYDNEY, stated={})
    for cell in cells:
        columns.add((cell,))
    assert columns.undecided() == []
    (read,) = columns.readers()
    found = [read(cell) for cell in cells if cell]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]
