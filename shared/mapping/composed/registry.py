"""Every composed value by name, and the fields each of them reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shared.mapping.composed.circumstances import Circumstances, Getter, Record
from shared.mapping.composed.ledger import LEDGER
from shared.mapping.composed.names import NAMES
from shared.mapping.composed.notes import NOTES, TEXTS
from shared.mapping.composed.people import PEOPLE
from shared.mapping.composed.talk import PARTIES, TALK
from shared.mapping.composed.teeth import TEETH
from shared.mapping.transforms import Value
from shared.people.phones import e164

PLAIN: dict[str, tuple[Callable[[Record], Value], tuple[str, ...]]] = {
    **NAMES,
    **LEDGER,
    **TALK,
    **NOTES,
    **PEOPLE,
}
DEPENDENT: dict[str, tuple[Callable[[Circumstances], Getter], tuple[str, ...]]] = {**TEETH, **PARTIES, **TEXTS}
SOURCES: dict[str, tuple[str, ...]] = {name: reads for name, (_, reads) in (*PLAIN.items(), *DEPENDENT.items())}
"""Which fields a composed value reads."""


def getter(transform: str, around: Circumstances, *, hidden: frozenset[str]) -> Getter | None:
    """The composed value of that name, or None when there is none. It never sees a field that must not move."""
    if transform in PLAIN:
        found: Getter = PLAIN[transform][0]
    elif transform in DEPENDENT:
        found = DEPENDENT[transform][0](around)
    else:
        return None
    blind = hidden & set(SOURCES[transform])
    return partial(_without, found, blind) if blind else found


def _without(getter: Getter, blind: frozenset[str], record: Record) -> Value:
    return getter({name: value for name, value in record.items() if name not in blind})


def phone(source: str, around: Circumstances) -> Getter:
    """A telephone number in the form of E.164, or nothing where it is no number; the raw text is beside it."""

    def number(record: Record) -> Value:
        raw = record.get(source)
        return e164(str(raw), around.region) if raw else None

    return number
