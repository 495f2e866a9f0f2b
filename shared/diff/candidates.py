"""The first look through what was staged: which features there are, and which few records could show each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.diff.features import FATES, Feature, Measured, View
from shared.diff.relations import Key, Relations

Record = Mapping[str, Any]
Rows = Callable[[View, Record], int]
"""How many rows a record becomes: worked out only of records that could be in the sample."""

ENOUGH = 3
"""Records kept per feature: one of them may bring less with it than the others."""
FURTHEST = 4
"""Records kept per measure. Whether they get rows is not looked at before the second look, so one more."""


REMEMBERED = 4_000
"""Patterns of empty fields that are known to show nothing new."""
BUSIEST = 6


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
        self.patients: dict[Key, str] = {}
        """Whom the candidates belong to."""
        self.busiest: list[tuple[int, Key]] = []
        """The patients on whom the most kinds of records hang."""
        self._floors: dict[Feature, float] = {}
        self._held: dict[Key, int] = {}
        self._full: set[Feature] = set()
        self._usual: set[tuple[str, bytes]] = set()

    def view_of(self, source: str, record: Record) -> View | None:
        """The view that takes a record."""
        return next((view for view in self._views.get(source, ()) if view.takes(record)), None)

    def see(self, source: str, record: Record) -> None:
        """Consider one more record. Those that refer to it have all been seen."""
        view = self.view_of(source, record)
        if view is None:
            return
        self.records[view.object] += 1
        key = (source, str(record["id"]))
        fates, lost = self._relations.look(view, record)
        carried = self._relations.carries(view, record)
        self._relations.count(view, record, lost=lost)
        shown, measured = view.scan(record)
        full = self._full
        wanted = [one for one in (*shown, *fates, *carried, *self._unusual(view, record)) if one not in full]
        if view.in_parts is not None and view.in_parts not in full and view.may_be_in_parts(record):
            wanted.append(view.in_parts)
        if wanted:
            self._want(view, record, key, wanted, lost=lost)
        if not lost:
            self._measure(view, record, key, measured)
            if source == "patients":
                self._busy(key, carried)

    def _unusual(self, view: View, record: Record) -> tuple[Feature, ...]:
        """What a record shows by its empty fields, unless enough records show all of it."""
        pattern = (view.object, view.forms(record))
        if pattern in self._usual:
            return ()
        features = view.filled(pattern[1])
        if len(self._usual) < REMEMBERED and self._full.issuperset(features):
            self._usual.add(pattern)
        return features

    def _want(self, view: View, record: Record, key: Key, wanted: Sequence[Feature], *, lost: bool) -> None:
        rows = 0 if lost else self._rows(view, record)
        for feature in wanted:
            if feature.kind == "parts" and rows < 2:
                continue
            # What one record shows twice, a referral to two members of staff, is still one record.
            found = self.holders.setdefault(feature, [])
            if (rows or feature.kind in FATES) and key not in found:
                found.append(key)
                self._remember(view, record, key)
                if len(found) == ENOUGH:
                    self._full.add(feature)

    def _remember(self, view: View, record: Record, key: Key) -> None:
        patient = record.get(self._relations.by_patient[view.object]) if view.source != "patients" else key[1]
        self.patients[key] = str(patient or "")
        self._held[key] = self._held.get(key, 0) + 1

    def _forget(self, key: Key) -> None:
        """The newest of each day is only for that day a candidate: what nothing holds any more must go."""
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key], self.patients[key]

    def _measure(self, view: View, record: Record, key: Key, measured: Sequence[Measured]) -> None:
        floors = self._floors
        for feature, value in measured:
            floor = floors.get(feature)
            if floor is not None and value <= floor:
                continue
            found = self.furthest.setdefault(feature, [])
            found.append((value, key))
            found.sort(key=lambda one: -one[0])
            self._remember(view, record, key)
            if len(found) > FURTHEST:
                self._forget(found.pop()[1])
            if len(found) == FURTHEST:
                floors[feature] = found[-1][0]

    def _busy(self, key: Key, carried: Sequence[Feature]) -> None:
        kinds = self._relations.kinds_of_children(carried)
        if len(self.busiest) < BUSIEST or kinds > self.busiest[-1][0]:
            self.busiest = sorted([*self.busiest, (kinds, key)], key=lambda one: -one[0])[:BUSIEST]
