"""How records hang together: where each reference leads, how many hang on one, who belongs to one household.

What has to be known of every record that others refer to is a byte or four of it, by its place in the crosswalk's
index: nothing else here grows with the number of records.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.diff.features import Feature, View
from shared.insurance.policies import payer_key
from shared.mapping.crosswalk import Crosswalk, fingerprint
from shared.mapping.getters import REQUIRED
from shared.mapping.model import DERIVED, FieldMap

Record = Mapping[str, Any]
Key = tuple[str, str]
"""A record: its source object and its id."""

LARGEST_HOUSEHOLD = 20
"""What has more members is a mistake in the list or a nursing home; the sample could hold little beside it."""
EMPTY, THERE, NOWHERE, USER, CONTACT, MERGED, AMBIGUOUS = (
    "empty", "there", "nowhere", "a user", "a contact", "merged", "ambiguous",
)  # fmt: skip
LOST = (NOWHERE, AMBIGUOUS)
ONE_BY_ONE = frozenset({"staff", "locations"})
"""So few of them that a sample can show each; remembered by id, since the next record refers to the same."""
HOW_MANY = ("none", "one", "several")
FAMILY = "family_id"


@dataclass(frozen=True, slots=True)
class Tie:
    """One reference of the records of a view. ``to`` is the object it refers to, ``source`` whose records that is.
    ``counts``: whether what it refers to belongs to one patient, so that it matters how many refer to it."""

    field: str
    to: str
    source: str
    required: bool
    counts: bool


class Relations:
    """The references of a map's records, against the crosswalk. Records have to be counted from those that refer to
    those referred to: when a record is looked at, whatever hangs on it has been counted."""

    def __init__(self, mapping: FieldMap, views: Sequence[View], crosswalk: Crosswalk) -> None:
        self._crosswalk = crosswalk
        sources = {rule.object: rule.source for rule in mapping.objects}
        self._owners = {rule.object: rule.owner_from for rule in mapping.objects}
        hanging = {"patients"} | {
            rule.source for rule in mapping.objects for one in rule.fields if one.refers_to[:1] == ("patients",)
        }
        self.ties = {view.object: _ties(view, sources, hanging) for view in views}
        self.by_patient = {name: next((t.field for t in ties if t.to == "patients"), "") for name, ties in
                           self.ties.items()}  # fmt: skip
        self._counts: dict[tuple[str, str], bytearray] = {}
        self._children: dict[str, list[tuple[View, Tie]]] = {}
        for view in views:
            for tie in self.ties[view.object]:
                if tie.counts:
                    self._counts[view.object, tie.field] = bytearray(len(self._known(tie.source)))
                    self._children.setdefault(tie.source, []).append((view, tie))
        others = {tie.source for ties in self.ties.values() for tie in ties if tie.counts} - {"patients"}
        self._payer = {name: array("I", bytes(4 * len(self._known(name)))) for name in others}
        self._mixed = {name: bytearray(len(self._known(name))) for name in others}
        self._families = array("Q", bytes(8 * len(self._known("patients"))))
        self._sorted = array("Q")
        self._last: dict[str, tuple[str, int]] = {}
        self._remembered: dict[tuple[str, str], str] = {}
        self._memo: dict[tuple[str, ...], tuple[list[Feature], bool]] = {}
        self._made: dict[tuple[str, str, str], Feature] = {}

    def _known(self, source: str) -> array[int]:
        found = self._crosswalk.known.get(source)
        return found if found is not None else array("Q")

    # Where references lead

    def state(self, tie: Tie, record: Record) -> str:
        """Where a reference leads."""
        value = record.get(tie.field)
        if value is None or value == "":
            return EMPTY
        id_ = payer_key(str(value)) if tie.to == "payers" else str(value)
        if tie.source in ONE_BY_ONE:
            found = self._remembered.get((tie.source, id_))
            return found or self._remember(tie, id_)
        return self._state(tie, id_)

    def _remember(self, tie: Tie, id_: str) -> str:
        found = self._state(tie, id_)
        if found != NOWHERE:
            self._remembered[tie.source, id_] = found
        return found

    def _state(self, tie: Tie, id_: str) -> str:
        if tie.to == "staff" and id_ in self._crosswalk.users:
            return USER
        if tie.to == "patients" and id_ in self._crosswalk.ambiguous:
            return AMBIGUOUS
        if self._place(tie.source, id_) < 0:
            return NOWHERE
        if tie.to == "referrers" and self._crosswalk.merged_away("referrers", id_):
            return MERGED
        return CONTACT if tie.to == "staff" else THERE

    def _place(self, source: str, id_: str) -> int:
        last = self._last.get(source)
        if last and last[0] == id_:
            return last[1]
        ids, mark = self._known(source), fingerprint(id_)
        place = bisect_left(ids, mark)
        found = place if place < len(ids) and ids[place] == mark else -1
        self._last[source] = (id_, found)
        return found

    def look(self, view: View, record: Record) -> tuple[list[Feature], bool]:
        """What a record shows by what it refers to, and whether it gets no row because it needs what is not there."""
        ties = self.ties[view.object]
        states = tuple([self.state(tie, record) for tie in ties])
        memo = self._memo.get((view.object, *states))
        shown, lost = memo if memo else self._shown(view, ties, states)
        found = [*shown, *self._named(view, ties, states, record)]
        if view.source == "patients":
            found.append(self._match(view, str(record["id"])))
        return found, lost

    def _shown(self, view: View, ties: Sequence[Tie], states: tuple[str, ...]) -> tuple[list[Feature], bool]:
        said = [f"{tie.field} {state}" for tie, state in zip(ties, states, strict=True)]
        shown = [Feature(view.object, "lookups", text) for text in said]
        if len(ties) > 1:
            shown.append(Feature(view.object, "relation shapes", ", ".join(said)))
        lost = any(tie.required and state in LOST for tie, state in zip(ties, states, strict=True))
        self._memo[(view.object, *states)] = shown, lost
        return shown, lost

    def _named(self, view: View, ties: Sequence[Tie], states: Sequence[str], record: Record) -> Iterator[Feature]:
        """Who is responsible, and where it was: each of them has to be shown."""
        owner = self._owners[view.object]
        for tie, state in zip(ties, states, strict=True):
            if tie.source not in ONE_BY_ONE or state in (EMPTY, NOWHERE):
                continue
            id_ = str(record[tie.field])
            if tie.source == "locations":
                yield self._make(view.object, "locations", f"{tie.field}={id_}")
            else:
                yield self._make(view.object, "owners", f"{tie.field}={id_}")
                if tie.field == owner:
                    yield self._make("staff", "providers", id_)

    def _make(self, object_: str, kind: str, name: str) -> Feature:
        key = (object_, kind, name)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Feature(*key)
        return found

    def _match(self, view: View, id_: str) -> Feature:
        if id_ in self._crosswalk.matched:
            return self._make(view.object, "matches", "a contact that was there before")
        several = id_ in self._crosswalk.ambiguous
        return self._make(view.object, "matches", "several contacts fit" if several else "a new contact")

    def needs(self, view: View, record: Record) -> list[Key]:
        """The records that this one refers to and that become rows of their own."""
        found: list[Key] = []
        for tie in self.ties[view.object]:
            state = self.state(tie, record)
            if state in (THERE, CONTACT):
                value = str(record[tie.field])
                found.append((tie.source, payer_key(value) if tie.to == "payers" else value))
            elif state == MERGED:
                found.append((tie.source, self._crosswalk.aliases[str(record[tie.field])]))
        return found

    # What hangs on a record

    def count(self, view: View, record: Record, *, lost: bool) -> None:
        """Count a record with whatever it refers to; one that gets no row counts nowhere."""
        if view.source == "patients":
            self._join(record)
        if lost:
            return
        patient = str(record.get(self.by_patient[view.object]) or "")
        payer = fingerprint(patient) & 0xFFFFFFFF if patient else 0
        for tie in self.ties[view.object]:
            value = record.get(tie.field) if tie.counts else None
            if value is None or value == "":
                continue
            place = self._place(tie.source, str(value))
            if place < 0:
                continue
            counts = self._counts[view.object, tie.field]
            counts[place] = min(counts[place] + 1, 2)
            if payer and tie.source != "patients":
                self._of(tie.source, place, payer)

    def _of(self, source: str, place: int, payer: int) -> None:
        first = self._payer[source][place]
        if not first:
            self._payer[source][place] = payer
        elif first != payer:
            self._mixed[source][place] = 1

    def carries(self, view: View, record: Record) -> list[Feature]:
        """What a record shows by how many hang on it, and by whose they are."""
        children = self._children.get(view.source)
        if not children:
            return []
        place = self._place(view.source, str(record["id"]))
        if place < 0:
            return []
        found = []
        for child, tie in children:
            many = HOW_MANY[self._counts[child.object, tie.field][place]]
            found.append(self._make(view.object, "children", f"{child.object}.{tie.field}: {many}"))
        own = str(record.get(self.by_patient[view.object]) or "")
        if view.source in self._payer and own:
            first = self._payer[view.source][place]
            if self._mixed[view.source][place] or (first and first != fingerprint(own) & 0xFFFFFFFF):
                found.append(self._make(view.object, "other patients", "what hangs on it is another patient's"))
        return found

    def kinds_of_children(self, features: Iterable[Feature]) -> int:
        """How many kinds of records hang on one, of what it carries."""
        return sum(f.kind == "children" and not f.name.endswith(": none") for f in features)

    def children_of(self, source: str) -> list[tuple[View, Tie]]:
        """The views whose records are counted where they refer to records of a source object."""
        return self._children.get(source, [])

    # Households

    def _join(self, record: Record) -> None:
        family = record.get(FAMILY)
        if family is not None and family != "":
            place = self._place("patients", str(record["id"]))
            if place >= 0:
                self._families[place] = fingerprint(str(family)) or 1

    def settle(self) -> None:
        """Every patient has been counted: households can be told by their size."""
        self._sorted = array("Q", sorted(mark for mark in self._families if mark))

    def members(self, mark: int) -> int:
        """How many patients one household has."""
        return bisect_right(self._sorted, mark) - bisect_left(self._sorted, mark)

    def household(self, patient: str) -> int:
        """The mark of a patient's household; 0 where there is none, or one too large to be kept whole."""
        place = self._place("patients", patient)
        mark = self._families[place] if place >= 0 else 0
        return mark if mark and self.members(mark) <= LARGEST_HOUSEHOLD else 0

    def size(self, patient: str) -> str:
        """What kind of household a patient lives in."""
        place = self._place("patients", patient)
        mark = self._families[place] if place >= 0 else 0
        return _size(self.members(mark)) if mark else ""

    def households(self, most: int) -> dict[str, list[int]]:
        """The first few households of each size."""
        found: dict[str, list[int]] = {}
        place = 0
        while place < len(self._sorted):
            mark = self._sorted[place]
            after = bisect_right(self._sorted, mark, place)
            marks = found.setdefault(_size(after - place), [])
            if len(marks) < most:
                marks.append(mark)
            place = after
        return found

    def too_large(self) -> int:
        """How many households are too large to be kept whole."""
        place = large = 0
        while place < len(self._sorted):
            after = bisect_right(self._sorted, self._sorted[place], place)
            large += after - place > LARGEST_HOUSEHOLD
            place = after
        return large


def _size(members: int) -> str:
    if members > LARGEST_HOUSEHOLD:
        return f"more than {LARGEST_HOUSEHOLD} patients"
    return {1: "one patient", 2: "two patients"}.get(members, "several patients")


def _ties(view: View, sources: Mapping[str, str], hanging: set[str]) -> tuple[Tie, ...]:
    """Each reference once, whatever columns it has, and who owns the rows: that is a reference too."""
    found: dict[str, Tie] = {}
    for rule in view.rules:
        pairs = [(one.source, one.refers_to[0]) for one in rule.fields if one.refers_to]
        for field, to in [*pairs, *([(rule.owner_from, "staff")] if rule.owner_from else [])]:
            source = sources.get(to, to)
            if field and source not in DERIVED - {"payers"} and to != "users":
                required = field in REQUIRED and any(p[0] == field for p in pairs)
                found.setdefault(field, Tie(field, to, source, required, source in hanging))
    return tuple(found.values())
