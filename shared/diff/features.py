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

TIERS: tuple[tuple[str, ...], ...] = (
    ("values", "states", "providers", "files", "parts", "matches", "households", "custom fields", "clock changes"),
    ("lookups", "fields", "other patients"),
    ("longest texts", "dates"),
    ("children", "relation shapes", "locations", "characters", "numbers", "null patterns"),
    ("time stamps", "owners", "clock changes by field"),
)
"""Every kind of feature. A sample has room for those of one tier before any of the next, which give way to it."""
KINDS = tuple(kind for tier in TIERS for kind in tier)
FATES = frozenset({"lookups", "relation shapes", "files", "matches"})
"""What a record shows even where it gets no row: that it is set aside is what there is to see."""
TOGETHER = 5
"""Neighbouring fields whose emptiness is looked at together: of forty fields every patient has a pattern of his own."""
NO_ROW_BEFORE = EARLIEST_YEAR * 10_000
OTHER = "a value the map does not know"
NULL, BLANK, FILLED = 0, 1, 2
FORMS = {NULL: "null", BLANK: "an empty text", FILLED: "filled"}
IN_PARTS = (LONGEST_NOTE - ROOM_FOR_HEADER) // 4
"""A shorter text is one part, whatever its characters become."""
STAMPS = frozenset({"created_at", "updated_at"})
PRACTICE = "practice"
"""The object of what any record of any object may show."""


class Feature(NamedTuple):
    """Something that records have in common."""

    object: str
    kind: str
    name: str


Measured = tuple[Feature, float]


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
        self._names = tuple(names)
        self._patterns = _Patterns(self.object, names)
        self._values = [(name, _Values(self.object, name, known)) for name, known in self._codes(read).items()]
        self._states = self._state_names()
        plain = {rule.source: rule.kind for rule in reversed(read) if not rule.refers_to}
        self._texts = [_Text(self.object, n) for n, kind in plain.items() if kind in (Kind.TEXT, Kind.MEMO)]
        self._numbers = [_Number(self.object, n) for n, kind in plain.items() if kind in _NUMBERS]
        self._spans: list[_Span] = [
            _Moment(self.object, n, zone) if kind is Kind.INSTANT else _Span(self.object, n)
            for n, kind in plain.items()
            if kind in (Kind.DATE, Kind.INSTANT)
        ]
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

    def forms(self, record: Record) -> bytes:
        """Which fields are filled and which are not."""
        return bytes([NULL if v is None else BLANK if v == "" else FILLED for v in map(record.get, self._names)])

    def filled(self, forms: bytes) -> tuple[Feature, ...]:
        """What a record shows by which of its fields are filled."""
        return self._patterns[forms]

    def scan(self, record: Record) -> tuple[list[Feature], list[Measured]]:
        """What the record shows by the values it has, and how far it goes in each direction in which one can be the
        first: larger is further."""
        get = record.get
        found: list[Feature] = []
        measured: list[Measured] = []
        for name, values in self._values:
            value = get(name)
            if value is not None and value != "":
                found.append(values[value if value.__class__ is str else code(value)])
        for parts, said in self._states:
            found.append(said["/".join([str(get(part) or "") for part in parts])])
        for text in self._texts:
            value = get(text.name)
            if value.__class__ is str and value:
                measured.append((text.longest, len(value)))
                if not value.isalnum() or not value.isascii():
                    text.characters(value, found)
        for number in self._numbers:
            value = get(number.name)
            if value is not None:
                number.look(value, found, measured)
        for span in self._spans:
            value = get(span.name)
            if value is not None:
                span.look(value, measured)
        if self._size is not None:
            self._size.look(size_of(record), found, measured)
            found.append(self._routed(record))
        return found, measured

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


class _Patterns(dict[bytes, tuple[Feature, ...]]):
    """What fields show by being filled or empty, worked out once per pattern."""

    most = 4_000

    def __init__(self, object_: str, names: Sequence[str]) -> None:
        super().__init__()
        self._object, self._names = object_, tuple(names)
        self._made: dict[tuple[int, bytes], tuple[Feature, ...]] = {}

    def __missing__(self, forms: bytes) -> tuple[Feature, ...]:
        found = tuple(one for start in range(0, len(forms), TOGETHER) for one in self._of(start, forms))
        if len(self) < self.most:
            self[forms] = found
        return found

    def _of(self, start: int, forms: bytes) -> tuple[Feature, ...]:
        """What a few neighbours show, each alone and all together."""
        part = forms[start : start + TOGETHER]
        if (start, part) not in self._made:
            pairs = list(zip(self._names[start : start + TOGETHER], part, strict=True))
            shown = [Feature(self._object, _kind(name), f"{name}: {FORMS[form]}") for name, form in pairs]
            empty = ", ".join(name for name, form in pairs if form != FILLED)
            together = f"{pairs[0][0]} to {pairs[-1][0]}: {f'{empty} empty' if empty else 'all filled'}"
            self._made[start, part] = (*shown, Feature(self._object, "null patterns", together))
        return self._made[start, part]


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
        self._blank = Feature(object_, _kind(name), f"{name}: nothing but space")

    def characters(self, value: str, found: list[Feature]) -> None:
        if not value.isascii():
            found.append(self._beyond)
            if max(value) > "\uffff":
                found.append(self._astral)
        if "\n" in value:
            found.append(self._lines)
        if "<" in value or "&" in value:
            found.append(self._markup)
        if value[0].isspace() or value[-1].isspace():
            found.append(self._blank if value.isspace() else self._around)


_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})


class _Number:
    """A number: its sign, and how large it is."""

    def __init__(self, object_: str, name: str, kind: str = "numbers") -> None:
        self.name = name
        self._smallest = Feature(object_, kind, f"{name}: smallest")
        self._largest = Feature(object_, kind, f"{name}: largest")
        self._zero = Feature(object_, kind, f"{name}: zero")
        self._negative = Feature(object_, kind, f"{name}: negative")

    def look(self, value: Any, found: list[Feature], measured: list[Measured]) -> None:
        number = _number(value)
        if number is not None:
            measured.append((self._smallest, -number))
            measured.append((self._largest, number))
            if number <= 0:
                found.append(self._negative if number else self._zero)


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
        kind = "time stamps" if name in STAMPS else "dates"
        self._oldest = Feature(object_, kind, f"{name}: oldest")
        self._newest = Feature(object_, kind, f"{name}: newest")

    def look(self, value: Any, measured: list[Measured]) -> None:
        try:
            day = int(value[:4] + value[5:7] + value[8:10])
        except (TypeError, ValueError):
            return
        if day >= NO_ROW_BEFORE:
            self._between(day, measured)

    def _between(self, at: float, measured: list[Measured]) -> None:
        measured.append((self._oldest, -at))
        measured.append((self._newest, at))


class _Moment(_Span):
    """A moment: also which side of a change of the clocks it is on, and how near."""

    def __init__(self, object_: str, name: str, zone: str) -> None:
        super().__init__(object_, name)
        self._object, self._zone = object_, zone
        self._sides: dict[str, tuple[Feature, Feature]] = {}

    def look(self, value: Any, measured: list[Measured]) -> None:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return
        if moment.tzinfo is None or not EARLIEST_YEAR <= moment.year < 9999:
            return
        at = moment.timestamp()
        self._between(at, measured)
        for side, distance in near(self._zone, at):
            measured += [(feature, -distance) for feature in self._side(side)]

    def _side(self, side: str) -> tuple[Feature, Feature]:
        if side not in self._sides:
            anywhere = Feature(PRACTICE, "clock changes", side)
            self._sides[side] = (anywhere, Feature(self._object, "clock changes by field", f"{self.name}: {side}"))
        return self._sides[side]


def views(rules: Sequence[ObjectRule], *, zone: str, files: FilesPolicy) -> list[View]:
    """The views of a map: rules that read the same records of the same object share one."""
    alike: dict[tuple[str, Any], list[ObjectRule]] = {}
    for rule in rules:
        alike.setdefault((rule.source, rule.only), []).append(rule)
    return [View(found, zone=zone, files=files) for found in alike.values()]
