"""A believable Australian clinic of any size, grown from (patients, seed): every record from its number alone.

Nothing is kept but a few tables of staff: two million patients page as lazily as fifty. What a record is called
and what befalls it comes from `people`, `team`, `diary` and `scans`; `plan` numbers and dates records, and this module
relates them to each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.corepractice import diary, people, scans, team
from sandbox.corepractice.chance import APPOINTMENT, DECK_SIZE, Dice, mix
from sandbox.corepractice.names import PRACTICE_NAME
from sandbox.corepractice.plan import FILE_PREFIX, PREFIXES, Plan, record_id
from sandbox.corepractice.records import Slip, StoredFile, Tally, local_text
from sandbox.corepractice.shapes import Record, blank
from sandbox.corepractice.timeline import DAY, ENDED, OPENED


class Clinic:
    """Implements `records.Records`. The same patients, seed and zone are the same clinic on any machine."""

    def __init__(self, patients: int, seed: int = 1, timezone: str = "Australia/Sydney") -> None:
        self.name = PRACTICE_NAME
        self.zone = ZoneInfo(timezone)
        self.seed = seed
        self.identity = f"clinic of {patients} from seed {seed} in {timezone}"
        self._plan = Plan(patients, seed)
        self._counts = self._plan.counts
        self._dice = Dice(seed)
        self._households = people.Households(seed)
        self._changes = diary.clock_changes(timezone)
        self._place_clinicians()

    def _place_clinicians(self) -> None:
        clinicians = [number for number in range(self._counts["staff"]) if team.is_clinician(number)]
        self._departed = [number for number in clinicians if team.has_left(number)]
        present = [number for number in clinicians if not team.has_left(number)]
        places = self._counts["locations"]
        self._clinicians_at = [[n for n in present if n % places == place] or present for place in range(places)]

    def _location_of(self, home: people.Home) -> int:
        return mix(self.seed + 1, home.number) % self._counts["locations"]

    def _provider_of(self, home: people.Home) -> str | None:
        spread = mix(self.seed + 2, home.number)
        if spread % 100 < 5:
            return None
        if spread % 100 < 10:
            return record_id("staff", self._departed[spread // 100 % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return record_id("staff", present[spread // 100 % len(present)])

    def load(self, object_name: str, place: int) -> Record:
        if object_name == "patients":
            return self._patient(place)
        if object_name == "appointments":
            return self._appointment(place)
        if object_name == "attachments":
            return self._attachment(place)
        zone = self.zone.key
        if object_name == "staff":
            home = record_id("locations", place % self._counts["locations"])
            details = team.staff_member(self._dice, place, location_id=home)
        else:
            details = (
                team.location(self._dice, place, zone)
                if object_name == "locations"
                else team.referrer(self._dice, place)
            )
        opened = OPENED + (place * DAY * 11 if place < 200 else 2200 * DAY)
        return self._stamped(object_name, place, details, opened, self._plan.updated(object_name, place))

    def _stamped(self, object_name: str, number: int, details: Record, created: int, updated: int) -> Record:
        record = blank(object_name)
        record |= details
        record["id"] = record_id(object_name, number)
        record["created_at"] = local_text(created, self.zone)
        record["updated_at"] = local_text(updated, self.zone)
        return record

    def _patient(self, number: int) -> Record:
        standing = self._plan.standing(number)
        oddity = self._plan.oddities[number % DECK_SIZE]
        original = self._first_entry(number) if oddity == "twice" else None
        home = people.home_of(self.seed, number if original is None else original)
        if original is None:
            details = people.patient(self._dice, number, home, self._households.of(home.number))
            people.make_odd(details, oddity, number)
        else:
            details = people.entered_again(self._patient(original), number)
        spread = mix(self.seed + 3, number)
        details |= {
            "status": "archived" if standing in ("hidden", "gone") else standing,
            "family_id": f"f-{home.number:09d}" if home.size > 1 else None,
            "provider_id": self._provider_of(home),
            "location_id": record_id("locations", self._location_of(home)) if spread % 50 else None,
            "referrer_id": record_id("referrers", spread // 64 % self._counts["referrers"]) if spread % 5 < 2 else None,
        }
        created = self._plan.patient_created(number)
        return self._stamped("patients", number, details, created, self._plan.updated("patients", number))

    def _first_entry(self, number: int) -> int | None:
        """Whom a patient of the oddity "twice" repeats: somebody up to nine numbers before."""
        original = number - 1 - mix(self.seed + 4, number) % 9
        while original >= 0 and self._plan.oddities[original % DECK_SIZE] == "twice":
            original -= 1
        return original if original >= 0 else None

    def _appointment(self, number: int) -> Record:
        updated = self._plan.updated("appointments", number)
        past = number < self._plan.past
        card = self._plan.diary_cards[number % DECK_SIZE]
        dice = self._dice.throw(APPOINTMENT, number)
        patient = dice.below(self._plan.patients_by(updated - 14 * DAY))
        home = people.home_of(self.seed, patient)
        days = -1 - dice.below(3) if past else 1 + dice.below(200)
        day = datetime.fromtimestamp(updated if past else ENDED, self.zone) + timedelta(days=days)
        starts = int(diary.working_time(dice, day).timestamp())
        if card in diary.CLOCK_CHANGES and self._changes is not None:
            starts = diary.odd_hour(card, self._changes)
        lead = dice.below(150 * DAY)
        created = min(updated, max(starts - lead, self._plan.patient_created(patient))) if past else updated
        details = diary.appointment(dice, number, card, past=past)
        details["starts_at"] = local_text(starts, self.zone)
        details["patient_id"] = self._patient_of(card, number, patient)
        details["provider_id"] = self._provider_for_visit(card, number, home)
        details["location_id"] = None if card == "no_location" else record_id("locations", self._location_of(home))
        return self._stamped("appointments", number, details, created, updated)

    def _patient_of(self, card: str, number: int, patient: int) -> str | None:
        if card == "no_patient":
            return None
        if card == "unknown_patient":
            return f"p-9{number % 10**8:08d}"
        if card in ("hidden_patient", "gone_patient"):
            absent = [place for place, name in enumerate(self._plan.standings) if name == card.removesuffix("_patient")]
            choices = [place for place in absent if place < self._counts["patients"]]
            if choices:
                whole = max(1, self._counts["patients"] // DECK_SIZE)
                place = choices[number % len(choices)] + number % whole * DECK_SIZE
                return record_id("patients", place if place < self._counts["patients"] else choices[0])
        return record_id("patients", patient)

    def _provider_for_visit(self, card: str, number: int, home: people.Home) -> str | None:
        if card == "no_provider":
            return None
        if card == "departed_provider":
            return record_id("staff", self._departed[number % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return self._provider_of(home) or record_id("staff", present[number % len(present)])

    def _attachment(self, number: int) -> Record:
        patient = mix(self.seed + 5, number) % self._counts["patients"]
        while self._plan.standing(patient) in ("hidden", "gone"):
            patient = (patient + 1) % self._counts["patients"]
        stored = scans.scan(self._dice, number)
        details = {
            "patient_id": record_id("patients", patient),
            "file_id": f"{FILE_PREFIX}{number:09d}",
            "name": stored.name,
            "content_type": stored.content_type,
            "size": len(stored.content),
            "sha256": scans.digest(stored),
        }
        updated = self._plan.updated("attachments", number)
        return self._stamped("attachments", number, details, updated, updated)

    def find(self, object_name: str, record_id: str) -> Record | None:
        number = self._plan.number_of(object_name, record_id)
        if number is None or (object_name == "patients" and self._plan.standing(number) == "gone"):
            return None
        return self.load(object_name, number)

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        number = self._plan.number_of(object_name, record_id)
        return None if number is None else self._plan.slip(object_name, number, self._plan.updated(object_name, number))

    def slips(self, object_name: str, after: str | None) -> Iterator[Slip]:
        return self._plan.slips(object_name, after)

    def slips_by_update(self, object_name: str, since: int) -> Iterator[Slip]:
        return self._plan.slips_by_update(object_name, since)

    def tally(self, object_name: str) -> Tally:
        return self._plan.tally(object_name)

    def hidden(self, object_name: str) -> Iterator[str]:
        return self._plan.with_standing(object_name, "hidden")

    def gone(self, object_name: str) -> Iterator[str]:
        return self._plan.with_standing(object_name, "gone")

    def pick(self, object_name: str, chance: random.Random) -> str | None:
        if not self._counts[object_name]:
            return None
        for _ in range(100):
            slip = self._plan.slip(object_name, int(chance.random() * self._counts[object_name]), 0)
            if slip is not None:
                return slip.id
        return None

    def file(self, file_id: str) -> StoredFile | None:
        digits = file_id.removeprefix(FILE_PREFIX)
        number = self._plan.number_of("attachments", f"{PREFIXES['attachments']}{digits}")
        known = number is not None and file_id != digits
        return scans.scan(self._dice, number) if known and number is not None else None
