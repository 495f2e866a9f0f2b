"""Medical histories: an object that some practices have and the contract does not know, to see who notices."""

from __future__ import annotations

from sandbox.corepractice.chance import HISTORY, Dice
from sandbox.corepractice.shapes import Record
from sandbox.corepractice.visits import Visits

_QUESTIONS = (
    *("Are you taking any medication?", "Do you have a heart condition?", "Are you pregnant?", "Do you smoke?"),
    "Have you had a reaction to an anaesthetic?",
)
_ANSWERS = ("No", "No", "Yes", "Warfarin 5 mg", "Not sure – ask Dr Lee", None)


class Histories:
    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._dice = Dice(visits.plan.seed)

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        visit = self._visits.behind("medical_histories", number)
        dice = self._dice.throw(HISTORY, number)
        details: Record = {
            "patient_id": visit.patient_id,
            "question": dice.of(_QUESTIONS),
            "answer": dice.of(_ANSWERS),
            "recorded_on": visit.day,
        }
        return details, visit.at
