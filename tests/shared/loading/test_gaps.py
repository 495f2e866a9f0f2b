"""N6: numbers that nobody has tell of records that no list shows."""

from __future__ import annotations

from typing import Any

import pytest

from shared.loading.gaps import Numbers


def report(*values: Any) -> dict[str, Any]:
    numbers = Numbers()
    for value in values:
        numbers.add(value)
    return numbers.report()


def test_n6_gaps_in_a_numbering_are_counted_and_placed():
    found = report(1, 2, 5, 6, 9)
    assert found == {"first": 1, "last": 9, "missing": 4, "ranges": [[3, 4], [7, 8]]}


@pytest.mark.parametrize(("text", "number"), [("INV-000123", 123), ("2024/17", 17), ("A12B", 12), (" 7 ", 7)])
def test_a_number_at_the_end_of_a_text_counts(text: str, number: int):
    assert report(text)["first"] == number


def test_what_holds_no_number_is_left_alone_and_none_at_all_is_no_gap():
    assert report(None, "", "draft") == {"first": None, "last": None, "missing": 0, "ranges": []}


def test_many_numbers_in_any_order_tell_the_same_as_few():
    there = [number for number in range(1, 20_000) if number % 5_000]
    found = report(*there[::2], *there[1::2])
    assert found == {"first": 1, "last": 19_999, "missing": 3, "ranges": [[n, n] for n in (5_000, 10_000, 15_000)]}


def test_the_same_number_twice_is_no_gap():
    assert report(3, 3, 4)["missing"] == 0
