"""What a record shows by itself: the features that a sample has to show too, read from the record as it was staged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.attachments.router import FilesPolicy, route, size_of
from shared.diff.scanners import (
    BLANK,
    FILLED,
    NULL,
    Day,
    Feature,
    Measured,
    Moment,
    Number,
    Patterns,
    Text,
    Values,
    code,
    number_of,
)
from shared.mapping.composed.notes import LONGEST_NOTE, ROOM_FOR_HEADER
from shared.mapping.model import FieldRule, ObjectRule
from shared.schema.model import Kind

Record = Mapping[str, Any]

TIERS: tuple[tuple[str, ...], ...] = (
    (
        "values", "states", "providers", "files", "parts", "matches", "households", "custom fields", "clock changes",
        "lookups", "fields", "other patients",
    ),
    ("longest texts", "dates"),
    ("children", "relation shapes", "locations", "characters", "numbers", "null patterns"),
    ("time stamps", "owners", "clock changes by field"),
)  # fmt: skip
"""Every kind of feature. A sample has room for those of one tier before any of the next, which give way to it."""
COMMON = frozenset({"lookups", "fields"})
"""Most records show several of these, so one of them weighs less than one of the others of its tier."""
KINDS = tuple(kind for tier in TIERS for kind in tier)
FATES = frozenset({"lookups", "relation shapes", "files", "matches"})
"""What a record shows even where it gets no row: that it is set aside is what there is to see."""
IN_PARTS = (LONGEST_NOTE - ROOM_FOR_HEADER) // 4
"""A shorter text is one part, whatever its characters become."""
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})


class View:
    """The records of one source object that the same rules take, and what each of them shows."""

    def __init__(self, rules: Sequence[ObjectRule], *, zone: str, files: FilesPolicy) -> None:
        first = rules[0]
        self.object, self.source, self.only = first.object, first.source, first.only
        self.rules, self._files = tuple(rules), files
        read = [rule for one in rules for rule in one.fields if rule.source and rule.source != "id"]
        self._names = tuple(dict.fromkeys(rule.source for rule in read))
        self._patterns = Patterns(self.object, self._names)
        self.values = [(name, Values(self.object, name, known)) for name, known in self._codes(read).items()]
        self.states = self._state_names()
        plain = {rule.source: rule.kind for rule in reversed(read) if not rule.refers_to}
        self.texts = [Text(self.object, name) for name, kind in plain.items() if kind in (Kind.TEXT, Kind.MEMO)]
        self.numbers = [Number(self.object, name) for name, kind in plain.items() if kind in NUMBERS]
        self.days: list[Day] = [Day(self.object, name) for name, kind in plain.items() if kind is Kind.DATE]
        self.days += [Moment(self.object, name, zone) for name, kind in plain.items() if kind is Kind.INSTANT]
        self.size = Number(self.object, "size", "files") if self.source == "attachments" else None
        self._routes: dict[str, Feature] = {}
        self.in_parts = Feature(self.object, "parts", "several parts") if self.object == "notes" else None

    def takes(self, record: Record) -> bool:
        """Whether the record is one of these."""
        for name, values in self.only:
            value = str(record.get(name) or "")
            if value not in values and not (value and "*" in values):
                return False
        return True

    def forms(self, record: Record) -> bytes:
        """Which fields are filled and which are not."""
        return bytes([NULL if v is None else BLANK if v == "" else FILLED for v in map(record.get, self._names)])

    def filled(self, forms: bytes) -> tuple[Feature, ...]:
        """What a record shows by which of its fields are filled."""
        return self._patterns[forms]

    def features(self, record: Record) -> list[Feature]:
        """What a record shows by itself."""
        found = list(self.filled(self.forms(record)))
        get = record.get
        for name, values in self.values:
            value = get(name)
            if value is not None and value != "":
                found.append(values[code(value)])
        for parts, said in self.states:
            found.append(said["/".join([str(get(part) or "") for part in parts])])
        for text in self.texts:
            value = get(text.name)
            if isinstance(value, str) and value:
                text.look(value, found)
        for one in self.numbers:
            number = number_of(get(one.name))
            if number is not None:
                one.look(number, found)
        if self.size is not None:
            found.append(self._routed(record))
        return found

    def measures(self, record: Record) -> list[Measured]:
        """How far a record goes in each direction in which one can be the first: larger is further."""
        get = record.get
        found: list[Measured] = []
        for text in self.texts:
            value = get(text.name)
            if isinstance(value, str) and value:
                found.append((text.longest, len(value)))
        for one in self.numbers:
            _between(number_of(get(one.name)), one.smallest, one.largest, found)
        for day in self.days:
            value = get(day.name)
            at = None if value is None else day.at(value)
            _between(at, day.oldest, day.newest, found)
            if at is not None:
                found += day.sides(value, at)
        if self.size is not None:
            _between(size_of(record), self.size.smallest, self.size.largest, found)
        return found

    def may_be_in_parts(self, record: Record) -> bool:
        """Whether the record's text is so long that it may become several rows."""
        return self.in_parts is not None and len(str(record.get("body") or "")) > IN_PARTS

    def _codes(self, read: Sequence[FieldRule]) -> dict[str, set[str]]:
        """The fields that hold one of a few values, and the values that the map knows."""
        known: dict[str, set[str]] = {}
        for rule in read:
            if rule.kind is Kind.CHOICE:
                known.setdefault(rule.source, set()).update(value for value, _ in rule.choices)
            elif rule.kind is Kind.BOOLEAN:
                known.setdefault(rule.source, set()).update(("true", "false"))
        for one in self.rules:
            for name, values in one.only:
                if "*" not in values and values != ("",):
                    known.setdefault(name, set()).update(values)
            if one.state_from and not one.states:
                known.setdefault(one.state_from, set()).update({*one.active_values, "true", "false"})
        return known

    def _state_names(self) -> list[tuple[list[str], Values]]:
        named = [rule for rule in self.rules if rule.state_from and rule.states]
        return [
            (rule.state_from.split("/"), Values(self.object, rule.state_from, {s[0] for s in rule.states}, "states"))
            for rule in named
        ]

    def _routed(self, record: Record) -> Feature:
        routed = route(record, self._files)
        name = f"{routed.route.value}: {routed.reason}" if routed.reason else routed.route.value
        return self._routes.setdefault(name, Feature(self.object, "files", name))


def _between(at: float | None, least: Feature, most: Feature, found: list[Measured]) -> None:
    if at is not None:
        found.append((least, -at))
        found.append((most, at))


def views(rules: Sequence[ObjectRule], *, zone: str, files: FilesPolicy) -> list[View]:
    """The views of a map: rules that read the same records of the same object share one."""
    alike: dict[tuple[str, Any], list[ObjectRule]] = {}
    for rule in rules:
        alike.setdefault((rule.source, rule.only), []).append(rule)
    return [View(found, zone=zone, files=files) for found in alike.values()]
