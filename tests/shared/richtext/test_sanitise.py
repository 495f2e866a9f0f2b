"""A note keeps what can be shown and loses what could act, load or hide."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.richtext.markup import burden, units
from shared.richtext.sanitise import ALLOWED, DEEPEST, HEAVIEST, UNFIT, from_plain, plain_of, removed, safe_html

PIECES = st.sampled_from(
    [
        *(f"<{name}>" for name in ("p", "b", "i", "a", "table", "tr", "td", "ul", "ol", "li", "pre", "div", "svg")),
        *(f"</{name}>" for name in ("p", "b", "i", "a", "table", "tr", "td", "ul", "ol", "li", "pre", "div", "h1")),
        *("<script>", "</script>", "<style>", "<iframe>", "<textarea>", "<select>", "<math>", "<template>", "<form>"),
        *(
            "<br>",
            "<hr>",
            "<col>",
            "<!--",
            "-->",
            "<![CDATA[",
            "<",
            ">",
            "&",
            "&amp;",
            "&nbsp;",
            "&#10;",
            '"',
            "'",
            "\n",
        ),
        *(
            '<a href="javascript:alert(1)">',
            "<a href=https://e.example/?a=1&b=2>",
            '<img src="data:image/png,x">',
        ),
        *(
            '<p onclick="x()">',
            '<p style="color:red;display:none">',
            "<td colspan=2>",
            '<ol start="4">',
            "words ",
            "🦷",
        ),
    ]
)
MARKUP = st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join)


@given(MARKUP)
@example("<pre>\n\n\nx</pre>")
@example("<b><p>x</b>y")
@example("<table>a<b>c<tr><td>d")
@example("\ufeff\ufeffx\x00\x0c\ud800")
@example("<a><table><a>x")
def test_a23_sanitising_what_is_safe_changes_nothing(text: str):
    safe = safe_html(text)
    assert safe_html(safe) == safe


@given(MARKUP)
def test_a23_nothing_that_acts_loads_or_hides_is_left(text: str):
    safe = safe_html(text)
    assert {name.lower() for name in re.findall(r"</?([a-zA-Z][\w:-]*)", safe)} <= ALLOWED
    tags = "".join(re.findall(r"<[^>]*>", safe)).lower()
    for bad in ("javascript:", " on", "display", "data:", "<!--", "src="):
        assert bad not in tags
    assert burden(safe)[0] <= DEEPEST
    assert burden(safe)[1] <= HEAVIEST
    assert not UNFIT.search(safe)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<p>Kept <b>bold</b>, <em>leaning</em>, <s>struck</s></p>",) * 2,
        ("<ul><li>one<li>two</ul>", "<ul><li>one</li><li>two</li></ul>"),
        ('<a href="mailto:a@b.example">m</a>', '<a href="mailto:a@b.example" rel="noopener noreferrer">m</a>'),
        ("<p onclick=steal()>x<script>steal()</script></p>", "<p>x</p>"),
        ('<a href="java\nscript:steal()">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="/patients/7">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ("<iframe src=https://e.example>inside</iframe>after", "after"),
        ("<img src='data:image/svg+xml,x' onerror=steal() alt=x>after", "after"),
        ("<style>p{display:none}</style>after", "after"),
        ("<svg><style><img src=x onerror=steal()></style></svg>after", "after"),
        ('<p style="display:none;color:#FFF;font-size:0;font-weight:bold">x</p>', '<p style="font-weight:bold">x</p>'),
        ('<p style="COLOR: Red !important; background:red">x</p>', '<p style="color:#ff0000">x</p>'),
        ('<p style="position:absolute;left:-9999px">x</p>', "<p>x</p>"),
        ('<span data-continued="">x</span>', "<span>x</span>"),
        ("5 < 6 & 7 > 6", "5 &lt; 6 &amp; 7 &gt; 6"),
        ("", ""),
    ],
)
def test_r75_what_a_colleague_may_see_stays(text: str, safe: str):
    assert safe_html(text) == safe


@given(st.text())
def test_a23_plain_text_becomes_html_that_is_already_safe(text: str):
    assert safe_html(from_plain(text)) == from_plain(text)


@given(st.text())
def test_a23_plain_text_comes_back_from_its_html(text: str):
    expected = UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\xa0", " ")
    assert plain_of(from_plain(text)) == expected


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>a</p>\n<p>b<br>c</p>", "a\nb\nc"),
        ("<h1>Plan</h1><ol><li>scale</li><li>fill</li></ol>after", "Plan\n- scale\n- fill\nafter"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1\t2\n3"),
        ("<p>one\n   two &amp; three&nbsp;</p><script>x</script>", "one two & three "),
        ("<pre>3 2 3\n2 2 3</pre>", "3 2 3\n2 2 3"),
    ],
)
def test_html_reads_as_lines_where_only_text_can_go(html: str, plain: str):
    assert plain_of(html) == plain


@pytest.mark.parametrize("text", ["<div>" * 50_000 + "words", "<div>" * 40 + "words", "<b><i>" * 20 + "words"])
def test_a_note_nested_deeper_than_any_person_writes_keeps_its_words(text: str):
    assert safe_html(text).strip() == "words"


def test_an_address_too_long_to_be_one_goes_and_its_words_stay():
    assert units(safe_html(f'<a href="https://e.example/{"x" * 5000}">words</a>')) < 100


def test_what_was_removed_can_be_said():
    assert removed("<p>x<IMG src=x><script>y</script><iframe></iframe></p>") == ("iframe", "img", "script")
    assert removed("<p>5 < 6</p>") == ()
