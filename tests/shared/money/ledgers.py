"""Random ledgers that add up to the cent, and what they become at the target."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from shared.mapping.compiled import ObjectMap
from shared.mapping.propose import propose
from shared.mapping.rows import Excluded, Row
from shared.money.amounts import MEASURES
from shared.money.books import Books
from shared.money.seen import Ledger, Seen, merged
from shared.money.statement import statement
from shared.vocabulary import ANOTHER_RULE
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled

PATIENTS = [f"P{number}" for number in range(1, 13)]
INVOICES = [f"I{number}" for number in range(1, 31)]
STAMP = {"created_at": "2024-05-06T07:08:09Z"}
Records = dict[str, list[dict[str, Any]]]


def maps(billing: str = "table") -> dict[str, ObjectMap]:
    """The rules of a practice, compiled so that every patient, invoice and payment of these ledgers is known."""
    mapping = propose(EVERYTHING, replace(EVERY, billing_mode=billing))  # type: ignore[arg-type]
    return compiled(mapping, patients=PATIENTS, invoices=INVOICES, payments=[f"PM{n}" for n in range(200)])


def cents(value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def ledger(seed: int) -> Records:
    """Patients in families, invoices with lines, payments to them or to the account, and allocations of those."""
    dice = random.Random(seed)
    found: Records = {name: [] for name in ("patients", *MEASURES)}
    for number, id_ in enumerate(PATIENTS):
        found["patients"].append({"id": id_, "family_id": f"F{number // 3}" if number % 4 else None})
    for id_ in INVOICES:
        _invoice(found, dice, id_, dice.choice(PATIENTS))
    return found


def _invoice(found: Records, dice: random.Random, id_: str, patient: str) -> None:
    own = {"invoice_id": id_, "patient_id": patient, **STAMP}
    amounts = [dice.randrange(1, 90_000) for _ in range(dice.randrange(1, 5))]
    taxes = [amount // 11 if dice.random() < 0.3 else 0 for amount in amounts]
    for amount, tax in zip(amounts, taxes, strict=True):
        name = f"L{len(found['invoice_lines'])}"
        found["invoice_lines"].append({"id": name, **own, "amount": cents(amount), "gst": cents(tax)})
    total, paid = sum(amounts), 0
    if dice.random() < 0.7:
        paid = total if dice.random() < 0.6 else total // 3
        name = f"PM{len(found['payments'])}"
        if dice.random() < 0.7:
            found["payments"].append({"id": name, **own, "amount": cents(paid)})
        else:
            kept = cents(paid + dice.randrange(0, 5_000))
            found["payments"].append({"id": name, **own, "invoice_id": None, "amount": kept})
            number = f"A{len(found['payment_allocations'])}"
            found["payment_allocations"].append({"id": number, "payment_id": name, **own, "amount": cents(paid)})
    found["invoices"].append({
        "id": id_, "patient_id": patient, **STAMP, "invoice_number": f"INV-{id_}", "issued_on": "2024-05-06",
        "total": cents(total), "gst": cents(sum(taxes)), "paid": cents(paid), "balance": cents(total - paid),
        "status": "paid" if paid == total else "outstanding",
    })  # fmt: skip


@dataclass
class Arrived:
    """A record, the row it should be, and what the target holds: None where the row is gone."""

    object: str
    record: dict[str, Any]
    row: Row
    there: dict[str, Any] | None
    bucket: str = "created"


def arrived(rules: dict[str, ObjectMap], records: Records) -> list[Arrived]:
    """Everything as it should be."""
    return list(_arrived(rules, records))


def _arrived(rules: dict[str, ObjectMap], records: Records) -> Iterator[Arrived]:
    for name, one in rules.items():
        for record in records.get(one.source, []) if one.source in MEASURES else []:
            rows = one.rows(record)
            if isinstance(rows, Excluded) and rows.rule == ANOTHER_RULE:
                continue
            assert isinstance(rows, list), (name, record, rows)
            yield Arrived(name, record, rows[0], {one.by_name[c].read: value for c, value in rows[0].values.items()})


def stated(rules: dict[str, ObjectMap], records: Records, found: list[Arrived], parts: int = 1) -> dict[str, Any]:
    """The document ``money``, as the proof makes it: lanes of their own, books in several passes."""
    lanes: dict[str, list[Seen]] = {}
    for number, one in enumerate(found):
        lane = lanes.setdefault(one.object, [Seen(), Seen()])[number % 2]
        book = Ledger.of(rules[one.object])
        assert book is not None
        pairs = [] if one.bucket == "excluded" else [(one.row, one.there)]
        book.saw(lane, one.record, one.bucket, pairs)
    off = merged(part for pair in lanes.values() for part in pair).off
    books = []
    for part in range(parts):
        book_of = Books(part, parts)
        for record in records["patients"]:
            book_of.patient(record)
        for source in MEASURES:
            for record in records[source]:
                book_of.record(source, record)
        books.append(book_of.closed(off))
    shared = {"prepayments": "payments"} if "prepayments" in rules else {}
    seen: dict[str, tuple[str, Seen]] = {}
    for name, pair in lanes.items():
        at = shared.get(name, name)
        before = [seen[at][1]] if at in seen else []
        seen[at] = (rules[name].source, merged([*before, *pair]))
    return statement(books, seen)
