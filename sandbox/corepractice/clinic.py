"""A believable Australian clinic of any size, grown from (patients, seed): every record from its number alone.

Nothing is kept but a few tables of staff: two million patients page as lazily as fifty. What a record is called
and what befalls it comes from `people`, `team`, `diary` and `scans`; this module numbers, dates and relates them.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.corepractice import diary, people, scans, team
from sandbox.corepractice.chance import APPOINTMENT, DECK_SIZE, PATIENT, Dice, deck, drawn, mix
from sandbox.corepractice.names import PRACTICE_NAME
from sandbox.corepractice.records import Slip, StoredFile, Tally, local_text
from sandbox.corepractice.shapes import OBJECTS, Record, blank
from sandbox.corepractice.timeline import DAY, DIARY_OPENED, ENDED, MOVED, OPENED, Track

PREFIXES = {
    "locations": "l-",
    "referrers": "r-",
    "staff": "s-",
    "patients": "p-",
    "appointments": "a-",
    "attachments": "x-",
}
FILE_PREFIX = "file-"
MOST_PATIENTS = 10_000_000
APPOINTMENTS_PER_PATIENT = 2.5

# card -> (copies in a thousand, of these among the first fifty patients); hidden: in no list; gone: not at all
_STANDINGS = {"inactive": (120, 6), "archived": (50, 3), "deceased": (30, 2), "hidden": (15, 2), "gone": (5, 1)}


def record_id(object_name: str, number: int) -> str:
    return f"{PREFIXES[object_name]}{number:09d}"


class Clinic:
    """Implements `records.Records`. The same patients, seed and zone are the same clinic on any machine."""

    def __init__(self, patients: int, seed: int = 1, timezone: str = "Australia/Sydney") -> None:
        if not 0 <= patients <= MOST_PATIENTS:
            raise ValueError(f"a clinic has 0 to {MOST_PATIENTS:,} patients")
        self.name = PRACTICE_NAME
        self.zone = ZoneInfo(timezone)
        self.seed = seed
        self.identity = f"clinic of {patients} from seed {seed} in {timezone}"
        more = max(0, patients - 5000)
        self.counts = {
            "locations": 3 + patients // 50_000,
            "referrers": 40 + more // 200,
            "staff": 25 + more // 400,
            "patients": patients,
            "appointments": int(patients * APPOINTMENTS_PER_PATIENT),
            "attachments": patients // 10,
        }
        self._dice = Dice(seed)
        self._households = people.Households(seed)
        self._standings = deck(seed, PATIENT, _STANDINGS, plain="active")
        self._oddities = deck(seed, PATIENT + 100, dict(people.ODDITIES), plain="plain")
        self._diary_cards = deck(seed, APPOINTMENT, dict(diary.ODDITIES), plain="plain")
        self._old = patients * 7 // 10  # so many were there when the practice moved into Core Practice
        self._past = self.counts["appointments"] * 93 // 100
        self._tracks = {name: self._tracks_of(name) for name in OBJECTS}
        self._changes = diary.clock_changes(timezone)
        self._place_clinicians()

    def _tracks_of(self, object_name: str) -> tuple[Track, ...]:
        count = self.counts[object_name]
        if object_name == "patients":
            newcomers = Track(self._old, count - self._old, MOVED + DAY, ENDED)
            return Track(0, self._old, MOVED, ENDED, shuffled=True), newcomers
        if object_name == "appointments":
            booked = Track(self._past, count - self._past, ENDED - 180 * DAY, ENDED)
            return Track(0, self._past, DIARY_OPENED, ENDED), booked
        return (Track(0, count, MOVED, ENDED, shuffled=object_name == "attachments"),)

    def _place_clinicians(self) -> None:
        clinicians = [number for number in range(self.counts["staff"]) if team.is_clinician(number)]
        self._departed = [number for number in clinicians if team.has_left(number)]
        present = [number for number in clinicians if not team.has_left(number)]
        places = self.counts["locations"]
        self._clinicians_at = [[n for n in present if n % places == place] or present for place in range(places)]

    # --- numbers, instants and relations -----------------------------------------------------------------

    def number_of(self, object_name: str, record_id: str) -> int | None:
        prefix, digits = record_id[:2], record_id[2:]
        if prefix != PREFIXES[object_name] or len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
            return None
        number = int(digits)
        return number if number < self.counts[object_name] else None

    def standing(self, number: int) -> str:
        return self._standings[number % DECK_SIZE]

    def updated(self, object_name: str, number: int) -> int:
        """Seconds since 1970. Numbers past the end (the nursery of `changes`) count as touched on the last day."""
        for track in self._tracks[object_name]:
            if track.first <= number < track.first + track.count:
                return track.instant(number)
        return ENDED

    def patient_created(self, number: int) -> int:
        fraction = mix(self.seed, number) / 2**32
        if number < self._old:
            return OPENED + int((number + fraction) * (MOVED - OPENED) / self._old)
        return self.updated("patients", number) - int(fraction * DAY)

    def _patients_by(self, moment: int) -> int:
        """How many patients the clinic had then, at least one."""
        if moment < MOVED:
            return max(1, int((moment - OPENED) * self._old / (MOVED - OPENED)))
        return self._old + int((moment - MOVED) * (self.counts["patients"] - self._old) / (ENDED - MOVED)) or 1

    def _location_of(self, home: people.Home) -> int:
        return mix(self.seed + 1, home.number) % self.counts["locations"]

    def _provider_of(self, home: people.Home) -> str | None:
        spread = mix(self.seed + 2, home.number)
        if spread % 100 < 5:
            return None
        if spread % 100 < 10:
            return record_id("staff", self._departed[spread // 100 % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return record_id("staff", present[spread // 100 % len(present)])

    # --- records ------------------------------------------------------------------------------------------

    def load(self, object_name: str, place: int) -> Record:
        if object_name == "patients":
            return self._patient(place)
        if object_name == "appointments":
            return self._appointment(place)
        if object_name == "attachments":
            return self._attachment(place)
        zone = self.zone.key
        if object_name == "staff":
            home = record_id("locations", place % self.counts["locations"])
            details = team.staff_member(self._dice, place, location_id=home)
        else:
            details = (
                team.location(self._dice, place, zone)
                if object_name == "locations"
                else team.referrer(self._dice, place)
            )
        opened = OPENED + (place * DAY * 11 if place < 200 else 2200 * DAY)
        return self._stamped(object_name, place, details, opened, self.updated(object_name, place))

    def _stamped(self, object_name: str, number: int, details: Record, created: int, updated: int) -> Record:
        record = blank(object_name)
        record |= details
        record["id"] = record_id(object_name, number)
        record["created_at"] = local_text(created, self.zone)
        record["updated_at"] = local_text(updated, self.zone)
        return record

    def _patient(self, number: int) -> Record:
        standing = self.standing(number)
        oddity = self._oddities[number % DECK_SIZE]
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
            "referrer_id": record_id("referrers", spread // 64 % self.counts["referrers"]) if spread % 5 < 2 else None,
        }
        created = self.patient_created(number)
        return self._stamped("patients", number, details, created, self.updated("patients", number))

    def _first_entry(self, number: int) -> int | None:
        """Whom a patient of the oddity "twice" repeats: somebody up to nine numbers before."""
        original = number - 1 - mix(self.seed + 4, number) % 9
        while original >= 0 and self._oddities[original % DECK_SIZE] == "twice":
            original -= 1
        return original if original >= 0 else None

    def _appointment(self, number: int) -> Record:
        updated = self.updated("appointments", number)
        past = number < self._past
        card = self._diary_cards[number % DECK_SIZE]
        dice = self._dice.throw(APPOINTMENT, number)
        patient = dice.below(self._patients_by(updated - 14 * DAY))
        home = people.home_of(self.seed, patient)
        days = -1 - dice.below(3) if past else 1 + dice.below(200)
        day = datetime.fromtimestamp(updated if past else ENDED, self.zone) + timedelta(days=days)
        starts = int(diary.working_time(dice, day).timestamp())
        if card in diary.CLOCK_CHANGES and self._changes is not None:
            starts = diary.odd_hour(card, self._changes)
        lead = dice.below(150 * DAY)
        created = min(updated, max(starts - lead, self.patient_created(patient))) if past else updated
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
            absent = [place for place, name in enumerate(self._standings) if name == card.removesuffix("_patient")]
            choices = [place for place in absent if place < self.counts["patients"]]
            if choices:
                whole = max(1, self.counts["patients"] // DECK_SIZE)
                place = choices[number % len(choices)] + number % whole * DECK_SIZE
                return record_id("patients", place if place < self.counts["patients"] else choices[0])
        return record_id("patients", patient)

    def _provider_for_visit(self, card: str, number: int, home: people.Home) -> str | None:
        if card == "no_provider":
            return None
        if card == "departed_provider":
            return record_id("staff", self._departed[number % len(self._departed)])
        present = self._clinicians_at[self._location_of(home)]
        return self._provider_of(home) or record_id("staff", present[number % len(present)])

    def _attachment(self, number: int) -> Record:
        patient = mix(self.seed + 5, number) % self.counts["patients"]
        while self.standing(patient) in ("hidden", "gone"):
            patient = (patient + 1) % self.counts["patients"]
        stored = scans.scan(self._dice, number)
        details = {
            "patient_id": record_id("patients", patient),
            "file_id": f"{FILE_PREFIX}{number:09d}",
            "name": stored.name,
            "content_type": stored.content_type,
            "size": len(stored.content),
            "sha256": scans.digest(stored),
        }
        updated = self.updated("attachments", number)
        return self._stamped("attachments", number, details, updated, updated)

    # --- lists --------------------------------------------------------------------------------------------

    def _slip(self, object_name: str, number: int, seconds: int) -> Slip | None:
        standing = self.standing(number) if object_name == "patients" else "active"
        if standing in ("hidden", "gone"):
            return None
        return Slip(seconds * 1_000_000, record_id(object_name, number), standing == "archived", number)

    def slips(self, object_name: str, after: str | None) -> Iterator[Slip]:
        for number in range(self._first_after(object_name, after), self.counts[object_name]):
            slip = self._slip(object_name, number, self.updated(object_name, number))
            if slip is not None:
                yield slip

    def _first_after(self, object_name: str, after: str | None) -> int:
        """Binary search, since `after` may be an id from elsewhere, such as a record entered during the day."""
        if after is None:
            return 0
        low, high = 0, self.counts[object_name]
        while low < high:
            middle = (low + high) // 2
            if record_id(object_name, middle) <= after:
                low = middle + 1
            else:
                high = middle
        return low

    def slips_by_update(self, object_name: str, since: int) -> Iterator[Slip]:
        return heapq.merge(
            *(
                track.slips(since, lambda number, seconds: self._slip(object_name, number, seconds))
                for track in self._tracks[object_name]
            )
        )

    # --- single records and the simulator's own knowledge -----------------------------------------------------

    def find(self, object_name: str, record_id: str) -> Record | None:
        number = self.number_of(object_name, record_id)
        if number is None or (object_name == "patients" and self.standing(number) == "gone"):
            return None
        return self.load(object_name, number)

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        number = self.number_of(object_name, record_id)
        return None if number is None else self._slip(object_name, number, self.updated(object_name, number))

    def _standing_as(self, object_name: str, wanted: str) -> Iterator[str]:
        if object_name == "patients":
            for number in range(self.counts["patients"]):
                if self.standing(number) == wanted:
                    yield record_id("patients", number)

    def hidden(self, object_name: str) -> Iterator[str]:
        return self._standing_as(object_name, "hidden")

    def gone(self, object_name: str) -> Iterator[str]:
        return self._standing_as(object_name, "gone")

    def tally(self, object_name: str) -> Tally:
        count = self.counts[object_name]
        if object_name != "patients":
            return Tally(active=count, archived=0)
        archived = drawn(self._standings, count, "archived")
        return Tally(active=count - archived - drawn(self._standings, count, "hidden", "gone"), archived=archived)

    def pick(self, object_name: str, chance: random.Random) -> str | None:
        if not self.counts[object_name]:
            return None
        for _ in range(100):
            slip = self._slip(object_name, int(chance.random() * self.counts[object_name]), 0)
            if slip is not None:
                return slip.id
        return None

    def file(self, file_id: str) -> StoredFile | None:
        digits = file_id.removeprefix(FILE_PREFIX)
        number = self.number_of("attachments", f"{PREFIXES['attachments']}{digits}")
        known = number is not None and file_id != digits
        return scans.scan(self._dice, number) if known and number is not None else None
