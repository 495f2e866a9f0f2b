"""A number that exists has one form; what is no number has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.phones import e164


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("0491 570 006", "+61491570006"),
        ("(02) 5550 1234", "+61255501234"),
        ("+61 491 570 006", "+61491570006"),
        ("61 491 570 006", "+61491570006"),
        ("0011 44 20 7946 0958", "+442079460958"),
        ("1300 975 707", "+611300975707"),
        ("02 5550 1234 ext 5", "+61255501234"),
        ("02 5550 1234 x12", "+61255501234"),
        ("Mum 0491 570 006", "+61491570006"),
        ("0491-570-006", "+61491570006"),
    ],
)
def test_a_number_is_read_as_people_in_the_country_write_it(raw: str, number: str):
    assert e164(raw, "AU") == number


@pytest.mark.parametrize(
    "raw", ["", "none", "12345", "5550 1234", "0491 570 006 / 0491 570 156", "0491 345 mum", "000", "0491 570 00"]
)
def test_what_is_no_number_or_two_has_no_form(raw: str):
    assert e164(raw, "AU") is None


def test_the_country_decides_what_a_local_number_is():
    assert e164("020 7946 0958", "GB") == "+442079460958"
    assert e164("020 7946 0958", "AU") is None
    with pytest.raises(ValueError, match="no region"):
        e164("0491 570 006", "Australia")


@given(st.text() | st.text("0123456789+ ()-", max_size=20))
def test_any_text_is_answered_and_an_answer_reads_as_itself(raw: str):
    number = e164(raw, "AU")
    assert number is None or e164(number, "AU") == number
