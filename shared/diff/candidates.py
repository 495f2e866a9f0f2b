"""The first look through what was staged: which features there are, and which few records could show each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.diff.features import FATES, Feature, View
from shared.diff.relations import Key, Relations

Record = Mapping[str, Any]
Rows = Callable[[View, Record], int]
"""How many rows a record becomes: worked out only of records that could be in the sample."""

ENOUGH = 3
"""Records kept per feature: one of them may bring less with it than the others."""
FURTHEST = 4
"""Records kept per measure. Whether they get rows is not looked at before the second look, so one more."""


class Candidates:
    """Features with the ids of the first few records that show them. Its size is that of the map, not of the data."""

    def __init__(self, views: Sequence[View], relations: Relations, rows: Rows) -> None:
        self._relations, self._rows = relations, rows
        self._views: dict[str, list[View]] = {}
        for view in views:
            self._views.setdefault(view.source, []).append(view)
        self.holders: dict[Feature, list[Key]] = {}
        """By feature, the records that could show it: none where every record that has it gets no row."""
        self.furthest: dict[Feature, list[tuple[float, Key]]] = {}
        """By measure, the records that go furthest, the furthest first."""
        self.records: dict[str, int] = {view.object: 0 for view in views}
        self._floors: dict[Feature, float] = {}

    def view_of(self, source: str, record: Record) -> View | None:
        """The view that takes a record."""
        return next((view for view in self._views.get(source, ()) if view.takes(record)), None)

    def see(self, source: str, record: Record) -> None:
        """Consider one more record. Those that refer to it have all been seen."""
        view = self.view_of(source, record)
        if view is None:
            return
        self.records[view.object] += 1
        fates, lost = self._relations.look(view, record)
        key = (source, str(record["id"]))
        features = [*view.features(record), *fates, *self._relations.carries(view, record)]
        self._relations.count(view, record, lost=lost)
        holders = self.holders
        wanted = [one for one in features if len(holders.get(one, ())) < ENOUGH]
        if view.may_be_in_parts(record) and view.in_parts is not None:
            wanted += [view.in_parts] if len(holders.get(view.in_parts, ())) < ENOUGH else []
        if wanted:
            self._want(view, record, key, wanted, lost=lost)
        if not lost:
            self._measure(view, record, key)

    def _want(self, view: View, record: Record, key: Key, wanted: Sequence[Feature], *, lost: bool) -> None:
        rows = 0 if lost else self._rows(view, record)
        for feature in wanted:
            if feature.kind == "parts" and rows < 2:
                continue
            # What one record shows twice, a referral to two members of staff, is still one record.
            found = self.holders.setdefault(feature, [])
            if (rows or feature.kind in FATES) and key not in found:
                found.append(key)

    def _measure(self, view: View, record: Record, key: Key) -> None:
        floors = self._floors
        for feature, value in view.measures(record):
            floor = floors.get(feature)
            if floor is not None and value <= floor:
                continue
            found = self.furthest.setdefault(feature, [])
            found.append((value, key))
            found.sort(key=lambda one: -one[0])
            if len(found) > FURTHEST:
                found.pop()
            if len(found) == FURTHEST:
                floors[feature] = found[-1][0]
