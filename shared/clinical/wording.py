"""The words of a tooth text, before its teeth: spellings put into one form, and areas that are no single tooth."""

from __future__ import annotations

import re
import unicodedata

from shared.clinical.notation import (
    ISO_AREAS,
    LOWER_ARCH,
    PALMER_QUADRANTS,
    QUADRANTS,
    UPPER_ARCH,
    WHOLE_MOUTH,
    Notation,
)
from shared.clinical.surfaces import WORDS

REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[‐-―−]", "-"),
        (r"\b(?:UPPER|MAXILLARY|TOP)[ -]+(RIGHT|LEFT)\b", r"U\1"),
        (r"\b(?:LOWER|MANDIBULAR|BOTTOM)[ -]+(RIGHT|LEFT)\b", r"L\1"),
        (r"\b(RIGHT|LEFT)[ -]+(?:UPPER|MAXILLARY)\b", r"U\1"),
        (r"\b(RIGHT|LEFT)[ -]+(?:LOWER|MANDIBULAR)\b", r"L\1"),
        (r"\b([UL])(R|L)(?:IGHT|EFT)\b", r"\1\2 "),
        (r"\b([UL])[/.]([RL])\b\.?", r"\1\2 "),
        # Palmer's corners: Unicode's dentistry symbols, and the box-drawing ones people use instead.
        (r"([1-8A-E]) ?[⏌┘]", r" UR\1 "),
        (r"[⎿└] ?([1-8A-E])", r" UL\1 "),
        (r"[⎾┌] ?([1-8A-E])", r" LL\1 "),
        (r"([1-8A-E]) ?[⏋┐]", r" LR\1 "),
        (r"\b(?:TOOTH|TEETH|NUMBER|NO)\b\.?", " "),
        *((rf"\b{word}\b", letter) for word, letter in WORDS.items()),
    )
)

QUADRANT_WORD = re.compile(r"([UL][RL]) ?(?:Q|QUAD|QUADRANT)?|Q(?:UAD|UADRANT)? ?([1-8])")
ARCH_WORDS = (
    (re.compile(r"(?:UPPER|MAXILLA|MAXILLARY|TOP)(?: ARCH| JAW| TEETH)?"), UPPER_ARCH),
    (re.compile(r"(?:LOWER|MANDIBLE|MANDIBULAR|BOTTOM)(?: ARCH| JAW| TEETH)?"), LOWER_ARCH),
    (re.compile(r"(?:FULL|WHOLE) MOUTH|ALL(?: TEETH)?"), WHOLE_MOUTH),
)


def plain(text: str | None) -> str:
    """A text in the form the rules are written for: capitals, single spaces, words turned into letters."""
    read = " ".join(unicodedata.normalize("NFKC", text or "").upper().split())
    for pattern, replacement in REWRITES:
        read = pattern.sub(replacement, read)
    return " ".join(read.split())


def area_of(text: str, notation: Notation) -> str | None:
    """The area a plain text names as a whole: a quadrant, an arch, the mouth. ISO 3950's codes in FDI only."""
    if notation is Notation.FDI and text in ISO_AREAS:
        return ISO_AREAS[text]
    if quadrant := QUADRANT_WORD.fullmatch(text):
        letters, digit = quadrant.groups()
        return QUADRANTS[PALMER_QUADRANTS[letters][0] if letters else str((int(digit) - 1) % 4 + 1)]
    return next((area for pattern, area in ARCH_WORDS if pattern.fullmatch(text)), None)
