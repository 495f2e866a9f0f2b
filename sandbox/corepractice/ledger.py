"""Invoices, their lines, payments and allocations, consistent to the cent though each is computed alone.

What becomes of an invoice is its fate in `rhythm`. All four objects derive their amounts from the lines and the fate,
so total, paid and balance agree whichever of them is asked for first.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.corepractice import money, rhythm
from sandbox.corepractice.chance import INVOICE, INVOICE_LINE, PAYMENT, Dice, mix
from sandbox.corepractice.plan import record_id
from sandbox.corepractice.shapes import PAYMENT_METHODS, Record
from sandbox.corepractice.treatments import Treatments
from sandbox.corepractice.visits import Visits

_PRODUCTS = (
    *(("P-BRUSH", "Electric toothbrush", 12_900), ("P-PASTE", "High fluoride toothpaste", 1895)),
    *(("P-GUARD", "Mouthguard case", 990), ("P-FLOSS", "Interdental brushes", 1250)),
)
_ATTENDANCE = ("013", "Limited examination", 5500)
CREDIT = 2000  # cents paid too much where an invoice was overpaid, and given back
DEPOSIT = 15_000
LEFT_OVER = 5000  # of some split payments, kept for next time


class Line(NamedTuple):
    code: str | None
    description: str
    tooth: str | None
    treatment: int | None
    quantity: int
    unit: int  # cents, GST included, as all amounts here
    gst: int

    @property
    def amount(self) -> int:
        return self.quantity * self.unit


class Paid(NamedTuple):
    """One payment as its invoice's fate has it; `to_invoice` is false where it stands on the patient's account."""

    cents: int
    kind: str
    to_invoice: bool


class Ledger:
    def __init__(self, visits: Visits, treatments: Treatments) -> None:
        self._visits = visits
        self._treatments = treatments
        self._seed = visits.plan.seed
        self._dice = Dice(self._seed)
        self._line_dice = Dice(self._seed)
        self.line = lru_cache(maxsize=4096)(self._line)
        self.total = lru_cache(maxsize=2048)(self._total)

    # --- amounts, in cents --------------------------------------------------------------------------------

    def _line(self, number: int) -> Line:
        invoice, place = rhythm.INVOICE_LINES.parent(number)
        treated = rhythm.treatments_of_invoice(invoice)
        if place >= len(treated):
            dice = self._line_dice.throw(INVOICE_LINE, number)
            code, description, unit = dice.of(_PRODUCTS)
            quantity = 1 + dice.below(3)
            return Line(code, description, None, None, quantity, unit, money.gst_within(quantity * unit))
        done = self._treatments.done(treated[place])
        if done.status != "completed" or not done.cents:
            return Line(_ATTENDANCE[0], _ATTENDANCE[1], None, None, 1, _ATTENDANCE[2], 0)
        quantity = 2 if done.code == "022" and number % 2 else 1
        return Line(done.code, done.description, done.tooth, treated[place], quantity, done.cents, 0)

    def _total(self, invoice: int) -> int:
        return sum(self.line(number).amount for number in rhythm.INVOICE_LINES.children(invoice))

    def payments_for(self, invoice: int) -> tuple[Paid, ...]:
        """What was paid because of an invoice, in the order of payment numbers."""
        fate, total = rhythm.fate_of(invoice), self.total(invoice)
        share = 30 + mix(self._seed + 8, invoice) % 50
        part = total * share // 100
        if fate == "paid":
            return (Paid(total, "payment", True),)
        if fate == "part":
            return (Paid(part, "payment", True),)
        if fate == "fund":
            return Paid(part, "payment", True), Paid(total - part, "payment", True)
        if fate == "overpaid":
            return Paid(total + CREDIT, "payment", True), Paid(-CREDIT, "refund", True)
        if fate == "written_off":
            return Paid(part, "payment", True), Paid(total - part, "write_off", True)
        if fate == "deposit":
            return (Paid(DEPOSIT, "payment", False),)
        if fate == "split":
            left = LEFT_OVER if mix(self._seed + 9, invoice) % 3 == 0 else 0
            return (Paid(self.allocated(invoice) + self.allocated(invoice + 1) + left, "payment", False),)
        return ()

    def allocated(self, invoice: int) -> int:
        """Of the split payment: the first invoice is settled, the second one in whole or in part."""
        fate = rhythm.fate_of(invoice)
        if fate == "split":
            return self.total(invoice)
        if fate == "split_rest":
            return self.total(invoice) if mix(self._seed + 9, invoice) % 2 else self.total(invoice) // 3
        return 0

    def paid(self, invoice: int) -> int:
        return sum(p.cents for p in self.payments_for(invoice) if p.to_invoice) + self.allocated(invoice)

    # --- records, without id and stamps, and when they were made ------------------------------------------

    def grow_invoice(self, number: int) -> tuple[Record, int]:
        visit, fate = self._visits.behind("invoices", number), rhythm.fate_of(number)
        total, paid = self.total(number), self.paid(number)
        balance = 0 if fate == "void" else total - paid
        settled = "paid" if balance == 0 else "outstanding"
        gst = sum(self.line(line).gst for line in rhythm.INVOICE_LINES.children(number))
        dice = self._dice.throw(INVOICE, number)
        due = date.fromisoformat(visit.day) + timedelta(days=dice.of((0, 0, 7, 14, 30)))
        details: Record = {
            "invoice_number": invoice_number(number),
            "patient_id": visit.patient_id,
            "provider_id": visit.provider_id,
            "location_id": visit.location_id,
            "issued_on": visit.day,
            "due_on": due.isoformat(),
            "total": money.written(total),
            "gst": money.written(gst),
            "paid": money.written(paid),
            "balance": money.written(balance),
            "status": fate if fate in ("void", "draft") else settled,
            "notes": dice.of(_REMARKS) if dice.maybe(0.1) or fate == "void" else None,
        }
        return details, visit.at + 3000

    def grow_line(self, number: int) -> tuple[Record, int]:
        invoice, place = rhythm.INVOICE_LINES.parent(number)
        visit, line = self._visits.behind("invoices", invoice), self.line(number)
        details: Record = {
            "invoice_id": record_id("invoices", invoice),
            "patient_id": visit.patient_id,
            "treatment_id": None if line.treatment is None else record_id("treatments", line.treatment),
            "provider_id": visit.provider_id,
            "sequence": place + 1,
            "item_code": line.code,
            "description": line.description,
            "tooth": line.tooth,
            "quantity": line.quantity,
            "unit_amount": money.written(line.unit),
            "gst": money.written(line.gst),
            "amount": money.written(line.amount),
        }
        if number % 307 == 23:
            details["treatment_id"] = f"tr-9{number % 10**8:08d}"  # deleted since, which nobody told the invoice
        return details, visit.at + 3000

    def grow_payment(self, number: int) -> tuple[Record, int]:
        invoice, place = rhythm.PAYMENTS.parent(number)
        visit, paid = self._visits.behind("invoices", invoice), self.payments_for(invoice)[place]
        dice = self._dice.throw(PAYMENT, number)
        from_fund = rhythm.fate_of(invoice) == "fund" and place == 0
        method = PAYMENT_METHODS[number % 7] if number < 28 else dice.of(PAYMENT_METHODS)
        details: Record = {
            "patient_id": visit.patient_id,
            "invoice_id": record_id("invoices", invoice) if paid.to_invoice else None,
            "paid_on": _days_after(visit.day, 0 if place == 0 else 1 + dice.below(5)),
            "amount": money.written(paid.cents),
            "kind": paid.kind,
            "method": None if paid.kind == "write_off" else "health_fund" if from_fund else method,
            "reference": f"HICAPS {dice.digits(8)}" if from_fund else dice.digits(6) if dice.maybe(0.6) else None,
        }
        return details, visit.at + 3600

    def grow_allocation(self, number: int) -> tuple[Record, int]:
        invoice, _ = rhythm.ALLOCATIONS.parent(number)
        first = invoice if rhythm.fate_of(invoice) == "split" else invoice - 1
        visit = self._visits.behind("invoices", invoice)
        details: Record = {
            "payment_id": record_id("payments", rhythm.PAYMENTS.before(first)),
            "invoice_id": record_id("invoices", invoice),
            "patient_id": visit.patient_id,
            "amount": money.written(self.allocated(invoice)),
            "allocated_on": _days_after(visit.day, number % 2),
        }
        return details, visit.at + 3600


_REMARKS = ("Health fund claimed on the spot.", "Payment plan agreed.\nSee letter.", "Entered in error")


def invoice_number(number: int) -> str:
    """Rising, with a gap about every hundred: somebody once deleted an invoice or printed a test page."""
    return f"INV-{1001 + number + (number + 83) // 100 + (number + 460) // 500:06d}"


def _days_after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat() if days else day
