"""How much a clinic does, as rows of sizes that repeat: what a visit brings, what an invoice holds, how it is paid.

Everything clinical, financial and spoken hangs on visits, twenty-three of them for every twenty patients; policies
hang on patients. Counts per patient: treatments 2.0, plans 0.25 with lines 0.75, invoices 1.2 with lines 2.2,
payments 1.1, allocations 0.1, notes 1.5, communications 1.5, attachments 0.1, policies 0.6.
"""

from __future__ import annotations

from sandbox.corepractice.portions import Portions

VISITS, PATIENTS = 23, 20  # so many visits for so many patients
SPLIT = 4  # the visit of each row that gets two invoices, which one payment settles

TREATMENTS = Portions((2, 1, 3, 1, 3, 1, 2, 1, 2, 1, 2, 1, 1, 2, 4, 1, 2, 1, 2, 2, 1, 2, 2))
INVOICES = Portions(tuple(2 if visit == SPLIT else 1 for visit in range(VISITS)))
NOTES = Portions((1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 1))
COMMUNICATIONS = Portions((2, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2))
ATTACHMENTS = Portions(tuple(int(visit in (2, 14)) for visit in range(VISITS)))
PLANS = Portions(tuple(int(visit in (0, SPLIT, 8, 14, 19)) for visit in range(VISITS)))
HISTORIES = Portions((1,))
PLAN_LINES = Portions((3, 2, 4, 1, 5, 2, 4, 3, 5, 1))  # by plan
POLICIES = Portions((1, 0, 1, 1, 0, 2, 0, 1, 0, 0, 1, 1, 0, 3, 0, 0, 1, 0, 0, 0))  # by patient

# What becomes of an invoice -> how many payments that takes. The split pair's payment stands with its first invoice.
PAYMENTS_FOR = {
    **{"paid": 1, "part": 1, "fund": 2, "overpaid": 2, "written_off": 2, "unpaid": 0, "void": 0, "draft": 0},
    **{"deposit": 1, "split": 1, "split_rest": 0},
}
_FATES = (
    *("paid", "fund", "void", "paid", "unpaid", "overpaid", "paid", "paid", "draft", "paid", "part"),
    *("paid", "written_off", "paid", "unpaid", "paid", "fund", "deposit", "paid", "unpaid", "paid", "paid"),
)
_ROWS = 4  # rows of invoices until their fates repeat


def _fates() -> tuple[str, ...]:
    fates: list[str] = []
    for row in range(_ROWS):
        turned = [_FATES[(place + 5 * row) % len(_FATES)] for place in range(len(_FATES))]
        fates += [*turned[:SPLIT], "split", "split_rest", *turned[SPLIT:]]
    return tuple(fates)


FATES = _fates()  # by invoice
PAYMENTS = Portions(tuple(PAYMENTS_FOR[fate] for fate in FATES))
ALLOCATIONS = Portions(tuple(int(fate in ("split", "split_rest")) for fate in FATES))
_PRODUCTS = (2, 9, 15, 21)  # invoices of each row with one line that is no treatment: a brush, a mouthguard case


def treatments_of_invoice(invoice: int) -> range:
    """The treatments an invoice is about: all of its visit, or its half of them where the visit has two invoices."""
    visit, place = INVOICES.parent(invoice)
    done = TREATMENTS.children(visit)
    if visit % VISITS != SPLIT:
        return done
    middle = len(done) // 2
    return done[:middle] if place == 0 else done[middle:]


INVOICE_LINES = Portions(
    tuple(len(treatments_of_invoice(number)) + (number in _PRODUCTS) for number in range(INVOICES.total))
)


def fate_of(invoice: int) -> str:
    return FATES[invoice % len(FATES)]


def visits_of(patients: int) -> int:
    return patients * VISITS // PATIENTS
