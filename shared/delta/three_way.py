"""One row that both sides may have changed, field by field: source then, source now, target now (N12).

Only what the source changed is written. What only a person changed stays. Where both changed the same field, in two
different ways, nobody but a person can say which is right: the field is disputed, and stays as it is meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row, same

STATE = "statecode"
SOURCE, TARGET, DISPUTED = "source", "target", "disputed"


@dataclass(frozen=True, slots=True)
class Merge:
    """``write``: the columns that only the source changed, and ``moves`` its state. ``disputed`` were changed on both
    sides, ``kept`` only at the target."""

    write: tuple[str, ...] = ()
    moves: bool = False
    disputed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def stands(self) -> frozenset[str]:
        """The columns that are not what the source says, because of a person."""
        return frozenset((*self.disputed, *self.kept))

    def spelled(self) -> str:
        """As it is kept beside the record's reason: ``mobilephone; kept: jobtitle``."""
        kept = f"kept: {','.join(self.kept)}" if self.kept else ""
        return "; ".join(part for part in (",".join(self.disputed), kept) if part)


def read(spelled: str) -> Merge:
    """What ``spelled`` made."""
    disputed, kept = "", ""
    for part in spelled.split("; "):
        if part.startswith("kept: "):
            kept = part.removeprefix("kept: ")
        else:
            disputed = part
    return Merge(disputed=_names(disputed), kept=_names(kept))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def merge(
    object_map: ObjectMap,
    then: Row,
    now: Row,
    there: Mapping[str, Any],
    *,
    disputed: Collection[str] = (),
    taken: Mapping[str, str] | None = None,
) -> Merge:
    """What becomes of a row that somebody edited. ``disputed`` columns were so the last time, and are until both sides
    agree or a person decides: ``taken`` says by column whose value that is.

    Columns that are made of one field of the source go together: a number that is in dispute is so in both its forms.
    """
    by_name = object_map.by_name
    sides = {by_name[name].source: side for name, side in (taken or {}).items() if name in by_name}
    ways: dict[str, str] = {}
    for name, value in now.values.items():
        column = by_name[name]
        theirs = there.get(column.read)
        if not column.create_only and not same(value, theirs):
            before = then.values.get(name)
            ways[name] = sides.get(column.source) or (
                DISPUTED if name in disputed else _way(untouched=same(before, theirs), unchanged=before == value)
            )
    argued = {by_name[name].source for name, way in ways.items() if way == DISPUTED} - {""}
    for name, way in ways.items():
        if way == SOURCE and by_name[name].source in argued:
            ways[name] = DISPUTED
    moves = False
    if not object_map.in_state(now, there):
        untouched, unchanged = object_map.in_state(then, there), then.state == now.state
        weighed = DISPUTED if STATE in disputed else _way(untouched=untouched, unchanged=unchanged)
        way = (taken or {}).get(STATE) or weighed
        moves = way == SOURCE
        ways |= {} if moves else {STATE: way}
    write, kept, clash = ([name for name, way in ways.items() if way == one] for one in (SOURCE, TARGET, DISPUTED))
    return Merge(tuple(write), moves, tuple(clash), tuple(kept))


def _way(*, untouched: bool, unchanged: bool) -> str:
    """Whose value a field is to have that is not the same on both sides."""
    if untouched:
        return SOURCE
    return TARGET if unchanged else DISPUTED
