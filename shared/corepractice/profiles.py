"""What a field of the source holds, counted record by record, without keeping what it held.

A profile grows in one pass, can be stored between pages and merged with another. The only values it ever keeps are
those of pick-lists, by the rules in ``Tally``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Self

from shared.corepractice.catalog import Sensitivity, SourceField
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
_LARGEST_WHOLE = 2**31 - 1
"""Dataverse's whole numbers have 32 bits; what is beyond is an identifier of sorts and stays text."""
LONGEST_LINE = 2000
"""UTF-16 units beyond which text is a memo: a line of text in Dataverse has 4,000, and it may grow."""

YES_NO, WHOLE, DECIMAL, DATE, INSTANT, TEXT = 1, 2, 4, 8, 16, 32
_KINDS = {
    YES_NO: Kind.BOOLEAN,
    WHOLE: Kind.INTEGER,
    DECIMAL: Kind.DECIMAL,
    WHOLE | DECIMAL: Kind.DECIMAL,
    DATE: Kind.DATE,
    INSTANT: Kind.INSTANT,
}


def reads_as_label(text: str) -> bool:
    """Whether a value could be a pick-list's: short, one line, and no e-mail address, number or date."""
    return _LABEL.fullmatch(text) is not None and re.search(r"\d{4}|\d[\d -]{5}", text) is None


class Tally:
    """How often each value of a pick-list occurs.

    ``by_evidence`` is for text fields that may not be one: it keeps a digest in place of a value until that has
    occurred three times, and forgets everything for good when a value is no label or there are more than 24.
    Where the catalogue says that a field is a pick-list, every label counts, and others are only numbered.
    """

    def __init__(self, *, by_evidence: bool, counts: dict[str, int] | None = None, others: int = 0) -> None:
        self.by_evidence = by_evidence
        self.counts: dict[str, int] | None = {} if counts is None else counts
        self.others = others

    def add(self, value: Any, times: int = 1) -> None:
        """Count a value."""
        counts = self.counts
        text = value if isinstance(value, str) else str(value).lower()
        if counts is None:
            return
        if text in counts:
            counts[text] += times
        elif not reads_as_label(text):
            self._add_other(times)
        elif self.by_evidence:
            self._add_unsure(text, times)
        elif len(counts) < MOST_IN_LIST:
            counts[text] = times
        else:
            self.others += times

    def _add_other(self, times: int) -> None:
        if self.by_evidence:
            self.counts = None
        else:
            self.others += times

    def _add_unsure(self, text: str, times: int) -> None:
        assert self.counts is not None
        mark = "#" + blake2b(text.encode(), digest_size=8).hexdigest()
        seen = self.counts.pop(mark, 0) + times
        self.counts[text if seen >= OFTEN_ENOUGH else mark] = seen
        if len(self.counts) > MOST_BY_EVIDENCE:
            self.counts = None

    def merge(self, other: Tally) -> None:
        """Add what another tally of the same field counted."""
        self.others += other.others
        if other.counts is None or self.counts is None:
            self.counts = None
            return
        known = self.counts
        for text, times in other.counts.items():
            if not text.startswith("#"):
                self.add(text, times)
        marks = {"#" + blake2b(text.encode(), digest_size=8).hexdigest(): text for text in known}
        for mark, times in other.counts.items():
            if mark.startswith("#") and self.counts is not None:
                place = marks.get(mark, mark)
                self.counts[place] = self.counts.get(place, 0) + times
        if self.counts is not None and self.by_evidence and len(self.counts) > MOST_BY_EVIDENCE:
            self.counts = None

    def in_use(self) -> dict[str, int] | None:
        """The values with their counts, or None when this is no pick-list. A value that two halves of a merge saw too
        seldom to keep makes it none: text is the safe side."""
        if self.counts is None or (self.by_evidence and any(text.startswith("#") for text in self.counts)):
            return None
        return dict(sorted(self.counts.items())) if self.counts or not self.by_evidence else None


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
        if known is None or (known.kind is Kind.CHOICE and not known.values):
            self.tally = Tally(by_evidence=True)
        elif known.kind is Kind.CHOICE:
            self.tally = Tally(by_evidence=False)

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
            self.shapes |= DATE if _DATE.fullmatch(value) else INSTANT if _INSTANT.fullmatch(value) else TEXT
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
        if known is not None and not (known.kind is Kind.CHOICE and self.values is None):
            return known.kind
        if known is None and self.shapes in _KINDS:
            return _KINDS[self.shapes]
        if self.values is not None:
            return Kind.CHOICE
        return Kind.MEMO if self.several_lines or self.longest > LONGEST_LINE else Kind.TEXT

    @property
    def values(self) -> dict[str, int] | None:
        """The values in use with their counts, for a pick-list; else None."""
        if self.tally is None or self.shapes & ~TEXT:
            return None
        return self.tally.in_use()

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
