"""How records hang together: where each reference leads, how many hang on one record, and whose they are.

What has to be known of every record that others refer to is a few bytes of it, by its place in the crosswalk's index:
nothing else here grows with the number of records.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.diff.features import View
from shared.diff.households import Households
from shared.diff.scanners import Feature
from shared.diff.ties import Key, Tie, ties_of
from shared.insurance.policies import payer_key
from shared.mapping.crosswalk import Crosswalk, fingerprint
from shared.mapping.model import FieldMap

Record = Mapping[str, Any]

EMPTY, THERE, NOWHERE, USER, CONTACT, MERGED, AMBIGUOUS = (
    "empty", "there", "nowhere", "a user", "a contact", "merged", "ambiguous",
)  # fmt: skip
LOST = frozenset({NOWHERE, AMBIGUOUS})
ONE_BY_ONE = frozenset({"staff", "locations"})
"""So few of them that a sample can show each."""
HOW_MANY = ("none", "one", "several")
FAMILY = "family_id"
REMEMBERED = 4_000


class Links(NamedTuple):
    """What a record shows by what it refers to; ``lost`` where it gets no row because it needs what is not there."""

    shown: tuple[Feature, ...]
    lost: bool


@dataclass(slots=True)
class Hangers:
    """Of each record of one source object: the patient of the first record that hangs on it, in 32 bits, and whether
    another one's hangs there too."""

    first: array[int]
    mixed: bytearray


class Relations:
    """The references of a map's records, against the crosswalk. Records have to be counted from those that refer to
    those referred to: when a record is looked at, whatever hangs on it has been counted."""

    def __init__(self, mapping: FieldMap, views: Sequence[View], crosswalk: Crosswalk) -> None:
        self._crosswalk = crosswalk
        self.ties = {view.object: ties_of(view.rules, mapping) for view in views}
        self._owner = {rule.object: rule.owner_from for rule in mapping.objects}
        self._patient = {name: next((tie.field for tie in ties if tie.to == "patients"), "")
                         for name, ties in self.ties.items()}  # fmt: skip
        self._counts: dict[tuple[str, str], bytearray] = {}
        self._children: dict[str, list[tuple[View, Tie]]] = {}
        for view in views:
            for tie in self.ties[view.object]:
                if tie.counts:
                    self._counts[view.object, tie.field] = bytearray(len(self._known(tie.source)))
                    self._children.setdefault(tie.source, []).append((view, tie))
        self._hangers = {
            source: Hangers(array("I", bytes(4 * len(self._known(source)))), bytearray(len(self._known(source))))
            for source in self._children
            if source != "patients"
        }
        self.households = Households(len(self._known("patients")))
        self._last: dict[str, tuple[str, int]] = {}
        self._leads: dict[tuple[str, str], str] = {}
        self._features: dict[Feature, Feature] = {}
        self._linked: dict[tuple[str, ...], Links] = {}
        self._carried: dict[tuple[str, bytes], tuple[Feature, ...]] = {}

    def _known(self, source: str) -> array[int]:
        found = self._crosswalk.known.get(source)
        return found if found is not None else array("Q")

    def _place(self, source: str, id_: str) -> int:
        """Where a record is in the index of its object; -1 where it is not."""
        last = self._last.get(source)
        if last and last[0] == id_:
            return last[1]
        ids, mark = self._known(source), fingerprint(id_)
        place = bisect_left(ids, mark)
        found = place if place < len(ids) and ids[place] == mark else -1
        self._last[source] = (id_, found)
        return found

    def patient(self, view: View, record: Record) -> str:
        """The patient a record belongs to, or is."""
        if view.source == "patients":
            return str(record["id"])
        value = record.get(self._patient[view.object])
        return "" if value is None else str(value)

    # Where references lead

    def state(self, tie: Tie, record: Record) -> str:
        """Where a reference leads."""
        value = record.get(tie.field)
        return EMPTY if value is None or value == "" else self._state(tie, str(value))

    def _state(self, tie: Tie, id_: str) -> str:
        if tie.source not in ONE_BY_ONE:
            return self._lead(tie, id_)
        found = self._leads.get((tie.source, id_))
        if found is None:
            found = self._lead(tie, id_)
            if len(self._leads) < REMEMBERED:
                self._leads[tie.source, id_] = found
        return found

    def _lead(self, tie: Tie, id_: str) -> str:
        if tie.to == "staff" and id_ in self._crosswalk.users:
            return USER
        if tie.to == "patients" and id_ in self._crosswalk.ambiguous:
            return AMBIGUOUS
        if self._place(tie.source, payer_key(id_) if tie.to == "payers" else id_) < 0:
            return NOWHERE
        if tie.to == "referrers" and self._crosswalk.merged_away("referrers", id_):
            return MERGED
        return CONTACT if tie.to == "staff" else THERE

    def links(self, view: View, record: Record) -> Links:
        """What a record shows by what it refers to: where each reference leads, all of them together, and who of the
        staff and which location it names."""
        ties = self.ties[view.object]
        states = [self.state(tie, record) for tie in ties]
        named = [
            str(record[tie.field]) if tie.source in ONE_BY_ONE and state not in (EMPTY, NOWHERE) else ""
            for tie, state in zip(ties, states, strict=True)
        ]
        match = self._match(str(record["id"])) if view.source == "patients" else ""
        marks = (view.object, match, *states, *named)
        found = self._linked.get(marks)
        if found is None:
            found = self._links(view, ties, states, named, match)
            if len(self._linked) < REMEMBERED:
                self._linked[marks] = found
        return found

    def _links(self, view: View, ties: Sequence[Tie], states: Sequence[str], named: Sequence[str], match: str) -> Links:
        said = [f"{tie.field} {state}" for tie, state in zip(ties, states, strict=True)]
        shown = [Feature(view.object, "lookups", text) for text in said]
        if len(ties) > 1:
            shown.append(Feature(view.object, "relation shapes", ", ".join(said)))
        for tie, id_ in zip(ties, named, strict=True):
            if id_ and tie.source == "locations":
                shown.append(Feature(view.object, "locations", f"{tie.field}={id_}"))
            elif id_:
                shown.append(Feature(view.object, "owners", f"{tie.field}={id_}"))
                if tie.field == self._owner[view.object]:
                    shown.append(Feature("staff", "providers", id_))
        if match:
            shown.append(Feature(view.object, "matches", match))
        lost = any(tie.required and state in LOST for tie, state in zip(ties, states, strict=True))
        return Links(self.once(shown), lost)

    def once(self, features: Iterable[Feature]) -> tuple[Feature, ...]:
        """Equal ones as the same one: thousands of records share them."""
        return tuple(self._features.setdefault(one, one) for one in features)

    def _match(self, id_: str) -> str:
        if id_ in self._crosswalk.matched:
            return "a contact that was there before"
        return "several contacts fit" if id_ in self._crosswalk.ambiguous else "a new contact"

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
            family = record.get(FAMILY)
            place = self._place("patients", str(record["id"])) if family not in (None, "") else -1
            if place >= 0:
                self.households.join(place, fingerprint(str(family)))
        patient = 0
        for tie in () if lost else self.ties[view.object]:
            value = record.get(tie.field) if tie.counts else None
            place = -1 if value is None or value == "" else self._place(tie.source, str(value))
            if place < 0:
                continue
            counts = self._counts[view.object, tie.field]
            if counts[place] < 2:
                counts[place] += 1
            if tie.source != "patients":
                patient = patient or self._short(self.patient(view, record))
                self._hang(self._hangers[tie.source], place, patient)

    @staticmethod
    def _short(patient: str) -> int:
        return (fingerprint(patient) & 0xFFFFFFFF) if patient else 0

    @staticmethod
    def _hang(hangers: Hangers, place: int, patient: int) -> None:
        first = hangers.first[place]
        if patient and not first:
            hangers.first[place] = patient
        elif patient and first != patient:
            hangers.mixed[place] = 1

    def carries(self, view: View, record: Record) -> tuple[Feature, ...]:
        """What a record shows by how many hang on it, and by whose they are."""
        children = self._children.get(view.source)
        place = self._place(view.source, str(record["id"])) if children else -1
        if not children or place < 0:
            return ()
        numbers = bytes([self._counts[child.object, tie.field][place] for child, tie in children])
        odd = view.source in self._hangers and self._odd(view, record, place)
        found = self._carried.get((view.object, numbers))
        if found is None:
            said = [f"{child.object}.{tie.field}" for child, tie in children]
            pairs = zip(said, numbers, strict=True)
            found = self.once(Feature(view.object, "children", f"{name}: {HOW_MANY[many]}") for name, many in pairs)
            if len(self._carried) < REMEMBERED:
                self._carried[view.object, numbers] = found
        return (*found, Feature(view.object, "other patients", "what hangs on it")) if odd else found

    def let_go(self) -> None:
        """Nobody asks any more what hangs on a record: some bytes of each that others refer to, of millions of them."""
        self._counts.clear()
        self._hangers.clear()

    def _odd(self, view: View, record: Record, place: int) -> bool:
        hangers = self._hangers[view.source]
        own = self._short(self.patient(view, record))
        return bool(own and (hangers.mixed[place] or (hangers.first[place] and hangers.first[place] != own)))

    def children_of(self, source: str) -> list[tuple[View, Tie]]:
        """The views whose records are counted where they refer to records of a source object."""
        return self._children.get(source, [])

    def household(self, patient: str) -> int:
        """The mark of a patient's household, if it is kept whole; else 0."""
        return self.households.of(self._place("patients", patient))

    def household_size(self, patient: str) -> str:
        """What kind of household a patient lives in; empty where in none."""
        return self.households.size(self._place("patients", patient))
