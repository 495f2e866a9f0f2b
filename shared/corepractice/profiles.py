"""What a field of the source holds, counted record by record, without keeping what it held.

A profile grows in one pass, can be stored between pages and merged with another. The only values it ever keeps are
those of pick-lists, by the rules in ``Tally``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Self

from shared.corepractice.fields import Sensitivity, SourceField
from shared.schema.model import Kind

MOST_IN_LIST = 100
"""Distinct values of a field that is a pick-list in the source."""
MOST_BY_EVIDENCE = 24
"""Distinct values up to which a text field of a practice's own is taken for a pick-list."""
OFTEN_ENOUGH = 3
"""How often each of them has to occur: what occurs once or twice may point to one person."""

_LABEL = re.compile(r"[^\W_][\w '&/().,+:–-]{0,39}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})")
_MONEY = re.compile(r"-?\d{1,15}\.\d{2}", re.ASCII)
"""Money is text in the source, with exactly two places; a text that only now and then has two stays text."""
_LARGEST_WHOLE = 2**31 - 1
"""Dataverse's whole numbers have 32 bits; what is beyond is an identifier of sorts and stays text."""
LONGEST_LINE = 2000
"""UTF-16 units beyond which text is a memo: a line of text in Dataverse has 4,000, and it may grow."""

YES_NO, WHOLE, DECIMAL, DATE, INSTANT, TEXT, MONEY = 1, 2, 4, 8, 16, 32, 64
_KINDS = {
    YES_NO: Kind.BOOLEAN,
    WHOLE: Kind.INTEGER,
    DECIMAL: Kind.DECIMAL,
    WHOLE | DECIMAL: Kind.DECIMAL,
    DATE: Kind.DATE,
    INSTANT: Kind.INSTANT,
    MONEY: Kind.MONEY,
}


def reads_as_label(text: str) -> bool:
    """Whether a value could be a pick-list's: short, one line, no e-mail address, and too few digits for a number or
    a date that means somebody."""
    return _LABEL.fullmatch(text) is not None and sum(map(str.isdigit, text)) <= 3


def _mark(text: str) -> str:
    """What stands for a value that has not occurred often enough to be kept."""
    return "#" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _shape(text: str) -> int:
    for form, shape in ((_DATE, DATE), (_INSTANT, INSTANT), (_MONEY, MONEY)):
        if form.fullmatch(text):
            return shape
    return TEXT


class Tally:
    """How often each value of a pick-list occurs, without keeping any that occurs once or twice.

    ``declared`` are the values that the catalogue knows. Others have to read as labels and occur three times before
    they are kept; a digest stands for them until then. Where nothing is declared the field may be no pick-list at
    all: then one value that is no label, or more than 24 of them, ends the count, and everything is forgotten.
    """

    def __init__(self, declared: Iterable[str] = ()) -> None:
        self._declared = frozenset(declared)
        self._most = MOST_IN_LIST if self._declared else MOST_BY_EVIDENCE
        self.counts: dict[str, int] | None = {}
        self.others = 0

    def add(self, value: Any) -> None:
        """Count a value."""
        counts = self.counts
        if counts is None:
            return
        text = value if isinstance(value, str) else str(value)
        if text in counts:
            counts[text] += 1
        elif text in self._declared:
            counts[text] = 1
        elif reads_as_label(text):
            mark = _mark(text)
            seen = counts.pop(mark, 0) + 1
            self._put(text if seen >= OFTEN_ENOUGH else mark, seen)
        else:
            self._put_other(1)

    def _put(self, key: str, times: int) -> None:
        assert self.counts is not None
        if key in self.counts or len(self.counts) < self._most:
            self.counts[key] = self.counts.get(key, 0) + times
        else:
            self._put_other(times)

    def _put_other(self, times: int) -> None:
        if self._declared:
            self.others += times
        else:
            self.counts = None

    def merge(self, other: Tally) -> None:
        """Add what another tally of the same field counted."""
        self.others += other.others
        if self.counts is None or other.counts is None:
            self.counts = None
            return
        texts = {_mark(text): text for text in (*self.counts, *other.counts) if not text.startswith("#")}
        both = [*self.counts.items(), *other.counts.items()]
        self.counts = {}
        for key, times in both:
            if self.counts is not None:
                self._put(texts.get(key, key), times)

    def in_use(self) -> dict[str, int] | None:
        """The values with their counts, or None where this is no pick-list. A value that two halves of a merge saw
        too seldom to keep makes it none: taking it for text is the safe side."""
        if self.counts is None or (not self._declared and (not self.counts or self.unnamed)):
            return None
        return {text: times for text, times in sorted(self.counts.items()) if not text.startswith("#")}

    @property
    def unnamed(self) -> int:
        """How many values were counted but not kept."""
        marks = sum(times for text, times in (self.counts or {}).items() if text.startswith("#"))
        return self.others + marks


class FieldProfile:
    """One field. ``count`` leaves out nulls; lengths are in UTF-16 units, as Dataverse counts them."""

    __slots__ = (
        "_keeps_range",
        "_known",
        "count",
        "high",
        "longest",
        "low",
        "nulls",
        "several_lines",
        "shapes",
        "tally",
    )

    def __init__(self, known: SourceField | None) -> None:
        self._known = known
        self._keeps_range = known is not None and known.sensitivity is Sensitivity.OPERATIONAL
        self.count = self.nulls = self.longest = self.shapes = 0
        self.several_lines = False
        self.low: str | int | float | None = None
        self.high: str | int | float | None = None
        self.tally: Tally | None = None
        if known is None or known.kind is Kind.CHOICE:
            self.tally = Tally(known.values if known else ())

    def add(self, value: Any) -> None:
        """Count one value; None is a null."""
        if value is None:
            self.nulls += 1
            return
        self.count += 1
        if isinstance(value, str):
            self._add_text(value)
        else:
            self._add_number(value)
        if self.tally is not None:
            self.tally.add(value)

    def _add_text(self, value: str) -> None:
        length = len(value) if value.isascii() else len(value.encode("utf-16-le", "surrogatepass")) // 2
        if length > self.longest:
            self.longest = length
        if "\n" in value:
            self.several_lines = True
        if self._known is None:
            self.shapes |= _shape(value)
        elif self._keeps_range and self._known.kind in (Kind.DATE, Kind.INSTANT) and _DATE.fullmatch(value[:10]):
            self._stretch(value[:10])

    def _add_number(self, value: bool | int | float) -> None:
        self.longest = max(self.longest, len(str(value)))
        if isinstance(value, bool):
            self.shapes |= YES_NO
            return
        self.shapes |= DECIMAL if isinstance(value, float) else WHOLE if abs(value) <= _LARGEST_WHOLE else TEXT
        if self._keeps_range:
            self._stretch(value)

    def _stretch(self, value: Any) -> None:
        if self.low is None or (type(value) is str) != (type(self.low) is str):
            self.low = self.high = value
        elif value < self.low:
            self.low = value
        elif value > self.high:
            self.high = value

    @property
    def kind(self) -> Kind:
        """The catalogue's kind where it has one, else what every value so far could be."""
        known = self._known
        if known is not None and (known.kind is not Kind.CHOICE or known.values):
            return known.kind
        if known is None and self.shapes in _KINDS:
            return _KINDS[self.shapes]
        if self.values is not None:
            return Kind.CHOICE
        return Kind.MEMO if self.several_lines or self.longest > LONGEST_LINE else Kind.TEXT

    @property
    def values(self) -> dict[str, int] | None:
        """The values in use with their counts, for a pick-list; else None."""
        return self.tally.in_use() if self.tally is not None else None

    def merge(self, other: FieldProfile) -> None:
        """Add what another profile of the same field counted."""
        self.count += other.count
        self.nulls += other.nulls
        self.longest = max(self.longest, other.longest)
        self.shapes |= other.shapes
        self.several_lines = self.several_lines or other.several_lines
        for end in (other.low, other.high):
            if end is not None:
                self._stretch(end)
        if self.tally is not None and other.tally is not None:
            self.tally.merge(other.tally)

    def to_json(self) -> list[Any]:
        """Plain JSON, short because profiles travel through a table's row."""
        tally = [self.tally.counts, self.tally.others] if self.tally else None
        return [self.count, self.nulls, self.longest, self.shapes, self.several_lines, self.low, self.high, tally]

    @classmethod
    def from_json(cls, known: SourceField | None, plain: list[Any]) -> Self:
        """What ``to_json`` wrote."""
        profile = cls(known)
        profile.count, profile.nulls, profile.longest, profile.shapes = plain[:4]
        profile.several_lines, profile.low, profile.high, tally = plain[4:]
        if profile.tally is not None and tally is not None:
            profile.tally.counts, profile.tally.others = tally
        return profile


def fields_from_json(known: Mapping[str, SourceField], plain: Mapping[str, list[Any]]) -> dict[str, FieldProfile]:
    """The profiles of an object's fields."""
    return {name: FieldProfile.from_json(known.get(name), stored) for name, stored in plain.items()}
