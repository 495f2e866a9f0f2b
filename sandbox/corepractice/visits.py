"""Visits: the thread on which treatments, invoices, payments, notes and conversations of one patient hang together.

A visit is no record of the source. It is every other appointment of the past, if the patient came; where the diary is
odd (nobody came, no patient, a clock change) the visit stands alone and its records name no appointment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sandbox.corepractice import diary
from sandbox.corepractice.chance import DECK_SIZE, VISIT, Dice, deck, with_fixed
from sandbox.corepractice.local_clock import SUNDAY, clock_of, day_text
from sandbox.corepractice.plan import HOUR, record_id
from sandbox.corepractice.reception import Reception
from sandbox.corepractice.rhythm import SPLIT
from sandbox.corepractice.rhythm import VISITS as ROW

# card -> (copies in a thousand, of these among the first fifty visits)
ODDITIES = {"hidden_patient": (8, 0), "gone_patient": (3, 0), "unknown_patient": (2, 1)}
# Two early visits with two invoices are odd as well, so that in every clinic each kind of record is.
_FIXED = {ROW + SPLIT: "hidden_patient", 2 * ROW + SPLIT: "gone_patient"}
_DOUBTFUL = frozenset({"no_patient", "unknown_patient", *diary.CLOCK_CHANGES})


class Visit(NamedTuple):
    """`at` is when the patient sat down and `touched` when the appointment was closed, in seconds since 1970."""

    patient: int  # whom the records are about; somebody else where nobody knows the id
    patient_id: str | None
    appointment_id: str | None
    provider_id: str | None
    provider_name: str | None
    location_id: str
    at: int
    day: str
    touched: int


class Visits:
    def __init__(self, reception: Reception) -> None:
        self.reception = reception
        self.plan = reception.plan
        self._cards = with_fixed(deck(self.plan.seed, VISIT, ODDITIES, plain="plain"), _FIXED, "plain")
        self._dice = Dice(self.plan.seed)
        self._clock = clock_of(reception.zone)
        self.of = lru_cache(maxsize=1024)(self._visit)

    def _ordinary(self, touched: int) -> int:
        """Ten o'clock some days before: a visit is not moved with its appointment into the night of a clock change."""
        day = self._clock.day(touched) - 2
        return self._clock.moment(day - (day % 7 == SUNDAY), 10 * HOUR)

    def behind(self, object_name: str, number: int) -> Visit:
        return self.of(self.plan.visit_of(object_name, number))

    def _visit(self, number: int) -> Visit:
        appointment = self.plan.appointment_of(number)
        booked = self.reception.booking(appointment, self._dice)
        came = diary.appointment(self._dice, appointment, booked.card, past=True)["status"] == "completed"
        card = self._cards[number % DECK_SIZE]
        odd = card != "plain" or booked.card in _DOUBTFUL
        shown = card if odd else booked.card  # a plain card on a doubtful page: the patient who came
        at = self._ordinary(booked.updated) if booked.card in diary.CLOCK_CHANGES else booked.starts
        provider = self.reception.provider_for_visit(booked.card, appointment, booked.home)
        patient_id = self.reception.patient_of(shown, number if odd else appointment, booked.patient)
        known = None if patient_id is None else self.plan.number_of("patients", patient_id)
        return Visit(
            patient=booked.patient if known is None else known,
            patient_id=patient_id,
            appointment_id=record_id("appointments", appointment) if came and not odd else None,
            provider_id=provider,
            provider_name=None if provider is None else self.reception.staff_name(provider),
            location_id=self.reception.location_of(booked.home),
            at=at,
            day=day_text(self._clock.day(at)),
            touched=booked.updated,
        )
