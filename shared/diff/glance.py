"""A first, quick look at a record: whether it could show anything that not enough records before it have shown.

Of millions of records nearly none does. What has to be done for each of them is here, and quick; what a record shows
in full is in ``features``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.attachments.router import size_of
from shared.diff.features import View
from shared.diff.scanners import REMEMBERED, Feature, Text, Values, code, number_of
from shared.diff.ties import Key

Record = Mapping[str, Any]

FURTHEST = 4
"""Records kept per measure. Whether they get rows is not looked at before the second look, so one more."""


class Gauge:
    """The few records that go furthest in one direction, the furthest first, with the patient of each."""

    __slots__ = ("entries", "floor")

    def __init__(self) -> None:
        self.entries: list[tuple[float, Key, str]] = []
        self.floor = float("-inf")

    def offer(self, value: float, key: Key, patient: str) -> None:
        """Keep a record that goes beyond the floor."""
        entries = self.entries
        place = 0
        while place < len(entries) and entries[place][0] >= value:
            place += 1
        entries.insert(place, (value, key, patient))
        if len(entries) > FURTHEST:
            entries.pop()
        if len(entries) == FURTHEST:
            self.floor = entries[-1][0]


class Glance:
    """For the records of one view. ``full``: the features that enough records show; it grows from outside."""

    def __init__(self, view: View, full: set[Feature], gauge: Callable[[Feature], Gauge]) -> None:
        self._view, self._full, self._gauge = view, full, gauge
        self._patterns: set[bytes] = set()
        self._values: list[tuple[str, Values, set[Any]]] = [(name, known, set()) for name, known in view.values]
        self._states: list[tuple[list[str], Values, set[Any]]] = [(parts, said, set()) for parts, said in view.states]
        self._texts = [(one.name, gauge(one.longest), one) for one in view.texts]
        self._numbers = [(one, gauge(one.smallest), gauge(one.largest)) for one in view.numbers]
        self._days = [(one, gauge(one.oldest), gauge(one.newest)) for one in view.days]
        self._sizes = (gauge(view.size.smallest), gauge(view.size.largest)) if view.size else None

    def dull(self, record: Record) -> bool:
        """Whether nothing that the record shows by itself is new."""
        get = record.get
        forms = self._view.forms(record)
        if forms not in self._patterns and not self._known(forms, self._view.filled(forms), self._patterns):
            return False
        for name, values, seen in self._values:
            value = get(name)
            if value is not None and value != "":
                value = value if value.__class__ is str else code(value)
                if value not in seen and not self._known(value, (values[value],), seen):
                    return False
        for parts, said, seen in self._states:
            state = "/".join([str(get(part) or "") for part in parts])
            if state not in seen and not self._known(state, (said[state],), seen):
                return False
        for name, _, text in self._texts:
            value = get(name)
            if value.__class__ is str and not (value.isalnum() and value.isascii()) and self._odd(text, value):
                return False
        for one, _, _ in self._numbers:
            value = get(one.name)
            if value is not None and self._signed(one.name, value, one.look):
                return False
        return self._sizes is None

    def _known(self, value: Any, shown: tuple[Feature, ...], seen: set[Any]) -> bool:
        if not self._full.issuperset(shown):
            return False
        if len(seen) < REMEMBERED:
            seen.add(value)
        return True

    def _odd(self, text: Text, value: str) -> bool:
        """Whether a text holds characters that not enough texts of the field hold."""
        if not value:
            return False
        found: list[Feature] = []
        text.look(value, found)
        return bool(found) and not self._full.issuperset(found)

    def _signed(self, name: str, value: Any, look: Callable[[float, list[Feature]], None]) -> bool:
        number = number_of(value)
        if number is None or number > 0:
            return False
        found: list[Feature] = []
        look(number, found)
        return not self._full.issuperset(found)

    def measure(self, record: Record, key: Key, patient: str) -> None:
        """Keep the record where it goes further than those before it."""
        get = record.get
        for name, longest, _ in self._texts:
            value = get(name)
            if value.__class__ is str and value and len(value) > longest.floor:
                longest.offer(len(value), key, patient)
        for one, smallest, largest in self._numbers:
            _between(number_of(get(one.name)), smallest, largest, key, patient)
        for day, oldest, newest in self._days:
            value = get(day.name)
            if value is None:
                continue
            at = day.at(value)
            if at is not None:
                _between(at, oldest, newest, key, patient)
                for feature, distance in day.sides(value, at):
                    gauge = self._gauge(feature)
                    if distance > gauge.floor:
                        gauge.offer(distance, key, patient)
        if self._sizes is not None:
            _between(size_of(record), *self._sizes, key, patient)


def _between(at: float | None, least: Gauge, most: Gauge, key: Key, patient: str) -> None:
    if at is None:
        return
    if -at > least.floor:
        least.offer(-at, key, patient)
    if at > most.floor:
        most.offer(at, key, patient)
