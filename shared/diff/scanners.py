"""What one value shows, by the kind of field it is in: a pick-list's, a text, a number, a day, a moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.corepractice.fields import CUSTOM_PREFIX
from shared.diff.clock_changes import near
from shared.mapping.transforms import EARLIEST_YEAR

NULL, BLANK, FILLED = 0, 1, 2
FORMS = {NULL: "null", BLANK: "an empty text", FILLED: "filled"}
TOGETHER = 5
"""Neighbouring fields whose emptiness is looked at together: of forty fields every patient has a pattern of his own."""
STAMPS = frozenset({"created_at", "updated_at"})
PRACTICE = "practice"
"""The object of what any record of any object may show."""
OTHER = "a value the map does not know"
EARLIEST_DAY, LATEST_YEAR = EARLIEST_YEAR * 10_000, 9998
REMEMBERED = 4_000


class Feature(NamedTuple):
    """Something that records have in common. Its name holds fields, ids and the codes of pick-lists that the map
    lists, never a text of the practice."""

    object: str
    kind: str
    name: str


Measured = tuple[Feature, float]
"""A feature that only the records with the largest value have, and the value of one."""


def code(value: Any) -> str:
    """A pick-list's value as the map writes it."""
    return value if isinstance(value, str) else str(value).lower()


def kind_of(name: str) -> str:
    """Under which kind it is counted that a field is filled or empty."""
    return "custom fields" if name.startswith(CUSTOM_PREFIX) else "fields"


class Patterns(dict[bytes, tuple[Feature, ...]]):
    """What fields show by being filled or empty, worked out once per pattern."""

    def __init__(self, object_: str, names: Sequence[str]) -> None:
        super().__init__()
        self._object, self._names = object_, tuple(names)
        self._made: dict[tuple[int, bytes], tuple[Feature, ...]] = {}

    def __missing__(self, forms: bytes) -> tuple[Feature, ...]:
        found = tuple(one for start in range(0, len(forms), TOGETHER) for one in self._of(start, forms))
        if len(self) < REMEMBERED:
            self[forms] = found
        return found

    def _of(self, start: int, forms: bytes) -> tuple[Feature, ...]:
        """What a few neighbours show, each alone and all together."""
        part = forms[start : start + TOGETHER]
        if (start, part) not in self._made:
            pairs = list(zip(self._names[start : start + TOGETHER], part, strict=True))
            shown = [Feature(self._object, kind_of(name), f"{name}: {FORMS[form]}") for name, form in pairs]
            empty = ", ".join(name for name, form in pairs if form != FILLED)
            together = f"{pairs[0][0]} to {pairs[-1][0]}: {f'{empty} empty' if empty else 'all filled'}"
            self._made[start, part] = (*shown, Feature(self._object, "null patterns", together))
        return self._made[start, part]


class Values(dict[str, Feature]):
    """The feature of each value of a field; what the map does not know is told apart by nothing."""

    def __init__(self, object_: str, name: str, known: Collection[str], kind: str = "values") -> None:
        super().__init__({value: Feature(object_, kind, f"{name}={value}") for value in known if value})
        self._other = Feature(object_, kind, f"{name}: {'any other' if kind == 'states' else OTHER}")

    def __missing__(self, value: str) -> Feature:
        return self._other


class Text:
    """How long a text is, and which characters it holds that do not go everywhere unharmed."""

    def __init__(self, object_: str, name: str) -> None:
        self.name = name
        self.longest = Feature(object_, "longest texts", name)
        self._beyond = Feature(object_, "characters", f"{name}: beyond ASCII")
        self._astral = Feature(object_, "characters", f"{name}: beyond the first 65,536")
        self._lines = Feature(object_, "characters", f"{name}: several lines")
        self._markup = Feature(object_, "characters", f"{name}: angle brackets or ampersands")
        self._around = Feature(object_, "characters", f"{name}: space around it")
        self._blank = Feature(object_, kind_of(name), f"{name}: nothing but space")

    def look(self, value: str, found: list[Feature]) -> None:
        """Add what the text shows."""
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


class Number:
    """A number's sign, and how large it is."""

    def __init__(self, object_: str, name: str, kind: str = "numbers") -> None:
        self.name = name
        self.smallest = Feature(object_, kind, f"{name}: smallest")
        self.largest = Feature(object_, kind, f"{name}: largest")
        self._zero = Feature(object_, kind, f"{name}: zero")
        self._negative = Feature(object_, kind, f"{name}: negative")

    def look(self, number: float, found: list[Feature]) -> None:
        """Add what the number shows."""
        if number <= 0:
            found.append(self._negative if number else self._zero)


def number_of(value: Any) -> float | None:
    """A number, or nothing where it is none."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None  # neither infinite nor no number


class Day:
    """A date: the oldest and the newest of them."""

    def __init__(self, object_: str, name: str) -> None:
        self.name = name
        kind = "time stamps" if name in STAMPS else "dates"
        self.oldest = Feature(object_, kind, f"{name}: oldest")
        self.newest = Feature(object_, kind, f"{name}: newest")

    def at(self, value: Any) -> float | None:
        """The date as one number, or nothing where it is none that the target takes."""
        try:
            day = int(value[:4] + value[5:7] + value[8:10])
        except (TypeError, ValueError):
            return None
        return day if day >= EARLIEST_DAY else None

    def sides(self, value: Any, at: float) -> Sequence[Measured]:
        """A date has no hour, so it is on no side of anything."""
        return ()


class Moment(Day):
    """A moment: also which side of a change of the clocks it is on, and how near."""

    def __init__(self, object_: str, name: str, zone: str) -> None:
        super().__init__(object_, name)
        self._object, self._zone = object_, zone
        self._sides: dict[str, tuple[Feature, Feature]] = {}

    def at(self, value: Any) -> float | None:
        """The moment in seconds since 1970, or nothing where it is none that the target takes."""
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return None
        sound = moment.tzinfo is not None and EARLIEST_YEAR <= moment.year <= LATEST_YEAR
        return moment.timestamp() if sound else None

    def sides(self, value: Any, at: float) -> Sequence[Measured]:
        """The sides of changes it is on, of any field and of this one: the nearer, the further it goes."""
        return [(one, -distance) for side, distance in near(self._zone, value, at) for one in self._side(side)]

    def _side(self, side: str) -> tuple[Feature, Feature]:
        if side not in self._sides:
            anywhere = Feature(PRACTICE, "clock changes", side)
            self._sides[side] = (anywhere, Feature(self._object, "clock changes by field", f"{self.name}: {side}"))
        return self._sides[side]
