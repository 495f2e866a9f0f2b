"""Which object is written when, and how a phase is cut into slices that may run side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.mapping.model import FieldMap
from shared.wire.payloads import Slice


def waves(mapping: FieldMap) -> list[list[str]]:
    """Objects by wave: what others refer to goes first."""
    numbers = sorted({rule.wave for rule in mapping.objects})
    return [[rule.object for rule in mapping.objects if rule.wave == number] for number in numbers]


def one_lane_each(run: str, step: str, generation: str, objects: Iterable[str]) -> list[list[Slice]]:
    """One wave with one lane per object: for reading a source whose pages follow one another."""
    return [[Slice(run, step, generation, name) for name in objects]]


def by_shards(
    run: str, step: str, generation: str, order: Sequence[Sequence[str]], shards: Mapping[str, int], *, lanes: int
) -> list[list[Slice]]:
    """Waves of lanes; each object gets as many lanes as it has shards, at most ``lanes`` of them."""
    cut = [
        [
            Slice(run, step, generation, name, lane, width)
            for name in wave
            for width in [min(lanes, shards.get(name, 0))]
            for lane in range(width)
        ]
        for wave in order
    ]
    return [wave for wave in cut if wave]


def named(mapping: FieldMap, *, object: str | None, wave: int | None) -> list[str]:
    """The objects that somebody means by one of these; none where the map knows no such thing."""
    return [rule.object for rule in mapping.objects if object == rule.object or wave == rule.wave]


def dependents(mapping: FieldMap, objects: Iterable[str]) -> list[str]:
    """The other objects whose rows may point at rows of these, however many steps away, in the order of waves."""
    refers = {rule.object: {name for one in rule.fields for name in one.refers_to} for rule in mapping.objects}
    found = set(objects)
    while more := {name for name, referred in refers.items() if referred & found} - found:
        found |= more
    return [rule.object for rule in sorted(mapping.objects, key=lambda rule: rule.wave)
            if rule.object in found.difference(objects)]  # fmt: skip


def of_turn(generation: str, turn: int) -> str:
    """Under which generation a lane of a way back, or of a rehearsal, is kept: each has lanes of its own."""
    return generation if turn == 1 else f"{generation}.{turn}"


def backwards(run: str, step: str, journal: Sequence[tuple[int, str, str, int]], *, turn: int = 1) -> list[list[Slice]]:
    """The way back: whatever refers to others goes first, and of each object the generation written last.

    Waves come before generations: removing an account unlinks the contacts that are still there, which would make them
    look as if somebody had edited them. A journal lane is named ``<order>|<generation>|<object>|<lane>``;
    ``order`` sorts generations as they were written.
    """
    groups: dict[tuple[int, str], list[Slice]] = {}
    for wave, lane, _table, _count in journal:
        order, generation, name, number = lane.split("|")
        if generation != "schema":
            groups.setdefault((wave, order), []).append(Slice(run, step, of_turn(generation, turn), name, int(number)))
    return [groups[key] for key in sorted(groups, reverse=True)]
