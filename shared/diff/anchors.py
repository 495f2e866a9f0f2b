"""The patients around whom a sample is built.

A record brings its patient along, and a patient the household; so a sample shows most that is built around few
households. Whatever is rare says which: the rest is then looked for among what hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.diff.candidates import ENOUGH, Candidates
from shared.diff.features import KINDS, Feature
from shared.diff.relations import Key, Relations

SHARE = 0.6
"""Of the sample, for the households and the rare records that call for them."""
RICHEST = 2
PLACE = {kind: place for place, kind in enumerate(KINDS)}


def anchors(candidates: Candidates, relations: Relations, *, size: int) -> frozenset[str]:
    """The ids of patients, those with the richest history first, then those who show what few others do."""
    households: set[int] = set()
    found: dict[str, None] = {}
    left = SHARE * size

    def cost(patient: str) -> int:
        mark = relations.household(patient)
        if patient in found or (mark and mark in households):
            return 1
        return 1 + (relations.members(mark) if mark else 1)

    busiest = [[key[1]] for _, key in candidates.busiest[:RICHEST]]
    for choices in [*busiest, *_rare(candidates)]:
        if any(patient in found for patient in choices):
            continue
        patient = min(choices, key=lambda one: (cost(one), one))
        if cost(patient) <= left:
            left -= cost(patient)
            found[patient] = None
            households.add(relations.household(patient))
    return frozenset(found)


def _rare(candidates: Candidates) -> Iterator[list[str]]:
    """For each feature that few records show, in the order in which features are covered, whose those records are."""
    rare: list[tuple[int, int, Feature, list[Key]]] = []
    for feature, keys in candidates.holders.items():
        if len(keys) < ENOUGH:
            rare.append((PLACE[feature.kind], len(keys), feature, keys))
    for feature, furthest in candidates.furthest.items():
        rare.append((PLACE[feature.kind], 1, feature, [key for _, key in furthest[:1]]))
    for _, _, feature, keys in sorted(rare, key=lambda one: one[:3]):
        whose = [candidates.patients.get(key, "") for key in keys]
        if whose and all(whose):
            yield whose
