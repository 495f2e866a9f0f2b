"""What the columns of a report hold, and how to read each, found by going over a whole file once.

Fields the catalogue knows are read by its kinds. Columns it does not know are what every one of their cells could be.
A cell that does not fit its column keeps its printed text, so that the one record is set aside later, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from shared.corepractice.bundle_cells import Reader, Value, decimal, is_number, is_whole, number, text, whole
from shared.corepractice.catalog import known_field
from shared.corepractice.date_order import DateEvidence, DateOrder, decided, is_date, iso_date
from shared.corepractice.printed import instant, is_instant, is_money, money, truth
from shared.schema.model import Kind

_GUESSES: tuple[tuple[Kind, Callable[[str], bool]], ...] = (
    (Kind.BOOLEAN, lambda cell: truth(cell) is not None),
    (Kind.INTEGER, is_whole),
    (Kind.DATE, is_date),
    (Kind.INSTANT, is_instant),
    (Kind.MONEY, is_money),
    (Kind.DECIMAL, is_number),
)
"""What a column nobody knows may turn out to hold, the narrowest first; text when nothing is left."""
_DATED = (Kind.DATE, Kind.INSTANT)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A column whose dates must not be read: its values leave the order open, or speak against it."""

    field: str
    evidence: DateEvidence
    stated: DateOrder | None


@dataclass(slots=True)
class _Column:
    name: str
    known: Kind | None
    stated: DateOrder | None
    guesses: list[tuple[Kind, Callable[[str], bool]]] = field(default_factory=lambda: list(_GUESSES))
    dates: DateEvidence = field(default_factory=DateEvidence)
    has_any: bool = False

    def add(self, cell: str) -> None:
        """Consider one more cell. One contradicts a guess for good."""
        self.has_any = True
        if self.known is None and self.guesses:
            self.guesses[:] = [guess for guess in self.guesses if guess[1](cell)]
        if self.known in _DATED or any(kind in _DATED for kind, _ in self.guesses):
            self.dates.add(cell)

    @property
    def kind(self) -> Kind:
        if self.known is not None:
            return self.known
        return self.guesses[0][0] if self.guesses and self.has_any else Kind.TEXT

    @property
    def order(self) -> DateOrder | None:
        return decided(self.dates, self.stated)


class PrintedColumns:
    """The columns of one report. ``stated`` are orders of day and month that somebody gave, by field."""

    def __init__(
        self, object_name: str, fields: Sequence[str], *, zone: ZoneInfo, stated: dict[str, DateOrder]
    ) -> None:
        self._zone = zone
        self._columns = [_column(object_name, name, stated.get(name)) for name in fields]
        self._watched = [(place, column) for place, column in enumerate(self._columns) if column.known is not Kind.TEXT]

    def add(self, cells: Sequence[str]) -> None:
        """Consider one more record's cells."""
        for place, column in self._watched:
            if cell := cells[place]:
                column.add(cell)

    def undecided(self) -> list[Undecided]:
        """The date columns that block: none of their values may be read before a person has said how."""
        return [
            Undecided(column.name, column.dates, column.stated)
            for column in self._columns
            if column.kind in _DATED and column.order is None
        ]

    def readers(self) -> list[Reader]:
        """How to read each column, once none is undecided."""
        return [self._reader(column) for column in self._columns]

    def _reader(self, column: _Column) -> Reader:
        zone, order = self._zone, column.order or DateOrder.DAY_FIRST
        match column.kind:
            case Kind.DATE:
                return _or_as_printed(lambda cell: iso_date(cell, order))
            case Kind.INSTANT:
                return _or_as_printed(lambda cell: instant(cell, order, zone))
            case Kind.MONEY:
                return _or_as_printed(money)
            case Kind.BOOLEAN:
                return _or_as_printed(truth)
            case Kind.INTEGER:
                return whole
            case Kind.DECIMAL:
                return decimal if column.known else number
            case _:
                return text


def _column(object_name: str, name: str, stated: DateOrder | None) -> _Column:
    known = known_field(object_name, name)
    if known is None:
        return _Column(name, None, stated)
    read_apart = known.kind in (*_DATED, Kind.MONEY, Kind.BOOLEAN, Kind.INTEGER, Kind.DECIMAL)
    return _Column(name, known.kind if read_apart else Kind.TEXT, stated, guesses=[])


def _or_as_printed(read: Callable[[str], Value | None]) -> Reader:
    def reading(cell: str) -> Value:
        value = read(cell)
        return cell if value is None else value

    return reading
