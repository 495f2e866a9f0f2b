"""Which records make a sample: a few that show as much of the data as there is room for, whole with what they refer to.

Two looks through what was staged: the first finds out which features there are and who could show them, the second
gathers those records and whatever has to come with them. The same records in the same order make the same sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from shared.diff import coverage
from shared.diff.candidates import Candidates
from shared.diff.cover import Cover, by_object
from shared.diff.features import View, views
from shared.diff.pool import Pool
from shared.diff.relations import Relations
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import DERIVED, FieldMap


class Sample:
    """``size``: the most records, of all objects together. ``zone``: the practice's own, whose clocks change."""

    def __init__(self, mapping: FieldMap, maps: Mapping[str, ObjectMap], *, zone: str, size: int) -> None:
        self._size = size
        self._rows = partial(_rows, maps)  # a method would hold on to this sample for as long as it is held
        first = next(iter(maps.values()))
        rules = [rule for rule in mapping.objects if rule.source not in DERIVED]
        looked_at = views(rules, zone=zone, files=first.files)
        self._relations = Relations(mapping, looked_at, first.crosswalk)
        self._candidates = Candidates(looked_at, self._relations, self._rows)
        self.order = downwards(mapping)
        """The source objects in the order in which both looks want them."""

    def consider(self, source: str, record: Mapping[str, Any]) -> None:
        """The first look at a record."""
        self._candidates.see(source, record)

    def gather(self) -> Pool:
        """What the second look adds records to, after the first."""
        self._relations.households.settle()
        return Pool(self._candidates, self._relations, self._rows, size=self._size)

    def choose(self, pool: Pool) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
        """The sample by source object, and the document that says what of the data it shows."""
        pool.end()
        cover = Cover(self._candidates, self._relations, pool, size=self._size)
        cover.choose()
        cover.settle()
        document = coverage.document(cover, self._candidates, self._relations, pool, size=self._size)
        return by_object(cover.chosen, pool), document


def _rows(maps: Mapping[str, ObjectMap], view: View, record: Mapping[str, Any]) -> int:
    found = (maps[rule.object].rows(record) for rule in view.rules)
    return next((len(one) for one in found if isinstance(one, list)), 0)


def downwards(mapping: FieldMap) -> list[str]:
    """The source objects, from what refers to others to what is referred to."""
    waves: dict[str, int] = {}
    for rule in mapping.objects:
        waves[rule.source] = max(waves.get(rule.source, 0), rule.wave)
    return sorted(waves, key=lambda name: (-waves[name], name))
