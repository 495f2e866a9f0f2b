"""HTML from a note made safe to show to a colleague, and plain text made into HTML and back (A23, R75).

What Dataverse's rich text notes can show stays: paragraphs, headings, lists, tables, links, emphasis. What acts, loads
or hides goes: scripts, handlers, frames, forms, styles, images (a remote one tells its server who reads the note, an
embedded one is a file and travels as an attachment). The original stays in the journal. ``safe_html`` of its own result
is that result, so the proof can recompute it.
"""

from __future__ import annotations

import html as entities
import re

import nh3

from shared.richtext.markup import BLOCKS, MARK, TAG, burden, units
from shared.richtext.styles import safe_style

ALLOWED = (
    BLOCKS
    | frozenset(
        ("br", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "code", "span", "a", "col")
    )
    | frozenset(("colgroup", "td", "th"))
)
"""Every element that stays. Of any other the words stay, except of those in ``SILENT``."""

SILENT = frozenset(
    ("script", "style", "iframe", "noframes", "noembed", "noscript", "template", "title", "svg", "math", "object")
)
"""Elements whose content is no text for a reader, and goes with them."""

NUMBERS = {("td", "colspan"), ("td", "rowspan"), ("th", "colspan"), ("th", "rowspan"), ("ol", "start"), ("li", "value")}
LONGEST_ADDRESS = 2_000
"""Longer addresses, as they are escaped, are data in disguise and could not be cut into parts."""

DEEPEST, HEAVIEST = 30, 7_000
"""Elements nested deeper, or longer to repeat in the next part, than any person writes: such a note is kept as text."""

DEEPEST_UNREAD = 1_000
"""The parser's time grows with the square of the depth: 100,000 open elements take it 40 seconds."""

ROUNDS = 8
"""Some tangles of HTML need two or three passes to settle; one that does not settle is kept as plain text."""

UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0, and so Dataverse, cannot hold (controls, half surrogates), and the invisible byte order mark."""

OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")


def _attribute(element: str, attribute: str, value: str) -> str | None:
    if attribute == "style":
        return safe_style(value)
    if attribute == "rel":
        return value  # the sanitiser's own: what a source says of its links is not allowed in
    if attribute == "href":
        return value if units(entities.escape(value)) <= LONGEST_ADDRESS else None
    return value if (element, attribute) in NUMBERS and re.fullmatch("[0-9]{1,4}", value) else None


CLEANER = nh3.Cleaner(
    tags=set(ALLOWED),
    clean_content_tags=set(SILENT),
    attributes={
        "*": {"style"},
        "a": {"href"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
        "ol": {"start"},
        "li": {"value"},
    },
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",  # it led into the system that is being left
)


def safe_html(text: str) -> str:
    """HTML with only what may stay, in the one form the sanitiser writes. Any text is answered, hostile ones too."""
    html = _tidy(text)
    if html.count("<") > DEEPEST_UNREAD and _open_elements(html) > DEEPEST_UNREAD:
        return from_plain(re.sub(r"<[^<>]*>", " ", html))
    for _ in range(ROUNDS):
        cleaned = _tidy(CLEANER.clean(html))
        if cleaned == html:
            return html if _is_light(html) else from_plain(_plain(html))
        html = cleaned
    return from_plain(_plain(html))


def from_plain(text: str) -> str:
    """Plain text as HTML that shows the same: escaped, with line breaks."""
    escaped = _tidy(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")
    return escaped.replace("\n", "<br>")


def plain_of(html: str) -> str:
    """The words of HTML, for places that hold text only: lines for blocks, dashes for list items, tabs for cells."""
    return _plain(safe_html(html))


def removed(text: str) -> tuple[str, ...]:
    """The names of elements in a text that do not stay, sorted: what to say was left out."""
    return tuple(sorted({name.lower() for _, name in OPENING.findall(text)} - ALLOWED))


def _tidy(text: str) -> str:
    text = UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    # A parser drops a line break right after <pre>, so one more would go on every pass.
    return re.sub(r"(<pre[^<>]*>)\n+", r"\1", text) if "<pre" in text else text


def _is_light(html: str) -> bool:
    """Whether any part of sanitised HTML can be cut off and gone on with. Few elements in few words need no counting:
    each is closed, so no more than half the tags are open at once, and each is repeated with a mark and an end."""
    opened = html.count("<") / 2
    if opened <= DEEPEST and len(html) * 2 + opened * len(MARK) <= HEAVIEST:
        return True
    deepest, heaviest = burden(html)
    return deepest <= DEEPEST and heaviest <= HEAVIEST


def _open_elements(text: str) -> int:
    """How many elements are open at once, at most: a guess from above, made without parsing."""
    most = here = 0
    for end, name in OPENING.findall(text):
        if name.lower() not in ("p", "li", "td", "th", "tr", "dt", "dd", "br", "hr", "img", "col", "input", "wbr"):
            here = max(0, here - 1) if end else here + 1
            most = max(most, here)
    return most


def _plain(html: str) -> str:
    """The words of sanitised HTML."""
    pieces: list[str] = []
    begun = False  # whether the present line has words
    owed = False  # whether a block's end owes a line break to the next words
    kept = 0  # how deep inside <pre>
    first = True  # whether the next cell is its row's first
    place = 0
    for tag in [*TAG.finditer(html), None]:
        words = entities.unescape(html[place : tag.start() if tag else len(html)]).replace("\xa0", " ")
        if not kept:
            words = re.sub(r"[ \t]*\n\s*", " ", words)
        if words and (words.strip() or begun or not owed):
            pieces.append(("\n" if owed else "") + words)
            begun, owed = True, False
        if tag is None:
            break
        place, name, end = tag.end(), tag["name"], bool(tag["end"])
        if name == "br":
            pieces.append("\n\n" if owed else "\n")
            begun = owed = False
        elif name in ("td", "th") and not end:
            pieces.append("" if first else "\t")
            first = False
        elif name in BLOCKS:
            first = first or name == "tr"
            owed = owed or begun
            begun = False
            kept += (-1 if end else 1) if name == "pre" else 0
            if name == "li" and not end:
                pieces.append("\n- " if owed else "- ")
                owed = False
    return "".join(pieces)
