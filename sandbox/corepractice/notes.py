"""Notes of every kind and author, most of them about a visit; a few too long for any column, a few hostile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from sandbox.corepractice import diary, note_bodies, rhythm
from sandbox.corepractice.chance import DECK_SIZE, NOTE, Dice, deck
from sandbox.corepractice.plan import HOUR, record_id
from sandbox.corepractice.records import local_text
from sandbox.corepractice.shapes import NOTE_KINDS, Record
from sandbox.corepractice.timeline import DAY
from sandbox.corepractice.visits import Visits

# card -> (copies in a thousand, of these among the first fifty notes)
ODDITIES: Mapping[str, tuple[int, int]] = {
    **{f"hostile {name}": (2, 1) for name in note_bodies.HOSTILE},
    **{"emoji": (6, 1), "no_patient": (3, 1), "unknown_author": (3, 1), "no_author": (5, 1), "empty": (4, 1)},
    **{f"rich {place}": (2, 1) for place in range(len(note_bodies.RICH))},
    **{"no_subject": (20, 1), "unknown_treatment": (2, 1)},
}
LONG_ONES = (52, 60, 68)  # the only notes of more than 100,000 characters in any clinic
_SUBJECTS = {
    "clinical": ("Examination", "Treatment notes", "Perio chart", "Post-op call"),
    "administrative": ("Account", "Fund details", "Recall", "Transfer of records"),
    "alert": ("Allergy", "Medication", "Behaviour"),
    "phone": ("Rang in", "Left a message", "Mother rang"),
}


class Notes:
    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._plan = visits.plan
        self._zone = visits.reception.zone
        self._dice = Dice(self._plan.seed)
        self._cards = deck(self._plan.seed, NOTE, ODDITIES, plain="plain")

    def grow(self, number: int) -> tuple[Record, int]:
        """The record without id and stamps, and when it was made."""
        if number >= self._plan.usual["notes"]:
            return self._of_one_patient(number)
        visit_number, place = rhythm.NOTES.parent(number)
        visit = self._visits.of(visit_number)
        card = self._cards[number % DECK_SIZE]
        dice = self._dice.throw(NOTE, number)
        kind = NOTE_KINDS[number % 4] if number < 40 else dice.of(("clinical", "clinical", *NOTE_KINDS))
        body, form = self._body(dice, number, card)
        clinical = kind == "clinical"
        author = visit.provider_id if clinical else self._visits.reception.front_desk(number)
        noted = self._odd_hours.get(number, visit.at + (1500 if place == 0 else HOUR * 5))
        treated = rhythm.TREATMENTS.children(visit_number)
        details: Record = {
            "patient_id": None if card == "no_patient" else visit.patient_id,
            **self._author(card, number, author),
            "kind": kind,
            "subject": None if card == "no_subject" else dice.of(_SUBJECTS[kind]),
            "body": body,
            "format": form,
            "noted_at": local_text(noted, self._zone),
            "appointment_id": visit.appointment_id if clinical and card != "no_patient" else None,
            "treatment_id": record_id("treatments", treated[0]) if clinical and dice.maybe(0.5) else None,
        }
        if card == "no_patient":
            details["treatment_id"] = None
        elif card == "unknown_treatment":
            details["treatment_id"] = f"tr-9{number % 10**8:08d}"
        return details, noted

    def _author(self, card: str, number: int, author: str | None) -> Record:
        if card == "unknown_author":
            return {"author_id": f"s-9{number % 10**8:08d}", "author_name": "Temp from the agency"}
        if card == "no_author" or author is None:
            return {"author_id": None, "author_name": "Imported"}
        return {"author_id": author, "author_name": self._visits.reception.staff_name(author)}

    def _body(self, dice: Dice, number: int, card: str) -> tuple[str | None, str]:
        if number in LONG_ONES:
            return self._long_bodies[LONG_ONES.index(number)]
        if card == "empty":
            return None, "text"
        if card == "emoji":
            return note_bodies.EMOJI, "html"
        kind, _, name = card.partition(" ")
        if kind == "hostile":
            return note_bodies.HOSTILE[name], "html"
        if kind == "rich" or dice.maybe(0.5):
            return note_bodies.RICH[int(name or number) % len(note_bodies.RICH)], "html"
        return f"{dice.of(note_bodies.PLAIN)}\n{dice.of(note_bodies.PLAIN)}", "text"

    @cached_property
    def _long_bodies(self) -> tuple[tuple[str, str], ...]:
        return (
            (note_bodies.long_html(note_bodies.LONG_HTML), "html"),
            (note_bodies.long_text(note_bodies.LONG_TEXT), "text"),
            (note_bodies.long_html(note_bodies.LONGEST_HTML), "html"),
        )

    @cached_property
    def _odd_hours(self) -> Mapping[int, int]:
        """Notes written in both halves past two of the night in which the clocks go back."""
        changes = diary.clock_changes(self._zone.key)
        if changes is None:
            return {}
        first = self._plan.first_touched("notes", changes.back + DAY)
        wanted = (diary.odd_hour(card, changes) for card in diary.CLOCK_CHANGES[:2])
        return {first + place: hour for place, hour in enumerate(wanted)}

    def _of_one_patient(self, number: int) -> tuple[Record, int]:
        """One of the notes that somebody asked for beyond the usual: all of the first patient that lists show."""
        patient = next(n for n in range(self._plan.counts["patients"]) if self._plan.standing(n) == "active")
        dice = self._dice.throw(NOTE, number)
        noted = self._plan.updated("notes", number) - HOUR
        author = self._visits.reception.front_desk(number)
        details: Record = {
            "patient_id": record_id("patients", patient),
            **self._author("plain", number, author),
            "kind": dice.of(NOTE_KINDS),
            "subject": f"Monitoring {number - self._plan.usual['notes'] + 1}",
            "body": f"{dice.of(note_bodies.PLAIN)} ({dice.digits(5)})",
            "format": "text",
            "noted_at": local_text(noted, self._zone),
        }
        return details, noted
