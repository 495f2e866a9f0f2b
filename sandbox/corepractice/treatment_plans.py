"""What was proposed: treatment plans and their lines, some of which became treatments of the same visit."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.corepractice import money, rhythm
from sandbox.corepractice.chance import PLAN, PLAN_LINE, Dice
from sandbox.corepractice.plan import record_id
from sandbox.corepractice.shapes import PLAN_STATUSES, Record
from sandbox.corepractice.treatments import WORK, Done, Treatments, draw_item
from sandbox.corepractice.visits import Visit, Visits

_NAMES = ("Treatment plan", "Restorative phase", "Crown and bridge", "Perio, then review", "Option B", "Ästhetik 🦷")
_LATER = ("presented", "accepted", "scheduled", "completed", "declined", "expired")  # all but drafts were presented


class Line(NamedTuple):
    done: Done
    status: str
    treatment: int | None


class TreatmentPlans:
    def __init__(self, visits: Visits, treatments: Treatments) -> None:
        self._visits = visits
        self._treatments = treatments
        self._plan = visits.plan
        self._dice = Dice(visits.plan.seed)
        self._booked = lru_cache(maxsize=256)(self._future_appointment)
        self.line = lru_cache(maxsize=1024)(self._line)

    @staticmethod
    def status_of(number: int) -> str:
        return PLAN_STATUSES[number % 7]

    def grow_plan(self, number: int) -> tuple[Record, int]:
        visit, status = self._visits.behind("treatment_plans", number), self.status_of(number)
        lines = [self.line(line) for line in rhythm.PLAN_LINES.children(number)]
        total = sum(line.done.cents for line in lines if line.status != "cancelled")
        dice = self._dice.throw(PLAN, number)
        presented = date.fromisoformat(visit.day) - timedelta(days=7 + dice.below(60))
        accepted = status in ("accepted", "scheduled", "completed")
        booked = self._booked(number)
        details: Record = {
            "patient_id": visit.patient_id if booked is None else booked[1],
            "provider_id": visit.provider_id,
            "location_id": visit.location_id,
            "name": dice.of(_NAMES),
            "status": status,
            "presented_on": presented.isoformat() if status in _LATER else None,
            "accepted_on": (presented + timedelta(days=dice.below(7))).isoformat() if accepted else None,
            "estimated_total": money.written(total),
            "notes": "Wants to wait for the new fund year.\nRing in January." if dice.maybe(0.2) else None,
        }
        return details, visit.at - 70 * 86_400

    def grow_line(self, number: int) -> tuple[Record, int]:
        plan, place = rhythm.PLAN_LINES.parent(number)
        visit, line, booked = self._visits.behind("treatment_plans", plan), self.line(number), self._booked(plan)
        details: Record = {
            "plan_id": record_id("treatment_plans", plan),
            "patient_id": visit.patient_id if booked is None else booked[1],
            "sequence": place + 1,
            "item_code": line.done.code,
            "description": line.done.description,
            "tooth": line.done.tooth,
            "surfaces": line.done.surfaces,
            "estimated_fee": money.written(line.done.cents),
            "status": line.status,
            "treatment_id": None if line.treatment is None else record_id("treatments", line.treatment),
            "appointment_id": self._appointment(line, visit, booked),
        }
        if plan % 140 == 4 and place == 0:
            details["treatment_id"] = f"tr-9{number % 10**8:08d}"  # deleted since, which nobody told the plan
        return details, visit.at - 70 * 86_400

    @staticmethod
    def _appointment(line: Line, visit: Visit, booked: tuple[str, str] | None) -> str | None:
        if line.status == "scheduled" and booked is not None:
            return booked[0]
        return visit.appointment_id if line.treatment is not None else None

    def _line(self, number: int) -> Line:
        plan, place = rhythm.PLAN_LINES.parent(number)
        status = self.status_of(plan)
        done_then = rhythm.TREATMENTS.children(self._plan.visit_of("treatment_plans", plan))
        if status == "completed" or (status == "accepted" and place == 0):
            treatment = done_then[place] if place < len(done_then) else None
            done = None if treatment is None else self._treatments.done(treatment)
            if done is not None and done.status == "completed":
                return Line(done, "completed", treatment)
            if status == "completed":
                return Line(self._proposed(number), "cancelled" if place > 2 else "completed", None)
        cancelled = status == "declined" or (place == 3 and status != "scheduled")
        step = "cancelled" if cancelled else "scheduled" if status == "scheduled" and place < 2 else "planned"
        return Line(self._proposed(number), step, None)

    def _proposed(self, number: int) -> Done:
        item, tooth, surfaces, fee = draw_item(self._dice.throw(PLAN_LINE, number), WORK)
        return Done(item.code, item.description, tooth, surfaces, fee, "planned")

    def _future_appointment(self, plan: int) -> tuple[str, str] | None:
        """A scheduled plan is about whoever has one of the booked appointments: its id and the patient's."""
        booked = range(self._plan.past, self._plan.counts["appointments"])
        if self.status_of(plan) != "scheduled" or not booked:
            return None
        for step in range(10):
            number = booked[(plan // 7 + step) % len(booked)]
            found, booking = self._visits.reception.appointment(number)
            if not booking.card.endswith("_patient"):
                return record_id("appointments", number), str(found["patient_id"])
        return None
