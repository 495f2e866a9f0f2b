"""The patients around whom a sample is built.

A record brings its patient along, and a patient the household; so a sample shows most that is built around few
households. Whatever is rare says which: the rest is then looked for among what hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.diff.candidates import Candidates
from shared.diff.features import KINDS
from shared.diff.relations import Relations
from shared.diff.scanners import Feature

SHARE = 0.3
"""Of the sample, for the households and the rare records that call for them."""
FEW = 3
PLACE = {kind: place for place, kind in enumerate(KINDS)}


def anchors(candidates: Candidates, relations: Relations, *, size: int) -> frozenset[str]:
    """The ids of patients, those with the richest history first, then those who show what few others do."""
    marks: set[int] = set()
    found: dict[str, None] = {}
    left = SHARE * size

    def cost(patient: str) -> int:
        mark = relations.household(patient)
        return 1 if patient in found or mark in marks else 1 + max(relations.households.members(mark), 1)

    for whose in [*([patient] for _, patient in candidates.richest), *_rare(candidates)]:
        if any(patient in found for patient in whose):
            continue
        patient = min(whose, key=lambda one: (cost(one), one))
        if cost(patient) <= left:
            left -= cost(patient)
            found[patient] = None
            marks |= {relations.household(patient)} - {0}
    return frozenset(found)


def _rare(candidates: Candidates) -> Iterator[list[str]]:
    """For each feature that few records show, in the order of their kinds, whose those records are."""
    rare: list[tuple[int, int, Feature, list[str]]] = []
    for feature, keys in candidates.holders.items():
        if len(keys) < FEW:
            rare.append((PLACE[feature.kind], len(keys), feature, [candidates.patients[key] for key in keys]))
    for feature, furthest in candidates.furthest.items():
        rare.append((PLACE[feature.kind], 1, feature, [patient for _, _, patient in furthest[:1]]))
    for *_, whose in sorted(rare, key=lambda one: one[:3]):
        if whose and all(whose):
            yield whose
