"""The sample: the records of the pool that show the most features in the room there is.

One choice after another: the records whose features, as far as they are not shown yet, weigh the most for each record
that has to come with them. What does not fit any more gives way, and is said.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from shared.diff.candidates import Candidates
from shared.diff.features import COMMON, TIERS
from shared.diff.pool import Pool
from shared.diff.relations import Relations
from shared.diff.scanners import Feature
from shared.diff.ties import Key

PROMISING, ROUNDS = 12, 6
"""How many choices are worked out exactly at a time, and how often room is made in what was chosen."""
LATER, LIGHTER, WORTH = 0.001, 8, 0.05
"""What a feature of the next tier weighs against one of this, how many common ones weigh as much as one other, and
from which worth on a choice belongs to this tier."""
OFTEN = {"appointments": 3, "treatments": 3, "invoices": 2, "communications": 2}
"""How many of an object's records one patient brings while a sample is filled up (R132); one of every other."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Records that are chosen together, with all they need; ``together``: what they show only as a whole."""

    keys: tuple[Key, ...]
    together: frozenset[Feature]


class Cover:
    """A growing sample. ``size`` is the most records it may hold, of all objects together."""

    def __init__(self, candidates: Candidates, relations: Relations, pool: Pool, *, size: int) -> None:
        self._candidates, self._relations, self._pool, self._size = candidates, relations, pool, size
        self._whole: dict[Key, tuple[Key, ...]] = {}
        self._weights: dict[str, float] = {}
        self._taken: list[Unit] = []
        self._left: dict[Key, float] = {}
        self._keys: list[Key] = []
        self._showing: dict[Feature, array[int]] = {}
        """By feature that is not shown yet, the places of the keys that show it: nearly a million of them."""
        self.chosen: dict[Key, None] = {}
        self.covered: set[Feature] = set()
        self.there = self._features()

    def _features(self) -> dict[Feature, list[tuple[Key, ...]]]:
        """Every feature of the data, with the records that show it, alone or together."""
        found: dict[Feature, list[tuple[Key, ...]]] = {}
        for feature, keys in self._candidates.holders.items():
            bundles = self._pool.bundles.get(feature)
            if bundles is None or feature.name.endswith(": none"):
                found[feature] = [(key,) for key in dict.fromkeys((*self._pool.near.get(feature, ()), *keys))]
            else:
                full = [b for b in bundles if len(b.children) >= (1 if feature.kind == "other patients" else b.most)]
                found[feature] = [(bundle.parent, *bundle.children) for bundle in full]
        for feature, furthest in self._candidates.furthest.items():
            found[feature] = [(key,) for _, key, _ in furthest if key in self._pool.members and self._pool.has_row(key)]
        for size, keys in self._pool.families.items():
            found[Feature("patients", "households", size)] = [(key,) for key in keys]
        return found

    def choose(self) -> None:
        """Choose records until every feature is shown or nothing fits any more, then fill up."""
        for key in sorted(key for key in self._pool.members if key[0] == "defaults"):
            self._take_in(self._with(key))
        units = self._units()
        for tier in range(len(TIERS)):
            for _ in range(ROUNDS):
                self._show(tier, units)
                if not self._drop(tier):
                    break
        self._fill()

    def _units(self) -> list[Unit]:
        """What can be chosen in one go: each record that shows something, or several that do so together."""
        bundled: dict[tuple[Key, ...], frozenset[Feature]] = {}
        for feature, ways in self.there.items():
            for keys in ways:
                together = bundled.setdefault(keys, frozenset())
                if len(keys) > 1 or feature.kind == "households":
                    bundled[keys] = together | {feature}
        return [
            Unit(self._all_with(keys), together)
            for keys, together in sorted(bundled.items())
            if all(key in self._pool.members for key in keys)
        ]

    def _show(self, tier: int, units: list[Unit]) -> None:
        """Choose for the features of one tier; those of later ones decide between what is equal without them."""
        self._weights = {
            kind: LATER ** max(at - tier, 0) / (LIGHTER if kind in COMMON else 1)
            for at, kinds in enumerate(TIERS)
            for kind in kinds
        }
        self._left = {key: 0.0 for unit in units for key in unit.keys}
        self._keys, self._showing = list(self._left), {}
        for place, key in enumerate(self._keys):
            for feature in self._pool.shown(key):
                if feature not in self.covered:
                    self._left[key] += self._weights[feature.kind]
                    showing = self._showing.get(feature)
                    if showing is None:
                        showing = self._showing[feature] = array("I")
                    showing.append(place)
        while True:
            # What is worth less than one feature of this tier waits for the next.
            useful = [(worth, unit) for unit in units if (worth := self._worth(unit)) >= WORTH]
            best = self._best(useful)
            if best is None:
                return
            self._take_in(best.keys)
            self._taken.append(best)
            self.covered.update(best.together)
            units = [unit for _, unit in useful]

    def _drop(self, tier: int) -> bool:
        """Take out again what later choices have made superfluous. True where that made room."""
        kept = Counter(key for unit in self._taken for key in unit.keys)
        shown = Counter(feature for key in kept for feature in self._pool.shown(key))
        shown.update(feature for unit in self._taken for feature in unit.together)
        matters = frozenset(kind for kinds in TIERS[: tier + 1] for kind in kinds)
        dropped = False
        for unit in list(self._taken):
            alone = [key for key in unit.keys if kept[key] == 1]
            lost = Counter(feature for key in alone for feature in self._pool.shown(key)) + Counter(unit.together)
            if any(number == shown[one] and one.kind in matters for one, number in lost.items()):
                continue
            dropped = True
            self._taken.remove(unit)
            kept.subtract(unit.keys)
            shown.subtract(lost)
            for key in alone:
                del self.chosen[key]
        self.covered = {feature for feature, number in shown.items() if number > 0}
        return dropped

    def _worth(self, unit: Unit) -> float:
        """What a unit adds at most: what its records have in common counts for each of them."""
        worth = 0.0
        left = self._left
        for key in unit.keys:
            worth += left[key]
        if unit.together and not unit.together <= self.covered:
            worth += sum(self._weights[one.kind] for one in unit.together - self.covered)
        return worth

    def _best(self, units: Sequence[tuple[float, Unit]]) -> Unit | None:
        """The unit that adds the most for each record it brings; of the most promising few it is worked out exactly."""
        room, chosen = self._size - len(self.chosen), self.chosen
        promising: list[tuple[float, int]] = []
        for place, (worth, unit) in enumerate(units):
            cost = 0
            for key in unit.keys:
                cost += key not in chosen
            if cost <= room:
                promising.append((-worth / max(cost, 0.5), place))
        exact = [(self._exact(units[place][1]), -place) for _, place in nsmallest(PROMISING, promising)]
        worth, place = max(exact, default=(0.0, 0))
        return units[-place][1] if worth > 0 else None

    def _exact(self, unit: Unit) -> float:
        added = [key for key in unit.keys if key not in self.chosen]
        new = {one for key in added for one in self._pool.shown(key)} | unit.together
        return sum(self._weights[one.kind] for one in new - self.covered) / max(len(added), 0.5)

    def _take_in(self, keys: Iterable[Key]) -> None:
        for key in sorted(set(keys) - self.chosen.keys()):
            self.chosen[key] = None
            for feature in self._pool.shown(key):
                if feature not in self.covered:
                    self.covered.add(feature)
                    for place in self._showing.get(feature, ()):
                        self._left[self._keys[place]] -= self._weights[feature.kind]

    def _with(self, key: Key) -> tuple[Key, ...]:
        """A record with all it needs, and all they need."""
        if key not in self._whole:
            found, new = {key}, [key]
            while new:
                member = self._pool.members.get(new.pop())
                further = [one for one in (member.needs if member else ()) if one not in found]
                found.update(further)
                new += further
            self._whole[key] = tuple(sorted(one for one in found if one in self._pool.members))
        return self._whole[key]

    def _all_with(self, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """Several records with all they need."""
        if len(keys) == 1:
            return self._with(keys[0])
        return tuple(sorted(frozenset().union(*map(self._with, keys))))

    def _fill(self) -> None:
        """Patients with what hangs on them, those first of whom most is known, then whatever else fits."""
        waiting = [key for key, member in self._pool.members.items() if member.view is not None]
        waiting = [key for key in waiting if key not in self.chosen and self._pool.has_row(key)]
        whose: dict[str, list[Key]] = {}
        for key in waiting:
            whose.setdefault(self._pool.patient_of(key), []).append(key)
        whose.pop("", None)
        for keys in sorted(whose.values(), key=lambda keys: -len({source for source, _ in keys})):
            often = dict(OFTEN)
            for key in keys:
                often[key[0]] = often.get(key[0], 1) - 1
                if often[key[0]] >= 0:
                    self._add(key)
        for key in waiting:
            self._add(key)

    def _add(self, key: Key) -> None:
        added = set(self._with(key)) - self.chosen.keys()
        if added and len(self.chosen) + len(added) <= self._size:
            self._take_in(added)

    def settle(self) -> None:
        """Say what is shown by looking at the sample alone, as if nobody knew why each record was chosen."""
        found = {feature for key in self.chosen for feature in self._pool.shown(key)}
        found |= self._shown_together()
        families = {self._relations.household_size(id_) for source, id_ in self.chosen if source == "patients"} - {""}
        found |= {Feature("patients", "households", size) for size in families}
        self.covered = {feature for feature in found if feature in self.there}

    def _shown_together(self) -> set[Feature]:
        """How many hang on a record is shown when as many of them are in the sample, none being none."""
        hanging: dict[tuple[str, Key], int] = {}
        found: set[Feature] = set()
        for key in self.chosen:
            member = self._pool.members[key]
            if member.view is None or not self._pool.has_row(key):
                continue
            for tie in self._relations.ties[member.view.object]:
                parent = (tie.source, str(member.record.get(tie.field)))
                if tie.counts and parent in self.chosen:
                    name = f"{member.view.object}.{tie.field}"
                    hanging[name, parent] = hanging.get((name, parent), 0) + 1
                    found |= self._elsewhere(parent, key)
        for (name, parent), number in hanging.items():
            found |= self._many(name, parent, number)
        return found

    def _many(self, name: str, parent: Key, number: int) -> set[Feature]:
        said = {f"{name}: one"} if number == 1 else {f"{name}: several"}
        truth = self._pool.members[parent].carried
        return {one for one in truth if one.kind == "children" and one.name in said}

    def _elsewhere(self, parent: Key, child: Key) -> set[Feature]:
        mine, theirs = self._pool.patient_of(parent), self._pool.patient_of(child)
        if parent[0] == "patients" or not mine or not theirs or mine == theirs:
            return set()
        return {one for one in self._pool.members[parent].carried if one.kind == "other patients"}


def by_object(chosen: Mapping[Key, None], pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """The records of a sample, by source object, in the order in which they were staged."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, member in pool.members.items():
        if key in chosen:
            found.setdefault(key[0], []).append(member.record)
    return dict(found)
