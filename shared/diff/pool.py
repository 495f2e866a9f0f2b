"""The second look: the records that could be in the sample, with all they refer to, their households, and what hangs
on them. Its size is that of the map and of the sample, not of the data."""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.diff.anchors import anchors
from shared.diff.candidates import ENOUGH, Candidates, Rows
from shared.diff.features import FATES, View
from shared.diff.households import LARGEST
from shared.diff.relations import HOW_MANY, Relations
from shared.diff.scanners import Feature
from shared.diff.ties import Key
from shared.memory import lasting_json

Record = Mapping[str, Any]
ROOM_FOR = {"providers": 2, "owners": 8}
"""Of all who own records, and of those whom one field names, as many are looked for as half of the sample and an eighth
of it have room for."""
ELSEWHERE = 8
"""Records on one parent that are looked at to find the one that is another patient's."""


@dataclass(slots=True)
class Member:
    """One record of the pool, as compressed JSON, told by how it differs from another of its object. ``needs``: what it
    refers to, and the rest of its household. ``carried``: what it shows by what hangs on it. ``shown``: the numbers of
    all its features, once they are asked for."""

    packed: bytes
    like: bytes
    view: View | None
    needs: list[Key]
    carried: tuple[Feature, ...]
    shown: array[int] | None = None
    rows: int = -1

    @property
    def record(self) -> dict[str, Any]:
        """The record, decoded anew: there are thousands of them."""
        found: dict[str, Any] = orjson.loads(zlib.decompressobj(zdict=self.like).decompress(self.packed))
        return found


@dataclass(slots=True)
class Bundle:
    """A parent and so many of what hangs on it: together they show what neither shows alone."""

    parent: Key
    most: int
    children: list[Key] = field(default_factory=list)


class Pool:
    """Takes records, from those that refer to others down to those referred to."""

    def __init__(self, candidates: Candidates, relations: Relations, rows: Rows, *, size: int) -> None:
        self._candidates, self._relations, self._rows = candidates, relations, rows
        self._size = size
        self._wanted: dict[Key, Key] = {}
        """The records that are looked for, each once: thousands refer to them."""
        self._room = 0
        self._source = ""
        self._like: dict[str, bytes] = {}
        self._asked: dict[tuple[str, str, str], list[Bundle]] = {}
        self._marks: dict[int, list[Key]] = {}
        self._reach = candidates.furthest
        self._furthest: dict[Feature, float] = {}
        self._numbers: dict[Feature, int] = {}
        self._features: list[Feature] = []
        self.members: dict[Key, Member] = {}
        self.bundles: dict[Feature, list[Bundle]] = {}
        self.families: dict[str, list[Key]] = {}
        """By size, one member of each household that is kept whole."""
        for keys in _looked_for(candidates.holders, size=size):
            self._want(keys)
        for furthest in self._reach.values():
            self._want(key for _, key, _ in furthest)
        self.near: dict[Feature, list[Key]] = {}
        """Records of the anchors that show a feature: they bring hardly anything along that is not there anyhow."""
        self._anchors = anchors(candidates, relations, size=size)
        self._want(("patients", id_) for id_ in self._anchors)
        for feature, keys in candidates.holders.items():
            if feature.kind in ("children", "other patients"):
                self._ask(feature, keys)

    def _want(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._wanted.setdefault(key, key)

    def _ask(self, feature: Feature, parents: Iterable[Key]) -> None:
        """Ask for what hangs on the parents that show how much that is."""
        elsewhere = feature.kind == "other patients"
        named, _, many = feature.name.partition(": ")
        for parent in parents:
            bundle = Bundle(parent, ELSEWHERE if elsewhere else HOW_MANY.index(many))
            self.bundles.setdefault(feature, []).append(bundle)
            for view, tie in self._relations.children_of(parent[0]):
                if elsewhere or f"{view.object}.{tie.field}" == named:
                    self._asked.setdefault((view.object, tie.field, parent[1]), []).append(bundle)

    def begin(self, source: str) -> None:
        """The records that come next are of this source object."""
        self._source = source
        self._room = self._size if source == "patients" else self._size // 4
        if source == "patients":
            marks = {self._relations.household(id_) for wanted, id_ in self._wanted if wanted == source}
            marks |= {mark for found in self._relations.households.first(self._size // 2).values() for mark in found}
            marks = {mark for mark in marks if self._relations.households.members(mark) <= LARGEST}
            self._marks = {mark: [] for mark in sorted(marks - {0})}

    def see(self, record: dict[str, Any]) -> None:
        """Keep a record that is asked for, and the first few of each object: a sample is filled up with them."""
        source, id_ = self._source, str(record["id"])
        view = self._candidates.view_of(source, record)
        mark = self._relations.household(id_) if source == "patients" else 0
        hangs = self._hangs(view, record)
        key = (source, id_)
        near = self._near(view, record, key) if view is not None else False
        if not (near or hangs or mark in self._marks or key in self._wanted or source == "defaults"):
            # One of a household that is not kept would come without the others.
            if not self._room or mark or view is None or not self._rows(view, record):
                return
            self._room -= 1
        needs = self._relations.needs(view, record) if view else []
        self._want((key, *needs))
        key, *needs = (self._wanted[one] for one in (key, *needs))
        self.members[key] = self._member(record, view, needs)
        if mark in self._marks:
            self._marks[mark].append(key)
        for bundle in hangs:
            if len(bundle.children) < bundle.most and self.has_row(key):
                bundle.children.append(key)

    def _member(self, record: Record, view: View | None, needs: list[Key]) -> Member:
        plain = lasting_json(record)
        like = self._like.setdefault(self._source, plain)
        packer = zlib.compressobj(1, zdict=like)
        carried = self._relations.carries(view, record) if view else ()
        return Member(packer.compress(plain) + packer.flush(), like, view, needs, carried)

    def _near(self, view: View, record: Record, key: Key) -> bool:
        """Whether a record hangs on an anchor and shows what not enough of those before it do."""
        if view.source == "patients" or self._relations.patient(view, record) not in self._anchors:
            return False
        links = self._relations.links(view, record)
        new = [one for one in (*view.features(record), *links.shown) if len(self.near.get(one, ())) < ENOUGH]
        if links.lost or not new or not self._rows(view, record):
            return False
        for one in new:
            self.near.setdefault(one, []).append(key)
        return True

    def _hangs(self, view: View | None, record: Record) -> list[Bundle]:
        """The bundles that a record belongs to and that have room for it."""
        found: list[Bundle] = []
        for tie in self._relations.ties[view.object] if view else ():
            if tie.counts:
                asked = self._asked.get((view.object, tie.field, str(record.get(tie.field))), ()) if view else ()
                found += [bundle for bundle in asked if len(bundle.children) < bundle.most]
        return found

    def end(self) -> None:
        """There are no more records: every household stays together from here on."""
        self._relations.let_go()
        for keys in self._marks.values():
            for key in keys:
                self.members[key].needs += [other for other in keys if other != key]
            if keys:
                self.families.setdefault(self._relations.household_size(keys[0][1]), []).append(keys[0])
        for bundles in self.bundles.values():
            for bundle in bundles:
                if bundle.most == ELSEWHERE:
                    bundle.children = [child for child in bundle.children if self._elsewhere(bundle.parent, child)][:1]

    def _elsewhere(self, parent: Key, child: Key) -> bool:
        mine, theirs = self.patient_of(parent), self.patient_of(child)
        return bool(mine and theirs and mine != theirs)

    def patient_of(self, key: Key) -> str:
        """The patient a record belongs to."""
        member = self.members.get(key)
        return "" if member is None or member.view is None else self._relations.patient(member.view, member.record)

    # What its records show

    def has_row(self, key: Key) -> bool:
        """Whether a record becomes a row."""
        member = self.members[key]
        if member.rows < 0:
            member.rows = self._rows(member.view, member.record) if member.view else 0
        return member.rows > 0

    def shown(self, key: Key) -> list[Feature]:
        """Everything that a record shows by itself when it is in the sample, each once. Kept as numbers, as tens of
        thousands of records show a hundred features each."""
        member = self.members[key]
        if member.shown is None:
            member.shown = array("I", [self._number(one) for one in sorted(self._shown(key, member))])
        features = self._features
        return [features[number] for number in member.shown]

    def _number(self, feature: Feature) -> int:
        if feature not in self._numbers:
            self._numbers[feature] = len(self._features)
            self._features.append(feature)
        return self._numbers[feature]

    def _shown(self, key: Key, member: Member) -> set[Feature]:
        view, record = member.view, member.record
        if view is None:
            return set()
        found = {*view.features(record), *self._relations.links(view, record).shown}
        if not self.has_row(key):
            return {feature for feature in found if feature.kind in FATES}
        found |= {one for one in member.carried if one.name.endswith(": none")}
        if view.in_parts is not None and member.rows > 1:
            found.add(view.in_parts)
        return found | {feature for feature, value in view.measures(record) if value >= self._mark_of(feature)}

    def _mark_of(self, feature: Feature) -> float:
        """How far the furthest record with a row goes."""
        if feature not in self._furthest:
            rowed = (value for value, key, _ in self._reach.get(feature, ()) if self._is_row(key))
            self._furthest[feature] = next(rowed, float("inf"))
        return self._furthest[feature]

    def _is_row(self, key: Key) -> bool:
        return key in self.members and self.has_row(key)


def _looked_for(holders: Mapping[Feature, list[Key]], *, size: int) -> Iterator[list[Key]]:
    """The records that are looked for because of what they show. A large practice has more staff, in more fields, than
    a sample has room for: it shows some of them in each field, and whoever turns up beside them."""
    named: Counter[tuple[str, str, str]] = Counter()
    for feature, keys in holders.items():
        if feature.kind in ROOM_FOR:
            field, _, _ = feature.name.rpartition("=")
            named[feature.object, feature.kind, field] += 1
            if named[feature.object, feature.kind, field] > size // ROOM_FOR[feature.kind]:
                continue
        yield keys
