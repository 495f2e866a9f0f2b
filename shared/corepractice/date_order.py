"""Whether a column of printed dates writes the day or the month first, decided by all of its values or not at all.

4/7/2024 is a day in April or in July, and nothing about the value says which. A column does say it, as soon as one of
its values has a part that no month has. One that never does is not guessed at: a birthday in the wrong month looks
as sound as one in the right month, and nobody would ever find it. Dates are plain dates here; no time zone is near.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_IN_DIGITS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
"""The year is last and has four digits: two of them leave the century open, so they are not read."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[ /-]([A-Za-z]{3,9})[ /-](\d{4})", re.ASCII)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = {short: number for number, name in enumerate(_MONTHS, 1) for short in (name, name[:3])} | {"sept": 9}
_MONTHS_IN_A_YEAR, _MOST_DAYS = 12, 31


class DateOrder(StrEnum):
    """Which of the first two parts is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class Verdict(StrEnum):
    """What a column's values say. ``EITHER``: each reads the same both ways, or there is none in digits."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    EITHER = "either"
    UNDECIDABLE = "undecidable"
    CONTRADICTORY = "contradictory"


@dataclass(slots=True)
class DateEvidence:
    """Counts over a column; values are never kept. ``values`` are dates in digits; a part over 12 can only be a day."""

    values: int = 0
    first_over_12: int = 0
    second_over_12: int = 0
    differing: int = 0
    """Those that are another day when read the other way."""

    def add(self, text: str) -> None:
        """Consider one value. What is no date in digits, or could be none in either order, says nothing."""
        found = _IN_DIGITS.match(text)
        if found is None:
            return
        first, second = int(found[1]), int(found[3])
        if not (0 < first <= _MOST_DAYS and 0 < second <= _MOST_DAYS):
            return
        if first > _MONTHS_IN_A_YEAR and second > _MONTHS_IN_A_YEAR:
            return
        self.values += 1
        self.first_over_12 += first > _MONTHS_IN_A_YEAR
        self.second_over_12 += second > _MONTHS_IN_A_YEAR
        self.differing += first != second

    @property
    def verdict(self) -> Verdict:
        """One value that can only be read one way decides for the whole column."""
        if self.first_over_12 and self.second_over_12:
            return Verdict.CONTRADICTORY
        if self.first_over_12:
            return Verdict.DAY_FIRST
        if self.second_over_12:
            return Verdict.MONTH_FIRST
        return Verdict.UNDECIDABLE if self.differing else Verdict.EITHER

    def told(self) -> str:
        """The evidence in words, without any value."""
        return (
            f"{self.values} values in digits, {self.first_over_12} with a first part over 12, "
            f"{self.second_over_12} with a second part over 12"
        )


def decided(evidence: DateEvidence, stated: DateOrder | None) -> DateOrder | None:
    """The order to read a column in, or None where it must not be read.

    What a person stated decides where the values leave it open; it does not stand against them.
    """
    match evidence.verdict:
        case Verdict.CONTRADICTORY:
            return None
        case Verdict.DAY_FIRST:
            return DateOrder.DAY_FIRST if stated in (None, DateOrder.DAY_FIRST) else None
        case Verdict.MONTH_FIRST:
            return DateOrder.MONTH_FIRST if stated in (None, DateOrder.MONTH_FIRST) else None
        case Verdict.UNDECIDABLE:
            return stated
        case Verdict.EITHER:
            return stated or DateOrder.DAY_FIRST


def is_date(text: str) -> bool:
    """Whether a text has one of the forms that ``iso_date`` reads."""
    return any(form.fullmatch(text) for form in (_IN_DIGITS, _ISO, _NAMED))


def iso_date(text: str, order: DateOrder) -> str | None:
    """``YYYY-MM-DD`` for a printed date, or None for what is no day of the calendar when read in this order.

    A date with the year first, or with the month's English name, reads the same in any order.
    """
    if found := _IN_DIGITS.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
        return _day(year, month, day)
    if _ISO.fullmatch(text):
        return _day(int(text[:4]), int(text[5:7]), int(text[8:]))
    if found := _NAMED.fullmatch(text):
        month_named = _MONTH.get(found[2].lower())
        return None if month_named is None else _day(int(found[3]), month_named, int(found[1]))
    return None


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
