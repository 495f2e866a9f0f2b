"""The document ``money``: before = after + what is aside, for every measure; and who is off where it is not.

Practice totals are told. A patient's amounts are not: the document names who is off, and the rows say by how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.money.amounts import MEASURES, written
from shared.money.books import CHECKS, MOST_LISTED
from shared.money.seen import Seen

DIGESTS = ("patients", "families")


def statement(books: Sequence[Mapping[str, Any]], seen: Mapping[str, tuple[str, Seen]]) -> dict[str, Any]:
    """``books``: what each pass over the source found. ``seen``: by the rules that share a source's records among them,
    that source and what the target held."""
    totals = _summed(part["totals"] for part in books)
    objects, broken = {}, []
    for name, (source, one) in seen.items():
        lines = {measure: _line(totals.get(measure, 0), one, measure) for measure in MEASURES[source]}
        objects[name] = lines
        broken += [{"object": name, "measure": measure} for measure, line in lines.items() if not line["holds"]]
    moved = [line for _, one in seen.values() for line in one.moved]
    more = sum(one.more for _, one in seen.values())
    off = sorted({holder for _, one in seen.values() for holder in one.off})
    families = sorted({family for part in books for family in part["off_families"]})
    holds = not (broken or moved or off or families)
    return {
        "headline": _headline(holds, books, len(moved) + more),
        "holds": holds,
        "broken_count": len(broken) + len(moved) + more,
        "broken": broken,
        "objects": objects,
        "moved": [dict(zip(("table", "row", "measure", "invoice", "patient"), line, strict=True)) for line in moved],
        "moved_more": more,
        "off": {
            "patients": [holder.removeprefix("patient ") for holder in off if holder.startswith("patient ")],
            "invoices": [holder.removeprefix("invoice ") for holder in off if holder.startswith("invoice ")],
            "families": families,
        },
        "compared": {name: sum(part[name] for part in books) for name in ("invoices", "patients", "families")},
        "digests": {name: _added(part["digests"][name] for part in books) for name in DIGESTS},
        "source": {
            "unreadable": sum(part["unreadable"] for part in books),
            "does_not_add_up": {name: sum(part["source_breaks"][name] for part in books) for name in CHECKS},
            "listed": [line for part in books for line in part["source_listed"]][:MOST_LISTED],
        },
    }


def _line(before: int, one: Seen, measure: str) -> dict[str, Any]:
    after, aside = one.after.get(measure, 0), one.aside.get(measure, 0)
    return {
        "before": written(before), "after": written(after), "aside": written(aside), "holds": before == after + aside
    }  # fmt: skip


def _headline(holds: bool, books: Iterable[Mapping[str, Any]], moved: int) -> str:
    parts = list(books)
    invoices, patients = (sum(part[name] for part in parts) for name in ("invoices", "patients"))
    outcome = "the same before and after, to the cent" if holds else f"not the same: {moved:,} amounts are elsewhere"
    return f"{invoices:,} invoices and the balances of {patients:,} patients: {outcome}"


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, units in part.items():
            total[name] = total.get(name, 0) + units
    return total


def _added(digests: Iterable[str]) -> str:
    return f"{sum(int(digest, 16) for digest in digests) % (1 << 128):032x}"
