"""What a record becomes at the target, and the columns it is written and read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.mapping.transforms import Value

ACTIVE, INACTIVE = (0, 1), (1, 2)
"""State and status reason of standard and custom tables' default states (the Web API's entity reference)."""
State = tuple[int, int]


class Row(NamedTuple):
    """What a record should be at the target: its id, its columns in the form they read back in, and its state.

    A record that needs several rows (a long note) gives them in turn; ``part`` counts them from 1. ``writer`` is the
    user in whose name it is made (A22); nothing where we make it in our own. A tuple: there is one for every record.
    """

    id: str
    values: dict[str, Value]
    state: State
    part: int = 1
    writer: str = ""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that gets no row of its own, by a named rule."""

    rule: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that cannot go, and why: a slug and a column, never a value."""

    reason: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table as it is written and read. ``read`` differs from ``name`` for lookups.

    ``create_only`` ones can never be changed; ``at_closing`` ones go with the write that sets the state.
    """

    name: str
    read: str
    label: str
    rule: str
    source: str
    bind: str = ""
    bind_set: str = ""
    create_only: bool = False
    at_closing: bool = False


def same(expected: Value, actual: Any) -> bool:
    """Equality in the form of reading back: text exactly, GUIDs without regard to case, numbers as numbers."""
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return True
    if isinstance(expected, str) and isinstance(actual, str) and len(expected) == 36 == len(actual):
        return expected.lower() == actual.lower() and expected.count("-") == 4
    return False


def state_there(present: Mapping[str, Any]) -> State:
    """The state and status reason of a row that was read back; a table without states reads as active."""
    return int(present.get("statecode") or 0), int(present.get("statuscode") or ACTIVE[1])
