"""A note that is longer than its column, in several that fit, and the whole again from them.

Dataverse's ``notetext`` holds 100,000 characters. A cut closes what is open and opens it again in the next part, each
reopened element with a mark of ours. The sanitiser lets no source bring that mark, so ``recombine`` gives back exactly
what was split, which is how a verifier proves that nothing was lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.richtext.markup import BLOCKS, MARK, TAG, VOID, shortened, units

REOPENED = re.compile(rf'(?:<[a-z][a-z0-9]*(?:[^<>"]|"[^"]*")*{re.escape(MARK)}>)*')
TOKEN = re.compile(rf"{TAG.pattern}|&[a-z]+;|\s{{1,32}}|[^<&\s]{{1,32}}")

MINIMUM_LIMIT = 8_000
"""Any sanitised HTML can be cut into parts of at least this many units: see
``sanitise.HEAVIEST``, which bounds what a part must repeat. Less is enough for most: text without elements needs 64."""

LATE = 0.75
"""A good place to cut is looked for in the last quarter of a part."""


@dataclass(frozen=True, slots=True)
class _Open:
    """One open element and those around it. ``items`` counts the list items begun in it."""

    outer: _Open | None
    name: str
    opener: str
    items: int = 0

    @property
    def reopening(self) -> str:
        return f"{self.opener[:-1]}{MARK}>"


Stack = _Open | None


@dataclass(frozen=True, slots=True)
class _Boundary:
    """A place between two tokens: what is open there, what closing and reopening it costs, how good a cut it is."""

    stack: Stack
    closing: int
    reopening: int
    rank: int


def split(html: str, limit: int) -> list[str]:
    """Sanitised HTML in parts of at most ``limit`` UTF-16 units each, every one with all its elements closed.

    HTML that fits is one part, unchanged. ValueError when a part could not hold what must be repeated in it, which
    cannot happen from ``MINIMUM_LIMIT`` on.
    """
    if units(html) <= limit:
        return [html]
    tokens = [token.group() for token in TOKEN.finditer(html)]
    lengths = list(map(len if html.isascii() else units, tokens))
    boundaries = _boundaries(tokens)
    parts: list[str] = []
    start = 0
    while start < len(tokens):
        end = _cut(lengths, boundaries, start, limit)
        inside = "".join(tokens[start:end])
        parts.append(_reopen(boundaries[start].stack) + inside + _close(boundaries[end].stack))
        start = end
    return parts


def recombine(parts: Sequence[str]) -> str:
    """The whole that was split. ValueError when parts are missing or out of order in a way that shows."""
    pieces: list[str] = []
    for part in parts:
        reopened = REOPENED.match(part)
        marks = reopened.group() if reopened else ""
        for _ in range(marks.count(MARK + ">")):
            if not pieces or not pieces[-1].endswith(">") or (closer := pieces[-1].rfind("</")) < 0:
                raise ValueError("this part goes on with elements that the part before did not leave open")
            pieces[-1] = pieces[-1][:closer]
        pieces.append(part[len(marks) :])
    return "".join(pieces)


def part_subject(subject: str | None, n: int, m: int, limit: int = 500) -> str:
    """The subject of part ``n`` of ``m``, shortened to fit. A note in one part keeps its own."""
    if m == 1:
        return subject or ""
    counted = f"part {n}/{m}"
    if not subject:
        return counted
    room = limit - units(counted) - 3
    return f"{subject if units(subject) <= room else shortened(subject, room)} ({counted})"


def _boundaries(tokens: Sequence[str]) -> list[_Boundary]:
    """What holds before each token, and after the last."""
    stack: Stack = None
    closing = reopening = 0
    found = [_Boundary(None, 0, 0, 0)]
    here: dict[int, _Boundary] = {}  # by rank: most tokens are words, and between two tags all cost the same
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        tag = TAG.fullmatch(token) if token[0] == "<" else None
        if tag and tag["name"] not in VOID:
            stack = _after(stack, tag)
            closing, reopening = len(_close(stack)), units(_reopen(stack))
            here = {}
        rank = _rank(token, tag, following, stack)
        if rank not in here:
            here[rank] = _Boundary(stack, closing, reopening, rank)
        found.append(here[rank])
    return found


def _after(stack: Stack, tag: re.Match[str]) -> Stack:
    if tag["end"]:
        return stack.outer if stack else None
    if tag["name"] == "li" and stack is not None:
        stack = replace(stack, items=stack.items + 1)
    return _Open(stack, tag["name"], tag.group())


def _rank(token: str, tag: re.Match[str] | None, following: str, stack: Stack) -> int:
    """How little a cut after this token disturbs a reader: 0 would leave an empty element on one side."""
    if following.startswith("</"):
        return 0
    if tag is None:
        return 2 if token.isspace() else 1
    if not tag["end"] and tag["name"] not in VOID:
        return 0
    if tag["name"] in ("br", "hr") or (tag["end"] and tag["name"] in BLOCKS):
        return 4 if stack is None else 3
    return 1


def _cut(lengths: Sequence[int], boundaries: Sequence[_Boundary], start: int, limit: int) -> int:
    """Where the part that begins at ``start`` ends: the best of the late places, else the last one that fits."""
    length = boundaries[start].reopening
    last = best = start
    for place in range(start + 1, len(boundaries)):
        length += lengths[place - 1]
        if length + boundaries[place].closing > limit:
            break
        last = place
        if (length >= limit * LATE and boundaries[place].rank >= boundaries[best].rank) or best == start:
            best = place
    else:
        return len(boundaries) - 1
    if last == start:
        raise ValueError(f"a part of {limit} units cannot hold the elements that are open here")
    return best if boundaries[best].rank else last


def _close(stack: Stack) -> str:
    closers: list[str] = []
    while stack is not None:
        closers.append(f"</{stack.name}>")
        stack = stack.outer
    return "".join(closers)


def _reopen(stack: Stack) -> str:
    """The open elements once more, outermost first, each marked. A numbered list goes on with its next number."""
    openers: list[str] = []
    inner: Stack = None
    while stack is not None:
        opener = stack.reopening
        if stack.name == "ol" and stack.items:
            begun = re.search(r' start="([0-9]+)"', opener)
            goes_on = inner is not None and inner.name == "li"
            number = (int(begun[1]) if begun else 1) + stack.items - (1 if goes_on else 0)
            opener = re.sub(r' start="[0-9]+"', "", opener).replace("<ol", f'<ol start="{number}"', 1)
        openers.append(opener)
        inner, stack = stack, stack.outer
    return "".join(reversed(openers))
