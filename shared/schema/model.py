"""Tables and fields, in one vocabulary for both shores.

The source's inventory, the tables we want and the target's live metadata are all described in these words, so that a
gap is a plain comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds. The names follow Dataverse, the narrower of the two shores."""

    TEXT = "text"
    MEMO = "memo"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    LOOKUP = "lookup"
    OWNER = "owner"
    FILE = "file"
    IDENTIFIER = "identifier"
    STATE = "state"
    STATUS = "status"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice: the stored integer and the label people see.

    ``value`` 0 in a wanted choice means: number it when it is made. ``state`` is the state a status reason belongs to.
    """

    value: int
    label: str
    state: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``schema_name`` keeps the case that navigation properties need; ``name`` is its lower case.

    ``max_length`` is in characters, or kilobytes of a file column. ``targets`` are the tables a lookup may point to, as
    logical names. ``navigation`` maps each lookup target to its exact, case-sensitive navigation property name.
    ``secured`` columns can only be read by members of a field security profile. ``precision`` is the number of decimal
    places.
    """

    name: str
    kind: Kind
    schema_name: str = ""
    label: str = ""
    max_length: int | None = None
    options: tuple[Option, ...] = ()
    targets: tuple[str, ...] = ()
    navigation: tuple[tuple[str, str], ...] = ()
    why: str = ""
    custom: bool = False
    writable: bool = True
    secured: bool = False
    precision: int | None = None

    def navigation_to(self, table: str) -> str | None:
        """The navigation property that binds this lookup to ``table``, or None if it cannot point there."""
        return dict(self.navigation).get(table)


@dataclass(frozen=True, slots=True)
class Key:
    """An alternate key. ``status`` is Dataverse's EntityKeyIndexStatus, empty for one that is only wanted."""

    name: str
    fields: tuple[str, ...]
    status: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: logical name, entity set name (used in addresses), primary id and name columns, fields and keys."""

    name: str
    set_name: str
    primary_id: str
    primary_name: str
    schema_name: str = ""
    label: str = ""
    label_plural: str = ""
    fields: tuple[Field, ...] = ()
    keys: tuple[Key, ...] = ()
    custom: bool = False
    why: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that logical name, or None."""
        return next((field for field in self.fields if field.name == name), None)
