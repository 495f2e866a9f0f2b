"""Values as a report prints them for people, back in the form that the API gives.

Each function answers None for what it cannot read without guessing. The caller then keeps the printed text as it is:
the field's kind no longer fits, so that record is set aside by name when it is transformed, and the others go.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.corepractice.date_order import DateOrder, iso_date

_MONEY = re.compile(r"(-?)(\$?)(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(\.[0-9]{1,2})?")
_TWO_PLACES = re.compile(r"\(?-?\$?-?[0-9,]+\.[0-9]{2}\)?")
_CENTS = Decimal("0.01")
_TRUTH = {"yes": True, "no": False, "true": True, "false": False}
_INSTANT = re.compile(
    r"(?P<date>\S+|\d{1,2} [A-Za-z]{3,9} \d{4}) (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
    r" ?(?P<half>[AaPp][Mm])(?: (?P<zone>[A-Z]{2,5}|[+-]\d{2,4}))?",
    re.ASCII,
)
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?", re.ASCII)
_WITH_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_NOON = 12


def money(text: str) -> str | None:
    """Money as the API writes it, ``-1234.00``: exact, because no binary fraction is ever between. Brackets mean minus.

    Thousands have to be grouped rightly, and there are at most two places: ``1.234,00`` is not read.
    """
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    found = _MONEY.fullmatch(inner)
    if found is None or (found[1] and found[3]):
        return None
    is_negative = bool(found[1] or found[3])
    if inner is not text:
        if is_negative:
            return None
        is_negative = True
    amount = Decimal(found[4].replace(",", "") + (found[5] or "")).quantize(_CENTS)
    return str(-amount if is_negative and amount else amount)


def is_money(text: str) -> bool:
    """Whether a text can hardly be anything else: it has exactly two places, and reads as money."""
    return _TWO_PLACES.fullmatch(text) is not None and money(text) is not None


def truth(text: str) -> bool | None:
    """Yes or No, in any case."""
    return _TRUTH.get(text.lower())


def is_instant(text: str) -> bool:
    """Whether a text has one of the forms that ``instant`` reads."""
    found = _INSTANT.fullmatch(text)
    if found:
        return any(iso_date(found["date"], order) for order in DateOrder)
    return (_WITHOUT_OFFSET.fullmatch(text) or _WITH_OFFSET.fullmatch(text)) is not None


def instant(text: str, order: DateOrder, zone: ZoneInfo) -> str | None:
    """A clock's time in the practice as ISO-8601 with the offset of that moment.

    Where clocks go back, an hour is there twice: only the printed zone says which of the two is meant, and without it
    neither is taken. An hour that clocks jumped over never was. A printed zone that was not in force is a
    contradiction. None in each case.
    """
    if _WITH_OFFSET.fullmatch(text):
        return text
    found = _INSTANT.fullmatch(text)
    clock = _clock(found, order) if found else _plain_clock(text)
    if clock is None:
        return None
    moments = {(moment.utcoffset(), moment.tzname()): moment for moment in _moments(clock, zone)}
    printed = found["zone"] if found else None
    fitting = [moment for (_, name), moment in moments.items() if printed in (None, name)]
    return fitting[0].isoformat() if len(fitting) == 1 else None


def _clock(found: re.Match[str], order: DateOrder) -> datetime | None:
    day = iso_date(found["date"], order)
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if day is None or not 1 <= hour <= _NOON or minute > 59 or second > 59:
        return None
    hour = hour % _NOON + (_NOON if found["half"].lower() == "pm" else 0)
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, second=second)


def _plain_clock(text: str) -> datetime | None:
    """A spreadsheet's own date with a time of day, which has no zone either."""
    if not _WITHOUT_OFFSET.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _moments(clock: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments at which clocks in a zone show this time: one, two where they go back, none where they jump."""
    both = [clock.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    return [moment for moment in both if _there_and_back(moment, zone) == clock]


def _there_and_back(moment: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        return None
