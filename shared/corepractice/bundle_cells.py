"""Text cells as the values that the API would have given.

A bundle carries no types. Fields the catalogue knows are read by its kinds; columns it does not know by what the whole
column holds: all true/false, all whole numbers, all with two places (text), all numbers, and text otherwise. What does
not fit its kind stays text, so that the one record is set aside later, by name, and the others go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from shared.corepractice.catalog import known_field
from shared.schema.model import Kind

Value = str | int | float | bool
Reader = Callable[[str], Value]

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
"""A whole number as the API writes one: no leading zeros, so that reading and writing it loses nothing."""
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
_TWO_PLACES = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")
_MONEY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")
_CENTS = Decimal("0.01")
_TRUTH = {"true": True, "false": False}


def whole(cell: str) -> Value:
    """A whole number, or the text as it is."""
    return int(cell) if WHOLE.fullmatch(cell) else cell


def decimal(cell: str) -> Value:
    """A decimal number, or the text as it is."""
    return float(cell) if _DECIMAL.fullmatch(cell) else cell


def number(cell: str) -> Value:
    """A whole or a decimal number."""
    return int(cell) if WHOLE.fullmatch(cell) else float(cell)


def truth(cell: str) -> Value:
    """Yes or no, in any case (spreadsheets write TRUE), or the text as it is."""
    return _TRUTH.get(cell.lower(), cell)


def money(cell: str) -> Value:
    """Money as the API's text with two places, which a spreadsheet's number lacks; or the text as it is."""
    return cell if _TWO_PLACES.fullmatch(cell) or not _MONEY.fullmatch(cell) else str(Decimal(cell).quantize(_CENTS))


def text(cell: str) -> Value:
    """The text as it is."""
    return cell


_READERS: dict[Kind, Reader] = {Kind.INTEGER: whole, Kind.DECIMAL: decimal, Kind.BOOLEAN: truth, Kind.MONEY: money}


def is_whole(cell: str) -> bool:
    """Whether reading a cell as a whole number loses nothing."""
    return WHOLE.fullmatch(cell) is not None


def is_number(cell: str) -> bool:
    """Whether reading a cell as a number loses nothing."""
    return WHOLE.fullmatch(cell) is not None or (_DECIMAL.fullmatch(cell) is not None and repr(float(cell)) == cell)


_GUESSES: tuple[tuple[Callable[[str], bool], Reader], ...] = (
    (lambda cell: cell in _TRUTH, truth),
    (is_whole, whole),
    (lambda cell: _TWO_PLACES.fullmatch(cell) is not None, text),  # most likely money: the API has it as text too
    (is_number, number),
    (lambda cell: True, text),
)
"""What a column may turn out to hold, the narrowest first. One cell contradicts a guess for good."""


class Evidence:
    """What the columns that the catalogue does not know hold, gathered over a whole file."""

    def __init__(self, object_name: str, columns: Sequence[str]) -> None:
        self._readers: list[Reader | None] = []
        for name in columns:
            known = known_field(object_name, name)
            self._readers.append(_READERS.get(known.kind, text) if known else None)
        self._unsettled = {place: list(_GUESSES) for place, reader in enumerate(self._readers) if reader is None}
        self._seen: set[int] = set()

    def add(self, cells: Sequence[str]) -> None:
        """Consider one more row."""
        for place, guesses in self._unsettled.items():
            cell = cells[place]
            if cell:
                self._seen.add(place)
                guesses[:] = [guess for guess in guesses if guess[0](cell)]

    def readers(self) -> list[Reader]:
        """How to read each column."""
        return [reader or self._judged(place) for place, reader in enumerate(self._readers)]

    def _judged(self, place: int) -> Reader:
        return self._unsettled[place][0][1] if place in self._seen else text
