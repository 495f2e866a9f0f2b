"""How one source value becomes one target value. Each transform is pure and says what it cannot take.

Target values are in the form in which Dataverse reads them back, so the same value serves the write and the proof:
instants as UTC to the second with ``Z``, dates as ``YYYY-MM-DD``, choices as integers, lookups as lower-case GUIDs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from shared.people.government import masked

Value = str | int | float | bool | None
Transform = Callable[[Any], Value]

EARLIEST_YEAR = 1753
"""SQL Server's datetime begins there, so Dataverse refuses anything earlier."""


class Unfit(Exception):
    """A value that has no form at the target. ``reason`` is a slug; the value itself is never in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(value: Any) -> Value:
    """Text as it is; an empty text is an absent one, as Dataverse reads it back."""
    return None if value is None or value == "" else str(value)


def bounded_text(length: int) -> Transform:
    """Text that must fit a column of ``length`` characters. UTF-16 units, as SQL Server counts them."""

    def bounded(value: Any) -> Value:
        plain = text(value)
        if isinstance(plain, str) and len(plain) * 2 > length and len(plain.encode("utf-16-le")) // 2 > length:
            raise Unfit("text-too-long")
        return plain

    return bounded


def shortened_text(length: int) -> Transform:
    """The beginning of a text that a longer column holds in full: at most ``length`` UTF-16 units."""

    def shortened(value: Any) -> Value:
        plain = text(value)
        if not isinstance(plain, str) or len(plain) * 2 <= length:
            return plain
        return plain.encode("utf-16-le")[: length * 2].decode("utf-16-le", "ignore").rstrip() or None

    return shortened


def integer(value: Any) -> Value:
    """A whole number within Dataverse's range of 32 bits."""
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise Unfit("not-a-number") from None
    if not -2_147_483_648 <= number <= 2_147_483_647:
        raise Unfit("number-out-of-range")
    return number


def decimal(value: Any) -> Value:
    """A decimal number."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Unfit("not-a-number") from None


REMEMBERED = {"money": 1_024, "date": 4_096, "instant": 64}
"""Values kept in memory: the prices of a practice, its days, and the moments that one record gives several times.
Larger ones find a twentieth more, which makes no difference to the map, and fill with the practice."""

CENTS = re.compile(r"-?\d{1,12}(\.\d{1,2})?")


def money(value: Any) -> Value:
    """An amount, exact to the cent: its text is checked before it becomes the number Dataverse reads back."""
    if value is None or value == "":
        return None
    if not CENTS.fullmatch(str(value)):
        raise Unfit("not-an-amount")
    return float(value)


def hidden_identifier(value: Any) -> Value:
    """A government identifier of which only the last places can be read."""
    plain = text(value)
    return masked(plain) if isinstance(plain, str) else None


TRUTH = {True: True, False: False, "true": True, "false": False, "True": True, "False": False}


def boolean(value: Any) -> Value:
    """Yes or no; absent stays absent."""
    if value is None or value == "":
        return None
    try:
        return TRUTH[value]
    except (KeyError, TypeError):
        raise Unfit("not-a-yes-or-no") from None


DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_only(value: Any) -> Value:
    """A calendar date. It never passes through a time zone."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not DATE.fullmatch(value):
        raise Unfit("not-a-date")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Unfit("not-a-date") from None
    if day.year < EARLIEST_YEAR:
        raise Unfit("date-too-early")
    return value


def instant(value: Any) -> Value:
    """A moment, with its offset, as UTC to the second."""
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit("not-a-time") from None
    if moment.tzinfo is None:
        raise Unfit("time-without-zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar, which programs write for "none"
        raise Unfit("date-too-early" if moment.year < EARLIEST_YEAR else "date-too-late") from None
    if moment.year < EARLIEST_YEAR:
        raise Unfit("date-too-early")
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def choice(values: Mapping[str, int]) -> Transform:
    """A pick-list value, or a yes or no, as the integer its label has at the target. What stands under an empty text
    is for every value that nobody foresaw; without it, such a value is unfit."""

    def chosen(value: Any) -> Value:
        if value is None or value == "":
            return None
        number = values.get(value if isinstance(value, str) else str(value).lower(), values.get(""))
        if number is None:
            raise Unfit("choice-unknown")
        return number

    return chosen


OF_TEXT: Mapping[str, Transform] = {
    name: lru_cache(maxsize=REMEMBERED[name])(transform)
    for name, transform in (("money", money), ("date", date_only), ("instant", instant))
}
"""The same for texts, which come again and again. What does not go is worked out anew each time."""

PLAIN: Mapping[str, Transform] = {
    "text": text,
    "integer": integer,
    "decimal": decimal,
    "money": money,
    "masked": hidden_identifier,
    "boolean": boolean,
    "date": date_only,
    "instant": instant,
}
