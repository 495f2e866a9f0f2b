"""What was done: treatments with the item codes, teeth and surfaces as practices really write them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sandbox.corepractice import money, rhythm
from sandbox.corepractice.chance import DECK_SIZE, TREATMENT, TREATMENT_DETAILS, Dice, deck
from sandbox.corepractice.shapes import MATERIALS, TREATMENT_STATUSES, Record
from sandbox.corepractice.visits import Visits


class Item(NamedTuple):
    """One line of the fee schedule; `filling` ones name surfaces, `cents` include GST where there is any."""

    code: str
    description: str
    cents: int
    tooth: bool = False
    filling: bool = False


EXAMINATIONS = (
    Item("011", "Comprehensive examination", 7500),
    Item("012", "Periodic examination", 6400),
    Item("013", "Limited examination", 5250),
    Item("015", "Extended consultation", 9800),
)
WORK = (
    Item("022", "Intraoral radiograph", 4550, tooth=True),
    Item("037", "Panoramic radiograph", 11_000),
    Item("114", "Removal of calculus", 13_200),
    Item("121", "Topical fluoride", 3995),
    Item("161", "Fissure sealing", 6250, tooth=True),
    Item("311", "Removal of a tooth", 21_500, tooth=True),
    Item("415", "Root canal preparation, one canal", 32_450, tooth=True),
    Item("521", "Adhesive restoration, one surface, anterior", 17_800, tooth=True, filling=True),
    Item("531", "Adhesive restoration, one surface, posterior", 18_500, tooth=True, filling=True),
    Item("532", "Adhesive restoration, two surfaces, posterior", 23_150, tooth=True, filling=True),
    Item("533", "Adhesive restoration, three surfaces, posterior", 27_600, tooth=True, filling=True),
    Item("613", "Full crown", 168_000, tooth=True),
    Item("965", "Occlusal splint", 56_000),
)
SURFACES = ("O", "MO", "DO", "MOD", "B", "P", "L", "MOB", "DL")
TEETH = tuple(f"{quadrant}{place}" for quadrant in "1234" for place in range(1, 9))

_MESSY_TEETH = (
    *("UR6", "16 MOD", "16?", "Q1", "upper left", "36,37", "A", "55", "#3", "16-18", "LL7 ", "11/21", "all", "⏌6"),
)
_MESSY_CODES = ("D0120", "88011", "11", "011 ", "531/2")
ODDITIES: Mapping[str, tuple[int, int]] = {
    **{f"tooth {text}": (5, 1) for text in _MESSY_TEETH},
    **{f"code {text}": (5, 1) for text in _MESSY_CODES},
    **{
        "surfaces mod": (10, 1),
        "surfaces M-O-D": (5, 1),
        "locum": (8, 1),
        "no_code": (3, 1),
        "unknown_appointment": (3, 1),
    },
    **{"long_notes": (3, 1), "no_date": (2, 1)},
}


class Done(NamedTuple):
    """What invoices and plans repeat of a treatment."""

    code: str | None
    description: str
    tooth: str | None
    surfaces: str | None
    cents: int
    status: str


def draw_item(dice: Dice, choices: tuple[Item, ...]) -> tuple[Item, str | None, str | None, int]:
    """An item with tooth, surfaces and this practice's fee in cents, mostly a round one."""
    item = dice.of(choices)
    tooth = dice.of(TEETH) if item.tooth else None
    surfaces = dice.of(SURFACES) if item.filling else None
    fee = item.cents * (90 + dice.below(21)) // 100
    return item, tooth, surfaces, fee if dice.maybe(0.2) else round(fee, -2)


class Treatments:
    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._dice = Dice(visits.plan.seed)
        self._details = Dice(visits.plan.seed)
        self._cards = deck(visits.plan.seed, TREATMENT, ODDITIES, plain="plain")
        self.done = lru_cache(maxsize=4096)(self._done)

    def _done(self, number: int) -> Done:
        visit, place = rhythm.TREATMENTS.parent(number)
        dice = self._dice.throw(TREATMENT, number)
        item, tooth, surfaces, fee = draw_item(dice, EXAMINATIONS if place == 0 and visit % 3 else WORK)
        status = self._status(dice, number)
        kind, _, text = self._cards[number % DECK_SIZE].partition(" ")
        code = None if kind == "no_code" else text if kind == "code" else item.code
        tooth = text if kind == "tooth" else tooth
        surfaces = text if kind == "surfaces" else surfaces
        return Done(code, item.description, tooth, surfaces, fee if status != "existing" else 0, status)

    @staticmethod
    def _status(dice: Dice, number: int) -> str:
        if number < 30:
            return TREATMENT_STATUSES[(0, 0, 1, 0, 2, 0)[number % 6]]
        draw = dice.below(100)
        return "completed" if draw < 90 else "existing" if draw < 96 else "cancelled"

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        done, visit = self.done(number), self._visits.behind("treatments", number)
        card = self._cards[number % DECK_SIZE]
        dice = self._details.throw(TREATMENT_DETAILS, number)
        filling = done.surfaces is not None
        notes = f"{dice.of(_NOTES)} {dice.of(_NOTES)}" if dice.maybe(0.5) else None
        material = MATERIALS[number // 2 % 6] if number < 60 else dice.of(MATERIALS)
        details: Record = {
            "patient_id": visit.patient_id,
            "provider_id": None if card == "locum" else visit.provider_id,
            "provider_name": "Dr A. Locum" if card == "locum" else visit.provider_name,
            "appointment_id": f"a-9{number % 10**8:08d}" if card == "unknown_appointment" else visit.appointment_id,
            "location_id": visit.location_id,
            "treated_on": None if card == "no_date" else visit.day,
            "item_code": done.code,
            "description": done.description,
            "tooth": done.tooth,
            "surfaces": done.surfaces,
            "fee": money.written(done.cents),
            "status": done.status,
            "clinical_notes": _LONG_NOTES if card == "long_notes" else notes,
            "custom_fields": {
                "material": material if filling or dice.maybe(0.1) else None,
                "anaesthetic_ml": dice.of((1.8, 2.2, 2.2, 3.6, 4.4)) if filling or dice.maybe(0.1) else None,
            },
        }
        return details, visit.at + 600


_NOTES = (
    *("Tolerated well.", "LA 2.2 ml lignocaine 2% 1:80,000.", "Shade A3; occlusion checked.", "Review in 2 weeks."),
    *("Pt anxious, took breaks.", "Bleeding on probing 16–18.", "Rubber dam; caries removed.", "Consent given."),
    "Warned about sensitivity\nand to ring if pain persists.",
)
_LONG_NOTES = ("Reviewed all quadrants; pockets ≤ 4 mm; see chart. " * 180).rstrip()
