"""Insurance: who covers whom, the same fund spelt as many ways as people type it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sandbox.corepractice import rhythm
from sandbox.corepractice.chance import DECK_SIZE, POLICY, Dice, deck, with_fixed
from sandbox.corepractice.reception import Reception
from sandbox.corepractice.shapes import COVERAGE_TYPES, RELATIONSHIPS, Record

CARRIERS = (
    *("Bupa", "Medibank Private", "HCF", "nib", "Bupa", "Medibank Private", "Teachers Health", "GMHBA", "AHM"),
    *("Defence Health", "Doctors' Health Fund", "CBHS", "HIF", "Westfund", "Latrobe Health"),
)
_SPELLINGS = (
    "Bupa",
    "Medibank Private",
    "BUPA",
    "bupa ",
    "Medibank  private",
    "MEDIBANK PRIVATE",
    "H.C.F.",
    "NIB",
    "Teachers' Health",
    "Bupa AU",
)
FIRST = 30  # policies that a clinic of fifty patients has
# card -> (copies in a thousand, of these among the first thirty policies)
ODDITIES: Mapping[str, tuple[int, int]] = {
    **{f"spelt {text}": (14, 1) for text in _SPELLINGS},
    **{"hidden_patient": (8, 0), "gone_patient": (3, 0), "unknown_patient": (2, 0), "no_priority": (30, 1)},
    **{"no_number": (20, 1), "ended": (60, 2), "no_dates": (20, 1)},
}


_FIXED = {1: "hidden_patient", 2: "gone_patient", 6: "unknown_patient"}  # of patients with one policy


class Insurance:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._plan = reception.plan
        self._dice = Dice(reception.seed)
        cards = deck(reception.seed, POLICY, ODDITIES, plain="plain", first=FIRST)
        self._cards = with_fixed(cards, _FIXED, "plain")

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        patient, place = rhythm.POLICIES.parent(number)
        holder = self._reception.known_patient(patient)
        card = self._cards[number % DECK_SIZE]
        kind, _, text = card.partition(" ")
        dice = self._dice.throw(POLICY, number)
        relationship = RELATIONSHIPS[number % 4] if number < 20 else dice.of(("self", "self", *RELATIONSHIPS))
        began = date(2012, 1, 1) + timedelta(days=dice.below(4500))
        ended = card == "ended" or dice.maybe(0.05)
        details: Record = {
            "patient_id": self._reception.patient_of(card, number, patient),
            "carrier": text if kind == "spelt" else CARRIERS[number % 4] if number < 8 else dice.of(CARRIERS),
            "policy_number": None if card == "no_number" else f"{dice.digits(8)}{dice.of(('', 'A', '-01'))}",
            "group_number": f"G{dice.digits(4)}" if dice.maybe(0.3) else None,
            "coverage_type": COVERAGE_TYPES[number % 4] if number < 20 else dice.of(COVERAGE_TYPES),
            "priority": _priority(card, patient, place),
            "subscriber_name": self._subscriber(dice, holder, relationship),
            "relationship": relationship,
            "valid_from": None if card == "no_dates" else began.isoformat(),
            "valid_to": (began + timedelta(days=365)).isoformat() if ended else None,
            "active": not ended,
        }
        return details, self._plan.updated("insurance_policies", number)

    @staticmethod
    def _subscriber(dice: Dice, holder: Record, relationship: str) -> str | None:
        if relationship == "self":
            return " ".join(part for part in (holder["first_name"], holder["last_name"]) if part)
        return f"{dice.of(('Robin', 'Alex', 'Sam', 'Kim'))} {holder['last_name']}" if dice.maybe(0.9) else None


def _priority(card: str, patient: int, place: int) -> int | None:
    """Two first policies for every fortieth patient, none for others; else in the order of entry."""
    if patient % 40 == 5:
        return 1
    return None if card == "no_priority" or patient % 60 == 16 else place + 1
