"""Which records make a sample: enough of every kind, and whole with what they refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.mapping.model import FieldRule
from shared.schema.model import Kind

Record = dict[str, Any]


class Picker:
    """Picks at most ``most`` records in one pass: those ``wanted`` by id, those that show something no record before
    them has shown (a pick-list value, a value of a ``telling`` field, a field left empty), then the first others.
    What does not fit has no row, and so shows nothing."""

    def __init__(
        self,
        fields: Iterable[FieldRule],
        *,
        most: int,
        wanted: frozenset[str] = frozenset(),
        telling: Iterable[str] = (),
        fits: Callable[[Record], bool] = lambda record: True,
    ) -> None:
        read = [field for field in fields if field.source]
        choices = (field.source for field in read if field.kind is Kind.CHOICE)
        self._choices = list(dict.fromkeys([*telling, *choices]))
        self._fields = list(dict.fromkeys(field.source for field in read))
        self._most = most
        self._wanted = wanted
        self._fits = fits
        self._asked: list[Record] = []
        self._telling: list[Record] = []
        self._empty: list[Record] = []
        self._others: list[Record] = []
        self._shown: set[tuple[str, str]] = set()

    def see(self, record: Record) -> None:
        """Consider one more record."""
        new = self._features(record) - self._shown
        if new and not self._fits(record):
            return
        if str(record["id"]) in self._wanted:
            self._asked.append(record)
        elif any(value for _, value in new) and len(self._telling) < self._most:
            self._telling.append(record)
        elif new and len(self._empty) < self._most:
            self._empty.append(record)
        elif len(self._others) < self._most:
            self._others.append(record)
            return
        self._shown |= new

    def chosen(self) -> list[Record]:
        """The sample so far."""
        return [*self._asked, *self._telling, *self._empty, *self._others][: self._most]

    def _features(self, record: Record) -> set[tuple[str, str]]:
        shown = {(name, str(record.get(name))) for name in self._choices}
        return shown | {(name, "") for name in self._fields if record.get(name) in (None, "")}


def references(records: Iterable[Mapping[str, Any]], field: str) -> frozenset[str]:
    """The ids that records refer to in a field."""
    return frozenset(str(record[field]) for record in records if record.get(field) not in (None, ""))
