"""Whose a staged record is, and documents without a person: what "find and erase" decides. Pure.

A record that names a patient is that patient's, whatever else it refers to: what others paid for somebody is theirs.
One that names none is of whoever what it refers to is of (a line of somebody's plan).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.corepractice.catalog import OBJECTS

PEOPLE, PATIENT = "patients", "patient_id"
ERASED = "erased"
"""What stands in a report in place of an id, and why a record is not there any more."""
Record = Mapping[str, Any]

_REFERS = {one.name: {field.name: field.refers_to for field in one.fields if field.refers_to} for one in OBJECTS}


def _personal() -> tuple[str, ...]:
    """The objects that may hold somebody's records, each after those that it refers to."""
    order = [PEOPLE]
    while more := [
        name
        for name, refers in _REFERS.items()
        if name not in order and set(refers.values()) & set(order) and not _waits(name, order)
    ]:
        order += more
    return tuple(order)


def _waits(name: str, order: Collection[str]) -> bool:
    """Whether an object refers to another one that is to come before it."""
    about_patients = {one for one, refers in _REFERS.items() if PEOPLE in refers.values()}
    return bool(set(_REFERS[name].values()) & about_patients - set(order) - {name})


PERSONAL = _personal()


@dataclass(slots=True)
class Trace:
    """What is known of one patient: ids of records by source object, ids of rows by the map's object, how many records
    each rule of the map took, and how many of the first extraction there are by provider and month."""

    patient: str
    ids: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    cells: dict[str, dict[str, int]] = field(default_factory=dict)

    def is_of(self, name: str, record: Record) -> bool:
        """Whether a record of a source object is this patient's."""
        if name == PEOPLE:
            return str(record["id"]) == self.patient
        said = record.get(PATIENT)
        if said not in (None, ""):
            return str(said) == self.patient
        refers = _REFERS.get(name, {})
        return any(str(record.get(at) or "") in self.ids.get(referred or "", ()) for at, referred in refers.items())

    def knows(self, name: str, id_: Any) -> bool:
        """Whether an id of a source object is one of theirs."""
        return str(id_) in self.ids.get(name, ())

    @property
    def all_rows(self) -> frozenset[str]:
        """Every row of theirs, in whatever table."""
        return frozenset(row for rows in self.rows.values() for row in rows)


@dataclass(frozen=True, slots=True)
class Scrub:
    """Documents without a patient. ``sources``: which source object each rule of the map reads."""

    trace: Trace
    sources: Mapping[str, str]

    def may_find(self, name: str) -> bool:
        """Whether a document of that name may name anybody."""
        return name in _SCRUBS

    def scrubbed(self, name: str, body: Any) -> Any:
        """The document without the person; the very same where there is nothing of theirs."""
        made = _SCRUBS[name](self, body) if name in _SCRUBS else body
        return body if made == body else made

    def without_rows(self, body: Any) -> Any:
        """What holds values: every row of theirs is left out."""
        if isinstance(body, dict):
            return {key: self.without_rows(one) for key, one in body.items()}
        if isinstance(body, list):
            return [self.without_rows(one) for one in body if not self._is_theirs(one)]
        return body

    def _is_theirs(self, one: Any) -> bool:
        return isinstance(one, dict) and str(one.get("row", "")).lower() in self.trace.all_rows

    def without_matches(self, body: Any) -> Any:
        """The crosswalk: which contact is the patient's."""
        matched = {id_: row for id_, row in body["matched"].items() if id_ != self.trace.patient}
        return {
            **body,
            "matched": matched,
            "ambiguous": [id_ for id_ in body["ambiguous"] if id_ != self.trace.patient],
        }

    def without_ids(self, body: Any) -> Any:
        """A report: wherever it gives the id of a record of theirs, it does not any more."""
        if isinstance(body, dict):
            return {key: self._told(key, body, one) for key, one in body.items()}
        return [self.without_ids(one) for one in body] if isinstance(body, list) else body

    def _told(self, key: str, beside: Mapping[str, Any], said: Any) -> Any:
        if isinstance(said, str):
            if (key, beside.get("where")) == ("what", "sharepoint"):
                return ERASED if self.trace.knows("attachments", said) else said
            source = _NAMED_BY.get(key) or (self._source(beside) if key in ("record", "source", "attachment") else "")
            return ERASED if source and self.trace.knows(source, said) else said
        if isinstance(said, list) and key in _LISTED:
            return [self._in_list(_LISTED[key], one) for one in said]
        if isinstance(said, list) and key == "listed":
            return [self.in_line(one) if isinstance(one, list) else self.without_ids(one) for one in said]
        return self.without_ids(said)

    def _source(self, beside: Mapping[str, Any]) -> str:
        name = str(beside.get("object", ""))
        return self.sources.get(name, name)

    def _in_list(self, source: str, one: Any) -> Any:
        if isinstance(one, list):  # an invoice, and what is wrong with it
            return [self._in_list(source, one[0]), *one[1:]] if one else one
        return ERASED if self.trace.knows(source, one) else self.without_ids(one)

    def in_line(self, line: list[Any]) -> list[Any]:
        """A line of a list: an object or ``sharepoint`` first, ids after it."""
        source = (
            "attachments" if line and line[0] == "sharepoint" else self.sources.get(str(line[0]) if line else "", "")
        )
        return [ERASED if source and self.trace.knows(source, one) else one for one in line]

    def without_debts(self, body: Any) -> Any:
        """The document about money, which also lists invoices that do not add up."""
        listed = [self._in_list("invoices", line) for line in body["source"]["listed"]]
        return {**self.without_ids(body), "source": {**body["source"], "listed": listed}}

    def without_holders(self, body: Any) -> Any:
        """What a proof keeps of money: by holder (``patient p-1``), and line by line."""
        money = body.get("money")
        if not isinstance(money, dict):
            return self.without_ids(body)
        holders = {f"patient {self.trace.patient}", *(f"invoice {id_}" for id_ in self.trace.ids.get("invoices", ()))}
        off = {holder: sums for holder, sums in money["off"].items() if holder not in holders}
        moved = [line for line in money["moved"] if not (self._is_moved(line))]
        return {**body, "money": {**money, "off": off, "moved": moved}}

    def _is_moved(self, line: list[str]) -> bool:
        return line[4] == self.trace.patient or self.trace.knows("invoices", line[3])

    def without_wrong(self, name: str, body: Any) -> Any:
        """What a proof says is wrong about records of an object."""
        source = self.sources.get(name, name)
        lists = {at: [id_ for id_ in body[at] if not self.trace.knows(source, id_)] for at in ("ids", "held")}
        return {**body, **lists}


_NAMED_BY = {"patient": PEOPLE, "family": PEOPLE, "invoice": "invoices"}
_LISTED = {
    "ids_not_given": PEOPLE, "patients": PEOPLE, "families": PEOPLE, "off_families": PEOPLE, "invoices": "invoices",
    "source_listed": "invoices",
}  # fmt: skip
_SCRUBS: Mapping[str, Callable[[Scrub, Any], Any]] = {
    "sample-diff": Scrub.without_rows,
    "rollback-held": Scrub.without_rows,
    "conflicts": Scrub.without_rows,
    "crosswalk": Scrub.without_matches,
    "exceptions": Scrub.without_ids,
    "files": Scrub.without_ids,
    "archive-gaps": Scrub.without_ids,
    "money": Scrub.without_debts,
    "verdict": Scrub.without_ids,
    "rollback": Scrub.without_ids,
    "rollback-rehearsal": Scrub.without_ids,
}
"""How each document that may name somebody loses them. Row ids stay in reports: they name rows in Dynamics."""
