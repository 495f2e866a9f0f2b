"""What a record shows: the features that a sample has to show too, read from the record as it was staged.

A feature is named by object, kind and name; the name holds fields, ids and the codes of pick-lists that the map lists,
never a text of the practice. A measure is a feature that only the records with the largest value have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.attachments.router import FilesPolicy, route, size_of
from shared.corepractice.fields import CUSTOM_PREFIX
from shared.diff.clock_changes import near
from shared.mapping.composed.notes import LONGEST_NOTE, ROOM_FOR_HEADER
from shared.mapping.model import FieldRule, ObjectRule
from shared.mapping.transforms import EARLIEST_YEAR
from shared.schema.model import Kind

Record = Mapping[str, Any]

KINDS = (
    "values", "states", "providers", "owners", "lookups", "custom fields", "fields", "files", "parts", "matches",
    "households", "children", "other patients", "clock changes", "dates", "longest texts", "locations",
    "relation shapes", "characters", "numbers", "null patterns",
)  # fmt: skip
"""Every kind of feature. Where a sample has no room for all of them, those named last give way first."""
FATES = frozenset({"lookups", "relation shapes", "files", "matches"})
"""What a record shows even where it gets no row: that it is set aside is what there is to see."""
TOGETHER = 5
"""Neighbouring fields whose emptiness is looked at together: of forty fields every patient has a pattern of his own."""
NO_ROW_BEFORE = EARLIEST_YEAR * 10_000
OTHER = "a value the map does not know"
FORMS = {0: "null", 1: "an empty text", 2: "filled", 3: "a blank text"}
IN_PARTS = (LONGEST_NOTE - ROOM_FOR_HEADER) // 4
"""A shorter text is one part, whatever its characters become."""


class Feature(NamedTuple):
    """Something that records have in common."""

    object: str
    kind: str
    name: str


Measured = tuple[Feature, float]


def _form(value: Any) -> int:
    if value is None:
        return 0
    if value == "":
        return 1
    return 3 if value.__class__ is str and value.isspace() else 2


def code(value: Any) -> str:
    """A pick-list's value as the map writes it."""
    return value if isinstance(value, str) else str(value).lower()


class View:
    """The records of one source object that the same rules take, and what each of them shows."""

    def __init__(self, rules: Sequence[ObjectRule], *, zone: str, files: FilesPolicy) -> None:
        first = rules[0]
        self.object, self.source, self.only = first.object, first.source, first.only
        self.rules = tuple(rules)
        self._zone, self._files = zone, files
        read = [rule for one in rules for rule in one.fields if rule.source and rule.source != "id"]
        names = list(dict.fromkeys(rule.source for rule in read))
        self._groups = [
            (tuple(names[start : start + TOGETHER]), _Patterns(self.object, names[start : start + TOGETHER]))
            for start in range(0, len(names), TOGETHER)
        ]
        self._values = [(name, _Values(self.object, name, known)) for name, known in self._codes(read).items()]
        self._states = self._state_names()
        plain = {rule.source: rule.kind for rule in reversed(read) if not rule.refers_to}
        self._texts = [_Text(self.object, n) for n, kind in plain.items() if kind in (Kind.TEXT, Kind.MEMO)]
        self._numbers = [_Number(self.object, n) for n, kind in plain.items() if kind in _NUMBERS]
        self._days = [_Span(self.object, n) for n, kind in plain.items() if kind is Kind.DATE]
        self._moments = [_Moment(self.object, n, zone) for n, kind in plain.items() if kind is Kind.INSTANT]
        self._size = _Number(self.object, "size", "files") if self.source == "attachments" else None
        self._routes: dict[str, Feature] = {}
        self.in_parts = Feature(self.object, "parts", "several parts") if self.object == "notes" else None

    def takes(self, record: Record) -> bool:
        """Whether the record is one of these."""
        for name, values in self.only:
            value = str(record.get(name) or "")
            if value not in values and not (value and "*" in values):
                return False
        return True

    def features(self, record: Record) -> list[Feature]:
        """Everything the record shows by itself; what it shows by what it refers to is not among it."""
        get = record.get
        found: list[Feature] = []
        for names, patterns in self._groups:
            found += patterns[tuple(map(_form, map(get, names)))]
        for name, values in self._values:
            value = get(name)
            if value is not None and value != "":
                found.append(values[value if value.__class__ is str else code(value)])
        for parts, said in self._states:
            found.append(said["/".join([str(get(part) or "") for part in parts])])
        for text in self._texts:
            value = get(text.name)
            if value.__class__ is str and value and (not value.isascii() or not value.isalnum()):
                found += text.characters(value)
        for number in self._numbers:
            found += number.signs(get(number.name))
        if self._size is not None:
            found.append(self._routed(record))
        return found

    def measures(self, record: Record) -> list[Measured]:
        """How far the record goes in each direction in which one can be the first: larger is further."""
        get = record.get
        found: list[Measured] = []
        for text in self._texts:
            value = get(text.name)
            if value.__class__ is str and value:
                found.append((text.longest, len(value)))
        for number in self._numbers:
            found += number.measures(get(number.name))
        for day in self._days:
            found += day.measures(_day(get(day.name)))
        for moment in self._moments:
            found += moment.measures(get(moment.name))
        if self._size is not None:
            found += self._size.measures(size_of(record))
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

    def _state_names(self) -> list[tuple[list[str], _Values]]:
        named = [rule for rule in self.rules if rule.state_from and rule.states]
        return [
            (rule.state_from.split("/"), _Values(self.object, rule.state_from, {s[0] for s in rule.states}, "states"))
            for rule in named
        ]

    def _routed(self, record: Record) -> Feature:
        routed = route(record, self._files)
        name = f"{routed.route.value}: {routed.reason}" if routed.reason else routed.route.value
        return self._routes.setdefault(name, Feature(self.object, "files", name))


class _Patterns(dict[tuple[int, ...], tuple[Feature, ...]]):
    """What a few fields show by being filled or empty, worked out once per pattern."""

    def __init__(self, object_: str, names: Sequence[str]) -> None:
        super().__init__()
        self._object, self._names = object_, tuple(names)

    def __missing__(self, forms: tuple[int, ...]) -> tuple[Feature, ...]:
        shown = [
            Feature(self._object, _kind(name), f"{name}: {FORMS[form]}")
            for name, form in zip(self._names, forms, strict=True)
        ]
        empty = [name for name, form in zip(self._names, forms, strict=True) if form != 2]
        among = f"{self._names[0]} to {self._names[-1]}"
        together = f"{among}: {', '.join(empty)} empty" if empty else f"{among}: all filled"
        self[forms] = (*shown, Feature(self._object, "null patterns", together))
        return self[forms]


def _kind(name: str) -> str:
    return "custom fields" if name.startswith(CUSTOM_PREFIX) else "fields"


class _Values(dict[str, Feature]):
    """The feature of each value of a field; what the map does not know is told apart by nothing."""

    def __init__(self, object_: str, name: str, known: set[str], kind: str = "values") -> None:
        super().__init__({value: Feature(object_, kind, f"{name}={value}") for value in known if value})
        self._other = Feature(object_, kind, f"{name}: {'any other' if kind == 'states' else OTHER}")

    def __missing__(self, value: str) -> Feature:
        return self._other


class _Text:
    """A text: how long it is, and which characters it holds that do not go everywhere unharmed."""

    def __init__(self, object_: str, name: str) -> None:
        self.name = name
        self.longest = Feature(object_, "longest texts", name)
        self._beyond = Feature(object_, "characters", f"{name}: beyond ASCII")
        self._astral = Feature(object_, "characters", f"{name}: beyond the first 65,536")
        self._lines = Feature(object_, "characters", f"{name}: several lines")
        self._markup = Feature(object_, "characters", f"{name}: angle brackets or ampersands")
        self._around = Feature(object_, "characters", f"{name}: space around it")

    def characters(self, value: str) -> list[Feature]:
        found = []
        if not value.isascii():
            found.append(self._beyond)
            if max(value) > "\uffff":
                found.append(self._astral)
        if "\n" in value:
            found.append(self._lines)
        if "<" in value or "&" in value:
            found.append(self._markup)
        if value[0].isspace() or value[-1].isspace():
            found.append(self._around)
        return found


_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})


class _Number:
    """A number: its sign, and how large it is."""

    def __init__(self, object_: str, name: str, kind: str = "numbers") -> None:
        self.name = name
        self._smallest = Feature(object_, kind, f"{name}: smallest")
        self._largest = Feature(object_, kind, f"{name}: largest")
        self._zero = [Feature(object_, kind, f"{name}: zero")]
        self._negative = [Feature(object_, kind, f"{name}: negative")]

    def signs(self, value: Any) -> list[Feature]:
        number = _number(value)
        if number is None or number > 0:
            return []
        return self._negative if number < 0 else self._zero

    def measures(self, value: Any) -> list[Measured]:
        number = _number(value)
        return [] if number is None else [(self._smallest, -number), (self._largest, number)]


def _number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None  # neither infinite nor no number


class _Span:
    """A date: the oldest and the newest of them."""

    def __init__(self, object_: str, name: str) -> None:
        self.name = name
        self._oldest = Feature(object_, "dates", f"{name}: oldest")
        self._newest = Feature(object_, "dates", f"{name}: newest")

    def measures(self, value: float | None) -> list[Measured]:
        return [] if value is None else [(self._oldest, -value), (self._newest, value)]


def _day(value: Any) -> float | None:
    """A day as one number, or nothing where it is none that the target takes."""
    if value is None:
        return None
    try:
        number = int(value[:4] + value[5:7] + value[8:10])
    except (TypeError, ValueError):
        return None
    return number if number >= NO_ROW_BEFORE else None


class _Moment(_Span):
    """A moment: also which side of a change of the clocks it is on, and how near."""

    def __init__(self, object_: str, name: str, zone: str) -> None:
        super().__init__(object_, name)
        self._object, self._zone = object_, zone
        self._sides: dict[str, Feature] = {}

    def measures(self, value: Any) -> list[Measured]:
        if value is None:
            return []
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return []
        if moment.tzinfo is None or not EARLIEST_YEAR <= moment.year < 9999:
            return []
        at = moment.timestamp()
        found = super().measures(at)
        for side, distance in near(self._zone, at):
            found.append((self._side(side), -distance))
        return found

    def _side(self, side: str) -> Feature:
        if side not in self._sides:
            self._sides[side] = Feature(self._object, "clock changes", f"{self.name}: {side}")
        return self._sides[side]


def views(rules: Sequence[ObjectRule], *, zone: str, files: FilesPolicy) -> list[View]:
    """The views of a map: rules that read the same records of the same object share one."""
    alike: dict[tuple[str, Any], list[ObjectRule]] = {}
    for rule in rules:
        alike.setdefault((rule.source, rule.only), []).append(rule)
    return [View(found, zone=zone, files=files) for found in alike.values()]
