"""A note too long for its column is cut into parts that stand alone, and that make the whole again."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.richtext.markup import MARK, VOID, units
from shared.richtext.parts import MINIMUM_LIMIT, part_subject, recombine, split
from shared.richtext.sanitise import from_plain, plain_of, safe_html

INLINE = st.sampled_from(["b", "i", "u", "span", "code"])
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="<>&"), max_size=40) | st.sampled_from(
    ["tooth 36 restored, ", "🦷🦷🦷 ", "&amp;", "x" * 300, "<br>", "<hr>"]
)


def element(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inside, max_size=4).map("".join)
    return st.one_of(
        many,
        st.builds("<{0}>{1}</{0}>".format, INLINE, many),
        st.builds("<p style='text-align:left'>{}</p>".format, many),
        st.builds("<a href='https://e.example/{}'>{}</a>".format, st.text("abc>", max_size=20), many),
        st.lists(many, max_size=4).map(lambda items: "<ol>" + "".join(f"<li>{item}</li>" for item in items) + "</ol>"),
        st.lists(many, max_size=3).map(
            lambda cells: "<table><tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr></table>"
        ),
    )


NOTES = st.recursive(WORDS, element, max_leaves=25).map(safe_html)


class Balance(HTMLParser):
    """Follows what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def is_balanced(html: str) -> bool:
    balance = Balance()
    balance.feed(html)
    balance.close()
    return not balance.open


@given(NOTES, st.integers(150, 900))
@settings(max_examples=300)
@example(safe_html("<p>one</p><p>two</p>" * 60), 200)
@example(safe_html("<b>one</b><b>two</b>" * 60), 200)
@example(safe_html("<ol>" + "<li>step</li>" * 90 + "</ol>"), 200)
def test_a23_the_parts_fit_stand_alone_and_make_the_whole_again(html: str, limit: int):
    try:
        parts = split(html, limit)
    except ValueError:
        assert limit < MINIMUM_LIMIT  # what is open here is longer than such a small part
        return
    assert all(units(part) <= limit for part in parts)
    assert all(is_balanced(part) for part in parts)
    assert recombine(parts) == html
    assert split(html, limit) == parts


@given(st.text(), st.integers(1, 40), st.integers(64, 500))
def test_a23_any_plain_text_is_cut_and_joined(text: str, times: int, limit: int):
    html = from_plain(text * times)
    parts = split(html, limit)
    assert all(0 < units(part) <= limit for part in parts) or html == ""
    assert recombine(parts) == html


OPENERS = ["<div style='text-align:justify;color:red'>", "<blockquote>", "<span>", "<a href=https://e.example/?&&&&>"]
OPENERS += ["<table><tr><td><a href='https://e.example/" + "y&" * 900 + "'>", "<ol start=7><li>"]


@given(st.lists(st.sampled_from(OPENERS), max_size=35))
@settings(max_examples=20, deadline=None)
def test_a23_from_the_minimum_on_every_note_can_be_cut(opened: list[str]):
    address = f"<a href='https://e.example/{'x' * 1_900}'>"
    html = safe_html("".join(opened) + (address + "<b>words</b> and more of them, </a>") * 40)
    parts = split(html, MINIMUM_LIMIT)
    assert len(parts) > 1 or units(html) <= MINIMUM_LIMIT
    assert recombine(parts) == html


def test_a23_a_part_is_safe_itself():
    html = safe_html("<p>Reviewed <b>36</b>.</p><ul><li>scaled</li><li>polished</li></ul>" * 50)
    for part in split(html, 500):
        assert safe_html(part) == re.sub(re.escape(MARK), "", part)


def test_a23_no_source_can_bring_our_mark():
    forged = safe_html(f"<p>a</p><p{MARK}>b</p>" * 200)
    assert MARK not in forged
    assert recombine(split(forged, 300)) == forged


def test_a_cut_falls_between_paragraphs_where_it_can():
    html = "".join(f"<p>Visit {number}: nothing to report.</p>" for number in range(100))
    parts = split(html, 1000)
    assert all(part.startswith("<p>Visit") and part.endswith("</p>") for part in parts)
    words = from_plain("word " * 500)
    assert all(part.endswith(" ") for part in split(words, 301))


def test_a_numbered_list_goes_on_with_its_next_number():
    html = "<ol>" + "".join(f"<li>step {number} of many more</li>" for number in range(1, 60)) + "</ol>"
    for part in split(html, 400)[1:]:
        number = re.match(r'<ol start="(\d+)"', part)
        step = re.search(r"step (\d+)", plain_of(part))
        assert number is not None
        assert step is not None
        assert number[1] == step[1]


def test_an_emoji_and_an_entity_are_never_cut_in_two():
    for limit in range(64, 80):
        parts = split(from_plain("🦷&" * 200), limit)
        assert all(part.encode() and not re.search(r"&[a-z]*$|^[a-z]*;", part) for part in parts)


def test_parts_out_of_order_are_noticed_and_a_note_that_fits_is_left_alone():
    html = "<p>" + "words " * 100 + "</p>"
    first, second, *_ = split(html, 300)
    with pytest.raises(ValueError, match="did not leave open"):
        recombine([second, first])
    assert split(html, 100_000) == [html]
    assert split("", 64) == [""]
    with pytest.raises(ValueError, match="cannot hold"):
        split(html, 5)


def test_a23_each_part_says_which_it_is():
    assert part_subject("Root canal 36", 2, 3) == "Root canal 36 (part 2/3)"
    assert part_subject("Root canal 36", 1, 1) == "Root canal 36"
    assert part_subject(None, 1, 2) == "part 1/2"
    long = part_subject("🦷" * 400, 10, 12)
    assert units(long) <= 500
    assert long.endswith(" (part 10/12)")
