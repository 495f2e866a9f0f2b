"""The first look through what was staged: which features there are, and which few records could show each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.diff.features import FATES, View
from shared.diff.glance import Gauge, Glance
from shared.diff.relations import Relations
from shared.diff.scanners import Feature
from shared.diff.ties import Key

Record = Mapping[str, Any]
Rows = Callable[[View, Record], int]
"""How many rows a record becomes: worked out only of records that could be in the sample."""

ENOUGH = 4
"""Records kept per feature: some of them bring less with them than others. Eight show no more of a practice, and take
half as much memory again."""
FEWER = {"owners": 2}
"""The same for kinds of which there may be thousands: one for each of the staff by each field that names some."""
RICHEST = 4
"""Patients kept on whom the most kinds of records hang."""


class Candidates:
    """Features with the first few records that show them. Its size is that of the map, not of the data."""

    def __init__(self, views: Sequence[View], relations: Relations, rows: Rows) -> None:
        self._relations, self._rows = relations, rows
        self._full: set[Feature] = set()
        self._gauges: defaultdict[Feature, Gauge] = defaultdict(Gauge)
        self._views: dict[str, list[tuple[View, Glance]]] = {}
        for view in views:
            glance = Glance(view, self._full, self._gauges.__getitem__)
            self._views.setdefault(view.source, []).append((view, glance))
        self.records: dict[str, int] = {view.object: 0 for view in views}
        self.holders: dict[Feature, list[Key]] = {}
        """By feature, the records that could show it: none where every record that has it gets no row."""
        self.patients: dict[Key, str] = {}
        """Whom the holders belong to."""
        self.richest: list[tuple[int, str]] = []

    @property
    def furthest(self) -> dict[Feature, list[tuple[float, Key, str]]]:
        """By measure, the records that go furthest, the furthest first."""
        return {feature: gauge.entries for feature, gauge in self._gauges.items() if gauge.entries}

    def view_of(self, source: str, record: Record) -> View | None:
        """The view that takes a record."""
        return next((view for view, _ in self._views.get(source, ()) if view.takes(record)), None)

    def see(self, source: str, record: Record) -> None:
        """Consider one more record. Those that refer to it have all been seen."""
        for view, glance in self._views.get(source, ()):
            if not view.only or view.takes(record):
                self._see(view, glance, record)
                return

    def _see(self, view: View, glance: Glance, record: Record) -> None:
        self.records[view.object] += 1
        relations, full = self._relations, self._full
        key = (view.source, str(record["id"]))
        links = relations.links(view, record)
        carried = relations.carries(view, record)
        relations.count(view, record, lost=links.lost)
        shown: list[Feature] = [] if glance.dull(record) else view.features(record)
        wanted = [one for one in (*shown, *links.shown, *carried) if one not in full]
        if view.in_parts is not None and view.in_parts not in full and view.may_be_in_parts(record):
            wanted.append(view.in_parts)
        if wanted:
            self._want(view, record, key, wanted, lost=links.lost)
        if not links.lost:
            glance.measure(record, key, relations.patient(view, record))
            if view.source == "patients":
                self._rich(key[1], carried)

    def _want(self, view: View, record: Record, key: Key, wanted: Sequence[Feature], *, lost: bool) -> None:
        rows = 0 if lost else self._rows(view, record)
        for feature in wanted:
            if feature.kind == "parts" and rows < 2:
                continue
            found = self.holders.setdefault(feature, [])
            # Two of its references may show the same, and it is still one record.
            if (rows or feature.kind in FATES) and key not in found:
                found.append(key)
                self.patients[key] = self._relations.patient(view, record)
                if len(found) == FEWER.get(feature.kind, ENOUGH):
                    self._full.add(feature)

    def _rich(self, patient: str, carried: Sequence[Feature]) -> None:
        kinds = sum(not one.name.endswith(": none") for one in carried)
        if len(self.richest) < RICHEST or kinds > self.richest[-1][0]:
            self.richest = sorted([*self.richest, (kinds, patient)], key=lambda one: -one[0])[:RICHEST]
