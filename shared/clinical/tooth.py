"""What a practice wrote about where in the mouth, as teeth in FDI: read, or refused, and never guessed (A32, N18).

The practice states its notation. A text that can only be another notation is read as that one, and the reading says
so. A text that fits two follows the stated one. A bare 9, 19 or 29 in an FDI chart fits Universal alone, but is as
likely a slip of the finger: a wrong tooth is worse than none, so it is a problem. So is a digit without its quadrant.
The raw text always stays beside the reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.clinical.notation import OF_UNIVERSAL, TEETH, Notation, between, of_palmer, quadrant_of
from shared.clinical.surfaces import Unread, impossible, one_set
from shared.clinical.wording import area_of, plain


@dataclass(frozen=True, slots=True)
class ToothReading:
    """Teeth in FDI as they were written, the area they share (one of ``notation.AREAS``), surfaces in canonical
    order, and the notation the text was read in. With a ``problem`` about the teeth all of them are empty; with one
    about the surfaces alone the teeth stand."""

    teeth: tuple[str, ...]
    quadrant: str | None
    surfaces: str
    notation: Notation
    problem: str | None = None


PROBLEMS = {
    "tooth-unknown": "The text names no tooth in any notation.",
    "tooth-without-quadrant": "A position without its quadrant.",
    "tooth-only-in-universal": "A bare number that only Universal has: another notation, or a slip.",
    "tooth-ambiguous": "The text fits two notations, and neither is the stated one.",
    "tooth-or-surface": "One letter that is a tooth in Universal and a surface in every notation.",
    "tooth-notations-mixed": "Two notations in one text.",
    "tooth-range-unclear": "A range whose ends are not in one arch.",
    "surfaces-without-tooth": "Surfaces, but no tooth to have them.",
    "surface-unknown": "Letters that are no surface.",
    "surface-repeated": "A surface written twice.",
    "surfaces-contradict": "Two names for one place, such as occlusal and incisal.",
    "several-surface-sets": "Several restorations in one text.",
    "surface-not-on-tooth": "A surface that the tooth does not have, so that one of the two is wrong.",
}
"""Every problem slug, and what it means."""

SCAN = re.compile(
    r"(?P<palmer>[UL][RL] ?(?:[1-8](?!\d)|[A-E](?![A-Z])))"
    r"|(?P<dotted>[1-8]\.[1-8](?!\d))"
    r"|(?P<number>#?\d{1,2}(?!\d))"
    r"|(?P<surfaces>[MODBFLPI]+(?![A-Z]))"
    r"|(?P<letter>[A-T](?![A-Z]))"
    r"|(?P<range> ?(?:-|\bTO\b) ?)"
    r"|(?P<next> ?(?:[,;/&+]|\bAND\b)[ ,]?)"
    r"|(?P<gap>[ ():]+)"
)

SURE_LETTERS = frozenset("ACEGHJKNQRST")
"""Universal's primary teeth whose letter is no surface."""


def of_number(text: str, stated: Notation) -> tuple[Notation, str]:
    """What a bare number, or one behind a hash, names."""
    number = text.removeprefix("#")
    meant = {
        Notation.FDI: number if number in TEETH else None,
        Notation.UNIVERSAL: OF_UNIVERSAL.get(number.lstrip("0")),
    }
    if tooth := meant.get(stated):
        return stated, tooth
    fdi, universal = meant[Notation.FDI], meant[Notation.UNIVERSAL]
    if universal and text != number:  # the hash is how American charts write a tooth
        return Notation.UNIVERSAL, universal
    if fdi and universal:
        raise Unread("tooth-ambiguous")
    if fdi:
        return Notation.FDI, fdi
    if universal:
        raise Unread("tooth-without-quadrant" if int(number) <= 8 else "tooth-only-in-universal")
    raise Unread("tooth-unknown")


class _Scan:
    """One pass over a text: the teeth and the groups of surfaces met so far, and what the next token may lean on."""

    def __init__(self, stated: Notation) -> None:
        self.stated = stated
        self.teeth: list[str] = []
        self.groups: list[str] = []
        self.notations: set[Notation] = set()
        self.quadrant = ""  # of the Palmer tooth just read: "UR6, 7" and "UR6-4" name it once
        self.by_letter = False  # whether the tooth just read was a letter
        self.after = ""  # the separator just read

    def read(self, text: str) -> None:
        place = 0
        while place < len(text):
            token = SCAN.match(text, place)
            if token is None or token.lastgroup is None:
                raise Unread("tooth-unknown" if not self.teeth else "surface-unknown")
            place = token.end()
            kind = token.lastgroup
            if kind in ("range", "next", "gap"):
                self.after = kind if kind != "gap" else self.after or kind
                continue
            self.take(kind, token.group())
            self.after = ""
        if self.after == "range":
            raise Unread("tooth-range-unclear")

    def take(self, kind: str, text: str) -> None:
        if kind == "surfaces" and not (len(text) == 1 and self.is_tooth()):
            self.groups.append(text)
            return
        if self.groups and self.teeth:
            raise Unread("several-surface-sets")  # "16 MO, 26 DO"
        if kind == "palmer":
            self.quadrant = text[:2]
            self.add(Notation.PALMER, of_palmer(self.quadrant, text[-1]))
        elif self.quadrant and len(text) == 1 and text in "12345678ABCDE" and self.after:
            self.add(Notation.PALMER, of_palmer(self.quadrant, text))
        elif kind == "dotted":
            self.of_dotted(text)
        elif kind == "number":
            self.add(*of_number(text, self.stated))
        else:
            if self.stated is Notation.PALMER and text in "ABCDE":
                raise Unread("tooth-without-quadrant")
            self.add(Notation.UNIVERSAL, OF_UNIVERSAL[text])
        self.by_letter = text.isalpha()

    def is_tooth(self) -> bool:
        """Whether a single surface letter stands for a tooth here."""
        if self.after == "range":
            return self.by_letter or bool(self.quadrant)
        listed = self.after == "next"
        if not self.teeth and not self.groups:
            return self.stated is Notation.UNIVERSAL
        if listed and (self.by_letter or (self.stated is Notation.UNIVERSAL and not self.groups)):
            if self.stated is Notation.UNIVERSAL and self.by_letter and not self.groups:
                return True
            raise Unread("tooth-or-surface")
        return False

    def of_dotted(self, text: str) -> None:
        tooth = text.replace(".", "")
        if tooth not in TEETH:
            raise Unread("tooth-unknown")
        self.add(Notation.FDI, tooth)

    def add(self, notation: Notation, tooth: str) -> None:
        self.notations.add(notation)
        if len(self.notations) > 1:
            raise Unread("tooth-notations-mixed")
        if notation is not Notation.PALMER:
            self.quadrant = ""
        along: tuple[str, ...] = (tooth,)
        if self.after == "range":
            run = between(self.teeth[-1], tooth) if self.teeth else None
            if run is None:
                raise Unread("tooth-range-unclear")
            along = run
        self.teeth += [each for each in along if each not in self.teeth]


def parse(tooth: str | None, surfaces: str | None, notation: Notation) -> ToothReading:
    """Read a tooth text and a surfaces text; either may be absent, and the tooth text may hold surfaces too."""
    try:
        return _parse(plain(tooth), plain(surfaces), notation)
    except Unread as unread:
        return ToothReading((), None, "", notation, unread.problem)


def _parse(text: str, beside: str, stated: Notation) -> ToothReading:
    area = area_of(text, stated)
    scan = _Scan(stated)
    if area is None:
        scan.read(text)
    if not scan.teeth and scan.groups:
        alone = len(scan.groups) == 1 and len(scan.groups[0]) == 1
        raise Unread("tooth-or-surface" if alone else "surfaces-without-tooth")
    read_as = next(iter(scan.notations), stated)
    quadrants = {quadrant_of(tooth) for tooth in scan.teeth}
    quadrant = area or (quadrants.pop() if len(quadrants) == 1 else None)
    teeth = tuple(scan.teeth)
    try:
        letters = _surfaces(scan.groups, beside)
    except Unread as unread:
        return ToothReading(teeth, quadrant, "", read_as, unread.problem)
    if letters and not teeth:
        return ToothReading((), quadrant, "", read_as, "surfaces-without-tooth")
    if impossible(letters, teeth):
        raise Unread("surface-not-on-tooth")
    return ToothReading(teeth, quadrant, letters, read_as)


def _surfaces(written: list[str], beside: str) -> str:
    """One set of surfaces from those in the tooth text and those in their own field, which must agree."""
    groups = re.split(r"[ ,;/&+()-]+|\bAND\b", beside)
    if any(set(group) - set("MODBFLPI") for group in groups):
        raise Unread("surface-unknown")
    inside, own = one_set(written), one_set([group for group in groups if group])
    if inside and own and inside != own:
        raise Unread("several-surface-sets")
    return inside or own


ENOUGH = 3
"""Fewer telling texts than this decide nothing: that many slips happen."""

NEARLY_ALL = 0.95


def evidence(text: str) -> Notation | None:
    """The one notation that a text can be written in; None when it fits two, or names an area or nothing."""
    read = plain(text)
    if area_of(read, Notation.PALMER):
        return None
    if re.match(r"[UL][RL] ?[1-8A-E]", read):
        return Notation.PALMER
    if re.match(r"[1-8]\.[1-8](?!\d)", read):
        return Notation.FDI
    if read in SURE_LETTERS:
        return Notation.UNIVERSAL
    numbers = re.findall(r"(?<!\d)\d{1,2}(?!\d)", read)
    in_fdi = all(number in TEETH for number in numbers)
    in_universal = all(number.lstrip("0") in OF_UNIVERSAL for number in numbers)
    if not numbers or in_fdi == in_universal:
        return None
    return Notation.FDI if in_fdi else Notation.UNIVERSAL


def column_notation(counts: Mapping[str, int]) -> Notation | None:
    """The notation that a whole column is written in, from its texts and how often each occurs.

    Only texts that fit a single notation count (36 is no Universal tooth, 9 no FDI one). None when fewer than three
    tell, or when more than one in twenty of them tells otherwise: then a person states it.
    """
    votes = dict.fromkeys(Notation, 0)
    for text, count in counts.items():
        if vote := evidence(text):
            votes[vote] += count
    best = max(votes, key=lambda notation: votes[notation])
    told = sum(votes.values())
    return best if votes[best] >= ENOUGH and votes[best] >= NEARLY_ALL * told else None
