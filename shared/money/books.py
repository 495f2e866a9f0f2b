"""The source's own books: every invoice, patient and family added up from what was staged, a part of them at a time.

What does not add up in the source is reported and no fault of a move: it has to arrive just as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from zlib import crc32

from shared.money.amounts import MEASURES, amount

AT_ONCE = 25_000
"""Invoices and patients that are added up in one pass: some 20 MB."""
MOST_LISTED = 50
VOID = "void"
CHECKS: dict[str, frozenset[str]] = {
    "lines": frozenset({"invoice_lines"}),
    "gst": frozenset({"invoice_lines"}),
    "paid": frozenset({"payments", "payment_allocations"}),
    "balance": frozenset(),
}
"""An invoice is its lines, its GST is theirs, what was paid is what payments and allocations say, and what is left of
it is its balance. Each with the objects it takes besides the invoices."""
Record = Mapping[str, Any]


def parts_for(records: int) -> int:
    """How many passes books over so many invoices and patients take."""
    return 1 + records // AT_ONCE


@dataclass(slots=True)
class _Invoice:
    status: str = ""
    there: bool = False
    total: int = 0
    gst: int = 0
    paid: int = 0
    balance: int = 0
    lines: int = 0
    lines_gst: int = 0
    settled: int = 0

    def wrong(self, checks: Iterable[str]) -> list[str]:
        left = 0 if self.status == VOID else self.total - self.paid
        pairs = {
            "lines": (self.total, self.lines),
            "gst": (self.gst, self.lines_gst),
            "paid": (self.paid, self.settled),
            "balance": (self.balance, left),
        }
        return [name for name in checks if pairs[name][0] != pairs[name][1]]


@dataclass(slots=True)
class Books:
    """One pass: the invoices, and the families with their patients, that fall into part ``part`` of ``parts``.

    Feed ``patient`` with every patient first, then ``record`` with every record of the ledger. ``sources``: what of the
    ledger was staged; where an object is left out by name, nothing can be added up with it.
    """

    part: int
    parts: int
    sources: frozenset[str] = frozenset(MEASURES)
    totals: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0
    _invoices: dict[str, _Invoice] = field(default_factory=dict)
    _family_of: dict[str, str] = field(default_factory=dict)
    _patients: dict[str, list[int]] = field(default_factory=dict)

    def patient(self, record: Record) -> None:
        """A patient, and the family that settles the bills. Whoever has none is a family."""
        id_ = str(record["id"])
        family = str(record.get("family_id") or id_)
        if self._mine(family):
            self._family_of[id_] = family

    def record(self, source: str, record: Record) -> None:
        """A record of the ledger: ``source`` is one of MEASURES."""
        id_ = str(record["id"])
        invoice = id_ if source == "invoices" else str(record.get("invoice_id") or "")
        patient = str(record.get("patient_id") or "")
        counts, billed, settles = self._mine(id_), bool(invoice) and self._mine(invoice), patient in self._family_of
        if not (counts or billed or settles):
            return  # most records fall into another part
        amounts = {measure: amount(record.get(name)) or 0 for measure, name in MEASURES[source].items()}
        if counts:
            for measure, name in MEASURES[source].items():
                self.totals[measure] = self.totals.get(measure, 0) + amounts[measure]
                self.unreadable += amount(record.get(name)) is None and record.get(name) not in (None, "")
        if billed:
            self._enter(self._invoices.setdefault(invoice, _Invoice()), source, record, amounts)
        if settles:
            self._credit(self._patients.setdefault(patient, [0, 0]), source, bool(invoice), amounts)

    def _mine(self, key: str) -> bool:
        return self.parts == 1 or crc32(key.encode()) % self.parts == self.part

    @staticmethod
    def _enter(invoice: _Invoice, source: str, record: Record, amounts: Mapping[str, int]) -> None:
        if source == "invoices":
            invoice.there, invoice.status = True, str(record.get("status") or "")
            invoice.total, invoice.gst = amounts["invoiced"], amounts["gst"]
            invoice.paid, invoice.balance = amounts["paid"], amounts["balance"]
        elif source == "invoice_lines":
            invoice.lines += amounts["lines"]
            invoice.lines_gst += amounts["lines' gst"]
        else:
            invoice.settled += sum(amounts.values())

    @staticmethod
    def _credit(patient: list[int], source: str, invoiced: bool, amounts: Mapping[str, int]) -> None:
        if source == "invoices":
            patient[0] += amounts["balance"]
        elif source == "payments" and not invoiced:
            patient[1] += amounts["payments"]
        elif source == "payment_allocations":
            patient[1] -= amounts["allocations"]

    def closed(self, off: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
        """What the pass found. ``off``: how far the target is off, by holder; the families of those patients are off
        by the sum of it. Digests are sums, so parts add up in whatever order they come."""
        checks = [name for name, needed in CHECKS.items() if needed <= self.sources]
        invoices = sorted(self._invoices.items())
        wrong = {id_: found for id_, one in invoices if one.there and (found := one.wrong(checks))}
        families: dict[str, list[int]] = {}
        for patient, family in self._family_of.items():
            sums = families.setdefault(family, [0, 0])
            owed, credit = self._patients.get(patient, (0, 0))
            sums[0] += owed
            sums[1] += credit
        return {
            "totals": self.totals,
            "unreadable": self.unreadable,
            "invoices": sum(one.there for one in self._invoices.values()),
            "patients": len(self._family_of),
            "families": len(families),
            "digests": {"patients": _digest(self._patients), "families": _digest(families)},
            "source_breaks": {name: sum(name in found for found in wrong.values()) for name in CHECKS},
            "source_listed": [[id_, *found] for id_, found in wrong.items()][:MOST_LISTED],
            "off_families": self._off_families(off),
        }

    def _off_families(self, off: Mapping[str, Mapping[str, int]]) -> list[str]:
        sums: dict[str, dict[str, int]] = {}
        for holder, by_measure in off.items():
            family = self._family_of.get(holder.removeprefix("patient ")) if holder.startswith("patient ") else None
            if family is not None:
                for measure, units in by_measure.items():
                    kept = sums.setdefault(family, {})
                    kept[measure] = kept.get(measure, 0) + units
        return sorted(family for family, kept in sums.items() if any(kept.values()))


def _digest(balances: Mapping[str, list[int]]) -> str:
    total = 0
    for name, (owed, credit) in balances.items():
        if owed or credit:
            total += int.from_bytes(blake2b(f"{name}|{owed}|{credit}".encode(), digest_size=16).digest(), "big")
    return f"{total % (1 << 128):032x}"
