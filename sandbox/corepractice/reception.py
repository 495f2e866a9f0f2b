"""The front desk: who the patients and the staff are, who treats whom where, and which visits were booked.

It relates what `people`, `team` and `diary` grow on their own. The records of a visit ask it whom they are about.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sandbox.corepractice import diary, people, team
from sandbox.corepractice.chance import APPOINTMENT, DECK_SIZE, Dice, mix
from sandbox.corepractice.local_clock import clock_of
from sandbox.corepractice.plan import Plan, record_id
from sandbox.corepractice.records import local_text
from sandbox.corepractice.shapes import Record
from sandbox.corepractice.timeline import DAY, ENDED


class Booking(NamedTuple):
    """What an appointment decides for the records that follow it. Times are in seconds since 1970."""

    card: str
    patient: int
    home: people.Home
    starts: int
    created: int
    updated: int


class Reception:
    def __init__(self, plan: Plan, zone: ZoneInfo) -> None:
        self.plan = plan
        self.zone = zone
        self.seed = plan.seed
        self._counts = plan.counts
        self._clock = clock_of(zone)
        self._dice = Dice(plan.seed)
        self._households = people.Households(plan.seed)
        self._changes = diary.clock_changes(zone.key)
        self._absent = {name: self._with_standing(name) for name in ("hidden", "gone")}
        self._place_clinicians()
        self.staff_name = lru_cache(maxsize=1024)(self._staff_name)
        self.known_patient = lru_cache(maxsize=1024)(self.patient)

    def _place_clinicians(self) -> None:
        clinicians = [number for number in range(self._counts["staff"]) if team.is_clinician(number)]
        self._departed = [number for number in clinicians if team.has_left(number)]
        present = [number for number in clinicians if not team.has_left(number)]
        places = self._counts["locations"]
        self._clinicians_at = [[n for n in present if n % places == place] or present for place in range(places)]

    def _with_standing(self, standing: str) -> list[int]:
        absent = (place for place, name in enumerate(self.plan.standings) if name == standing)
        return [place for place in absent if place < self._counts["patients"]]

    # --- who treats whom, and where -----------------------------------------------------------------------

    def _location_of(self, home: people.Home) -> int:
        return mix(self.seed + 1, home.number) % self._counts["locations"]

    def location_of(self, home: people.Home) -> str:
        return record_id("locations", self._location_of(home))

    def _provider_of(self, home: people.Home) -> str | None:
        spread = mix(self.seed + 2, home.number)
        if spread % 100 < 5:
            return None
        if spread % 100 < 10:
            return record_id("staff", self._departed[spread // 100 % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return record_id("staff", present[spread // 100 % len(present)])

    def provider_for_visit(self, card: str, number: int, home: people.Home) -> str | None:
        if card == "no_provider":
            return None
        if card == "departed_provider":
            return record_id("staff", self._departed[number % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return self._provider_of(home) or record_id("staff", present[number % len(present)])

    def staff(self, number: int) -> Record:
        home = record_id("locations", number % self._counts["locations"])
        return team.staff_member(self._dice, number, location_id=home)

    def _staff_name(self, staff_id: str) -> str:
        member = self.staff(int(staff_id[-9:]))
        return " ".join(part for part in (member["title"], member["first_name"], member["last_name"]) if part)

    def front_desk(self, turn: int) -> str:
        """Somebody who answers the telephone; a few have left since."""
        desk = [number for number in range(25) if team.role_of(number) in ("receptionist", "practice_manager")]
        return record_id("staff", desk[turn % len(desk)])

    # --- patients -----------------------------------------------------------------------------------------

    def patient(self, number: int) -> Record:
        """Without id and stamps."""
        standing = self.plan.standing(number)
        oddity = self.plan.oddities[number % DECK_SIZE]
        original = self._first_entry(number) if oddity == "twice" else None
        home = people.home_of(self.seed, number if original is None else original)
        if original is None:
            details = people.patient(self._dice, number, home, self._households.of(home.number))
            people.make_odd(details, oddity, number)
        else:
            details = people.entered_again(self.patient(original), number)
        spread = mix(self.seed + 3, number)
        details |= {
            "status": "archived" if standing in ("hidden", "gone") else standing,
            "family_id": f"f-{home.number:09d}" if home.size > 1 else None,
            "provider_id": self._provider_of(home),
            "location_id": self.location_of(home) if spread % 50 else None,
            "referrer_id": record_id("referrers", spread // 64 % self._counts["referrers"]) if spread % 5 < 2 else None,
        }
        return details

    def _first_entry(self, number: int) -> int | None:
        """Whom a patient of the oddity "twice" repeats: somebody up to nine numbers before."""
        original = number - 1 - mix(self.seed + 4, number) % 9
        while original >= 0 and self.plan.oddities[original % DECK_SIZE] == "twice":
            original -= 1
        return original if original >= 0 else None

    def patient_of(self, card: str, number: int, patient: int) -> str | None:
        """The id a record gives for its patient, which an odd card replaces by a doubtful one."""
        if card == "no_patient":
            return None
        if card == "unknown_patient":
            return f"p-9{number % 10**8:08d}"
        choices = self._absent.get(card.removesuffix("_patient"))
        if choices:
            whole = max(1, self._counts["patients"] // DECK_SIZE)
            place = choices[number % len(choices)] + number % whole * DECK_SIZE
            return record_id("patients", place if place < self._counts["patients"] else choices[0])
        return record_id("patients", patient)

    # --- appointments -------------------------------------------------------------------------------------

    def booking(self, number: int, dice: Dice) -> Booking:
        """Throws the dice for this appointment; what `diary` makes of it draws on."""
        updated = self.plan.updated("appointments", number)
        past = number < self.plan.past
        card = self.plan.diary_cards[number % DECK_SIZE]
        dice.throw(APPOINTMENT, number)
        patient = dice.below(self.plan.patients_by(updated - 14 * DAY))
        days = -1 - dice.below(3) if past else 1 + dice.below(200)
        starts = self._clock.moment(*diary.working_time(dice, self._clock.day(updated if past else ENDED) + days))
        if card in diary.CLOCK_CHANGES and self._changes is not None:
            starts = diary.odd_hour(card, self._changes)
        lead = dice.below(150 * DAY)
        created = min(updated, max(starts - lead, self.plan.patient_created(patient))) if past else updated
        return Booking(card, patient, people.home_of(self.seed, patient), starts, created, updated)

    def appointment(self, number: int) -> tuple[Record, Booking]:
        booked = self.booking(number, self._dice)
        details = diary.appointment(self._dice, number, booked.card, past=number < self.plan.past)
        details["starts_at"] = local_text(booked.starts, self.zone)
        details["patient_id"] = self.patient_of(booked.card, number, booked.patient)
        details["provider_id"] = self.provider_for_visit(booked.card, number, booked.home)
        details["location_id"] = None if booked.card == "no_location" else self.location_of(booked.home)
        return details, booked
