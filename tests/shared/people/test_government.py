"""Government identifiers are known by name and by check digit, and are never shown whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.government import (
    MASK,
    identifier_in,
    identifier_named,
    looks_like_ihi,
    looks_like_medicare,
    looks_like_tfn,
    masked,
)


def medicare(base: int) -> str:
    """A made-up card number with a right check digit."""
    digits = f"{base:08}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9), strict=True)) % 10
    return f"{digits[:4]} {digits[4:]}{check} 1"


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        ("2123 45670 1", f"{MASK * 8}01"),
        ("2123456701-2", f"{MASK * 9}12"),
        ("NX123456", f"{MASK * 6}56"),
        ("8003 6012 3456 7890", f"{MASK * 12}7890"),
        ("12345", MASK * 5),
        ("", ""),
    ],
)
def test_only_the_end_of_an_identifier_is_shown(identifier: str, shown: str):
    assert masked(identifier) == shown


@given(st.text())
def test_at_most_a_third_of_an_identifier_and_four_places_are_ever_shown(identifier: str):
    hidden = masked(identifier)
    visible = len(hidden) - len(hidden.rstrip("".join(set(hidden) - {MASK})))
    assert visible <= 4
    assert visible * 3 <= len(hidden)


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("medicare_number", "Medicare card number"),
        ("Medicare No.", "Medicare card number"),
        ("medicareNumber", "Medicare card number"),
        ("custom_fields.tfn", "Tax file number"),
        ("DVA", "Veterans' Affairs file number"),
        ("IHI", "Individual Healthcare Identifier"),
        ("Driver's licence", "Driver's licence number"),
        ("patient_number", None),
        ("mobile", None),
    ],
)
def test_a_field_is_known_by_its_name(field: str, meant: str | None):
    assert identifier_named(field) == meant


@pytest.mark.parametrize("text", ["2123 45670 1", "2123456701", "21234567011", "2123-45670-1/2"])
def test_a_medicare_number_passes_its_check(text: str):
    assert looks_like_medicare(text)


@pytest.mark.parametrize("text", ["2123 45671 1", "1123 45670 1", "212345670", "0412345678", "", "2123 45670 1 x"])
def test_what_is_no_medicare_number_does_not(text: str):
    assert not looks_like_medicare(text)


def test_the_published_examples_of_other_numbers_pass_and_their_neighbours_do_not():
    assert looks_like_tfn("123 456 782")
    assert not looks_like_tfn("123 456 783")
    assert not looks_like_tfn("000000000")
    assert looks_like_ihi("8003 6081 6669 0503")
    assert not looks_like_ihi("8003 6181 6669 0503")
    assert sum(looks_like_ihi(f"80036012345678{last:02}") for last in range(100)) == 10


@given(st.lists(st.integers(20_000_000, 69_999_999), min_size=5, max_size=40, unique=True))
def test_a_column_of_card_numbers_is_noticed_whatever_it_is_called(bases: list[int]):
    assert identifier_in(medicare(base) for base in bases) == "Medicare card number"


@pytest.mark.parametrize(
    "column",
    [
        [],
        [medicare(20_000_000)] * 50,
        [f"04{number:08}" for number in range(50)],
        [f"{number:09}" for number in range(1, 60)],
        ["Bupa", "HCF", "nib", "AHM", "Medibank"],
        [medicare(20_000_000 + number) for number in range(8)] + ["see file", "none"],
    ],
)
def test_other_columns_raise_no_alarm(column: list[str]):
    assert identifier_in(column) is None
