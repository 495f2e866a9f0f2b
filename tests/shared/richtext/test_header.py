"""A note says who wrote it and when, in a line that a verifier can take away again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.richtext.header import with_header, without_header
from shared.richtext.parts import recombine, split
from shared.richtext.sanitise import from_plain, plain_of, safe_html

SYSTEM = "Core Practice"
MOMENTS = st.datetimes(datetime(1900, 1, 1)).flatmap(
    lambda moment: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes))).isoformat()
    )
)


@pytest.mark.parametrize(
    ("author", "at", "line"),
    [
        (
            "Dr Jane Citizen",
            "2024-04-07T02:30:00+10:00",
            "Written by Dr Jane Citizen on 2024-04-07 02:30 (UTC+10:00) in Core Practice",
        ),
        (None, "2024-04-07T02:30:15+11:00", "Written on 2024-04-07 02:30:15 (UTC+11:00) in Core Practice"),
        (
            "  Jo\n O'Brien ",
            "2024-01-01T00:00:00Z",
            "Written by Jo O'Brien on 2024-01-01 00:00 (UTC+00:00) in Core Practice",
        ),
        ("<b>&", "2024-01-01T00:00:00-03:30", "Written by <b>& on 2024-01-01 00:00 (UTC-03:30) in Core Practice"),
        ("Jo", None, "Written by Jo at an unknown time in Core Practice"),
    ],
)
def test_a22_the_line_names_author_instant_and_system(author: str | None, at: str | None, line: str):
    html = with_header("<p>body</p>", author=author, at=at, source=SYSTEM)
    assert plain_of(html) == f"{line}\nbody"
    assert html == f"<p><em>{from_plain(line)}</em></p><p>body</p>"


@given(st.text(), st.none() | st.text(), st.none() | MOMENTS)
def test_a22_the_line_is_taken_away_exactly(text: str, author: str | None, at: str | None):
    body = safe_html(text)
    assert without_header(with_header(body, author=author, at=at, source=SYSTEM)) == body
    again = with_header(with_header(body, author=author, at=at, source=SYSTEM), author=author, at=at, source=SYSTEM)
    assert without_header(without_header(again)) == body


@given(st.none() | st.text(), MOMENTS)
def test_a22_the_line_is_already_safe(author: str | None, at: str):
    html = with_header("<p>body</p>", author=author, at=at, source=SYSTEM)
    assert safe_html(html) == html


def test_a22_a_long_note_with_its_line_comes_back_from_its_parts():
    body = safe_html("<p>Reviewed.</p>" * 500)
    html = with_header(body, author="Jo", at="2024-04-07T02:30:00+10:00", source=SYSTEM)
    assert without_header(recombine(split(html, 1000))) == body


def test_a_note_without_the_line_is_left_as_it_is():
    assert without_header("<p>Written by hand</p>") == "<p>Written by hand</p>"


def test_n15_a_time_without_its_offset_is_no_instant():
    with pytest.raises(ValueError, match="offset"):
        with_header("", author=None, at="2024-04-07T02:30:00", source=SYSTEM)
