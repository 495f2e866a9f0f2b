"""The pieces of sanitised HTML, and how long a text is to Dataverse.

The sanitiser writes one form only (every tag closed, every attribute in double quotes, four entities), so a pattern can
take it apart exactly. Nothing here is fit for HTML from anywhere else.
"""

from __future__ import annotations

import re

TAG = re.compile(r'<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?P<attributes>(?:[^<>"]|"[^"]*")*)>')

MARK = ' data-continued=""'
"""On an element that a part of a note only goes on with. The sanitiser takes it from any source."""

VOID = frozenset({"br", "hr", "col"})
"""Allowed elements that have no end tag."""

BLOCKS = frozenset(
    ("p", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr", "dl", "dt", "dd")
) | frozenset(("table", "caption", "thead", "tbody", "tfoot", "tr"))
"""Allowed elements that begin on a line of their own."""


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, as SQL Server counts it: 2 for an emoji."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def shortened(text: str, length: int) -> str:
    """The beginning of a text, at most ``length`` UTF-16 units of it, no character cut in two."""
    return text.encode("utf-16-le")[: max(0, length) * 2].decode("utf-16-le", "ignore").rstrip()


def burden(html: str) -> tuple[int, int]:
    """How deep the deepest element of sanitised HTML is, and how many units it takes at most, anywhere in it, to close
    what is open and open it again with our mark."""
    deepest = heaviest = weight = 0
    opened: list[int] = []
    for tag in TAG.finditer(html):
        if tag["name"] in VOID:
            continue
        if tag["end"]:
            weight -= opened.pop() if opened else 0
        else:
            opened.append(units(tag.group()) + len(MARK) + len(f"</{tag['name']}>"))
            weight += opened[-1]
            deepest, heaviest = max(deepest, len(opened)), max(heaviest, weight)
    return deepest, heaviest
