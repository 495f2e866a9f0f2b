"""What arrived: the amounts of each row as they were read back, each with the invoice and the patient it hangs on.

Sums are linear. So it is enough to keep how far the target is off, by invoice and by patient: nobody is off where
nothing moved, however many rows there are, and what did move is kept under both who lost it and who got it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldRule
from shared.mapping.rows import Row, same
from shared.money.amounts import MEASURES, amount
from shared.schema.model import Kind

There = Mapping[str, Any] | None
Found = Sequence[tuple[Row, There]]
Sums = dict[str, int]

HOLDERS = {"patient": "patient_id", "invoice": "invoice_id"}
NOTE = "annotation"
EXPLAINED = frozenset({"excluded", "set-aside"})
"""Where a record ends whose money is not at the target for a reason that somebody can read."""
COUNTED = frozenset({"created", "updated", "matched", "missing"}) | EXPLAINED
MOST_OFF, MOST_LISTED = 2_000, 200


@dataclass(slots=True)
class Seen:
    """``after``: what the rows hold; ``aside``: what is missing for a named reason, by measure. ``off``: by holder
    (``patient p-1``), source less target of what is missing for none. ``moved``: table, row, measure, and the record's
    own invoice and patient; ``more`` counts those beyond."""

    after: Sums = field(default_factory=dict)
    aside: Sums = field(default_factory=dict)
    off: dict[str, Sums] = field(default_factory=dict)
    moved: list[list[str]] = field(default_factory=list)
    more: int = 0


class Ledger:
    """One object's money. Only objects that are made from the source's ledger have one: see ``of``."""

    def __init__(self, object_map: ObjectMap) -> None:
        self._map = object_map
        self._measures = MEASURES[object_map.source]
        self._columns = {rule.source: rule.target for rule in object_map.rule.fields if _is_amount(rule)}
        self._text = object_map.by_name.get("notetext") if object_map.table.name == NOTE else None
        self._holders = [
            (kind, source, column)
            for kind, source in HOLDERS.items()
            for column in object_map.columns
            if column.source == source and column.bind
        ]

    @classmethod
    def of(cls, object_map: ObjectMap) -> Ledger | None:
        """The ledger of an object, None where it holds no money that is added up."""
        return cls(object_map) if object_map.source in MEASURES else None

    def saw(self, seen: Seen, record: Mapping[str, Any], bucket: str, found: Found) -> None:
        """Add one record's amounts, as they were read back."""
        if bucket not in COUNTED:
            return  # a sibling rule or a later word of the record counts instead
        row, there = found[0] if found else (None, None)
        for measure, name in self._measures.items():
            said = amount(record.get(name)) or 0
            arrived = self._arrived(name, said, row, there)
            seen.after[measure] = seen.after.get(measure, 0) + (arrived or 0)
            if bucket in EXPLAINED or arrived is None:
                seen.aside[measure] = seen.aside.get(measure, 0) + said - (arrived or 0)
            elif said or arrived:
                led = self._leads(record, row, there)
                if said != arrived or any(elsewhere for _, elsewhere in led):
                    self._off(seen, measure, said, arrived, led)
                    self._list(seen, record, row, measure)

    def _arrived(self, name: str, said: int, row: Row | None, there: There) -> int | None:
        """What the target says; 0 without a row, None where the map leaves the field out by name."""
        if self._text is not None:
            equal = row is not None and there is not None and same(row.values["notetext"], there.get("notetext"))
            return said if equal else 0
        column = self._columns.get(name)
        if column is None:
            return None
        return 0 if there is None else amount(there.get(self._map.by_name[column].read)) or 0

    def _leads(self, record: Mapping[str, Any], row: Row | None, there: There) -> list[tuple[str, str]]:
        """Each holder of the record, and the one that the row has instead; nothing where it has the same."""
        found = []
        for kind, source, column in self._holders:
            own, elsewhere = f"{kind} {record.get(source) or 'none'}", ""
            if row is not None and there is not None and not same(row.values[column.name], there.get(column.read)):
                elsewhere = f"{kind} row {there.get(column.read) or 'none'}"
            found.append((own, elsewhere))
        return found

    @staticmethod
    def _off(seen: Seen, measure: str, said: int, arrived: int, led: Iterable[tuple[str, str]]) -> None:
        for own, elsewhere in led:
            _add(seen, own, measure, said if elsewhere else said - arrived)
            if elsewhere:
                _add(seen, elsewhere, measure, -arrived)

    def _list(self, seen: Seen, record: Mapping[str, Any], row: Row | None, measure: str) -> None:
        if len(seen.moved) == MOST_LISTED or row is None:
            seen.more += 1
            return
        own = [str(record.get(name) or "") for name in ("invoice_id", "patient_id")]
        seen.moved.append([self._map.table.name, row.id, measure, *own])


def merged(parts: Iterable[Seen]) -> Seen:
    """What several lanes saw, as one."""
    total = Seen()
    for part in parts:
        for sums, more in ((total.after, part.after), (total.aside, part.aside)):
            for measure, units in more.items():
                sums[measure] = sums.get(measure, 0) + units
        for holder, by_measure in part.off.items():
            for measure, units in by_measure.items():
                _add(total, holder, measure, units)
        room = MOST_LISTED - len(total.moved)
        total.moved += part.moved[:room]
        total.more += part.more + max(0, len(part.moved) - room)
    total.off = {holder: left for holder, sums in total.off.items() if (left := {m: u for m, u in sums.items() if u})}
    return total


def _add(seen: Seen, holder: str, measure: str, units: int) -> None:
    if holder in seen.off or len(seen.off) < MOST_OFF:
        sums = seen.off.setdefault(holder, {})
        sums[measure] = sums.get(measure, 0) + units


def _is_amount(rule: FieldRule) -> bool:
    return rule.kind is Kind.MONEY and rule.transform == "money"
