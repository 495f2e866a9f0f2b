"""The sample: the records of the pool that show the most features in the room there is.

Kind by kind in the order of KINDS, the rarest feature first, the record that shows the most of what is not shown yet
for every record it brings with it. What does not fit any more gives way, and is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.diff.candidates import Candidates
from shared.diff.features import KINDS, Feature
from shared.diff.pool import Pool
from shared.diff.relations import Key, Relations

RANK = {kind: place for place, kind in enumerate(KINDS)}
WEIGHTS = {"patients": 4, "appointments": 4, "treatments": 3, "invoices": 2, "communications": 4}
"""What a sample must show above all (R132), in records per round while it is filled up."""


class Cover:
    """A growing sample. ``size`` is the most records it may hold, of all objects together."""

    def __init__(self, candidates: Candidates, relations: Relations, pool: Pool, *, size: int) -> None:
        self._candidates, self._relations, self._pool, self._size = candidates, relations, pool, size
        self._whole: dict[Key, frozenset[Key]] = {}
        self.chosen: dict[Key, None] = {}
        self.covered: set[Feature] = set()
        self.there = self._features()

    def _features(self) -> dict[Feature, list[tuple[Key, ...]]]:
        """Every feature of the data, with the records that show it, alone or together."""
        found: dict[Feature, list[tuple[Key, ...]]] = {}
        for feature, keys in self._candidates.holders.items():
            bundles = self._pool.bundles.get(feature)
            if bundles is None or feature.name.endswith(": none"):
                found[feature] = [(key,) for key in keys]
            else:
                full = [b for b in bundles if len(b.children) >= (1 if feature.kind == "other patients" else b.most)]
                found[feature] = [(bundle.parent, *bundle.children) for bundle in full]
        for feature, furthest in self._candidates.furthest.items():
            found[feature] = [(key,) for _, key in furthest if key in self._pool.members and self._pool.has_row(key)]
        for size, keys in self._pool.families.items():
            found[Feature("patients", "households", size)] = [(key,) for key in keys]
        return found

    def choose(self) -> None:
        """Choose records until every feature is shown or nothing fits any more, then fill up."""
        for key in sorted(key for key in self._pool.members if key[0] == "defaults"):
            self._take(self._with(key))
        for feature in sorted(self.there, key=lambda one: (RANK[one.kind], len(self.there[one]), one)):
            if feature not in self.covered:
                self._show(feature)
        self._fill()

    def _show(self, feature: Feature) -> None:
        best: tuple[float, frozenset[Key]] | None = None
        room = self._size - len(self.chosen)
        for keys in self.there[feature]:
            added = frozenset().union(*(self._with(key) for key in keys)) - self.chosen.keys()
            if len(added) > room or not all(key in self._pool.members for key in keys):
                continue
            new = {one for key in added for one in self._pool.shown(key)} - self.covered
            worth = sum(len(KINDS) - RANK[one.kind] for one in new) / max(len(added), 1)
            if best is None or worth > best[0]:
                best = (worth, added)
        if best is not None:
            self._take(best[1])
            self.covered.add(feature)

    def _take(self, keys: Iterable[Key]) -> None:
        for key in sorted(set(keys) - self.chosen.keys()):
            self.chosen[key] = None
            self.covered |= self._pool.shown(key)

    def _with(self, key: Key) -> frozenset[Key]:
        """A record with all it needs, and all they need."""
        if key not in self._whole:
            found, new = {key}, [key]
            while new:
                member = self._pool.members.get(new.pop())
                further = [one for one in (member.needs if member else ()) if one not in found]
                found.update(further)
                new += further
            self._whole[key] = frozenset(one for one in found if one in self._pool.members)
        return self._whole[key]

    def _fill(self) -> None:
        """The first records of each object in turn, those first that bring nothing new with them."""
        waiting: dict[str, list[Key]] = {}
        for key, member in self._pool.members.items():
            if key not in self.chosen and member.view is not None and self._pool.has_row(key):
                waiting.setdefault(key[0], []).append(key)
        for most in (1, self._size):
            queues = {name: iter(keys) for name, keys in sorted(waiting.items())}
            while queues and len(self.chosen) < self._size:
                for name in list(queues):
                    if not all(self._next(queues[name], most) for _ in range(WEIGHTS.get(name, 1))):
                        del queues[name]

    def _next(self, keys: Iterable[Key], most: int) -> bool:
        """Take the next record that fits. False when there is none."""
        for key in keys:
            added = self._with(key) - self.chosen.keys()
            if added and len(added) <= min(most, self._size - len(self.chosen)):
                self._take(added)
                return True
        return False

    def settle(self) -> None:
        """Say what is shown by looking at the sample alone, as if nobody knew why each record was chosen."""
        found = {feature for key in self.chosen for feature in self._pool.shown(key)}
        found |= self._shown_together()
        families = {self._relations.size(id_) for source, id_ in self.chosen if source == "patients"} - {""}
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
        view = self._pool.members[parent].view
        if view is None:
            return set()
        truth = self._relations.carries(view, self._pool.members[parent].record)
        said = {f"{name}: one"} if number == 1 else {f"{name}: several"}
        return {one for one in truth if one.kind == "children" and one.name in said}

    def _elsewhere(self, parent: Key, child: Key) -> set[Feature]:
        view = self._pool.members[parent].view
        mine, theirs = self._pool.patient_of(parent), self._pool.patient_of(child)
        if view is None or parent[0] == "patients" or not mine or not theirs or mine == theirs:
            return set()
        truth = self._relations.carries(view, self._pool.members[parent].record)
        return {one for one in truth if one.kind == "other patients"}


def by_object(chosen: Mapping[Key, None], pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """The records of a sample, by source object, in the order in which they were staged."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, member in pool.members.items():
        if key in chosen:
            found.setdefault(key[0], []).append(member.record)
    return dict(found)
