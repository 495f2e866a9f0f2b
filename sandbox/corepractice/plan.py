"""How many records a clinic has, what they are called, when they were touched, and which oddity each one drew.

Everything in closed form: a plan for two million patients is as small as one for fifty.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from sandbox.corepractice import diary, people
from sandbox.corepractice.chance import APPOINTMENT, DECK_SIZE, PATIENT, deck, drawn, mix
from sandbox.corepractice.records import Slip, Tally
from sandbox.corepractice.shapes import OBJECTS
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


class Plan:
    """Of a clinic of so many patients grown from this seed."""

    def __init__(self, patients: int, seed: int) -> None:
        if not 0 <= patients <= MOST_PATIENTS:
            raise ValueError(f"a clinic has 0 to {MOST_PATIENTS:,} patients")
        self.seed = seed
        more = max(0, patients - 5000)
        self.counts = {
            "locations": 3 + patients // 50_000,
            "referrers": 40 + more // 200,
            "staff": 25 + more // 400,
            "patients": patients,
            "appointments": int(patients * APPOINTMENTS_PER_PATIENT),
            "attachments": patients // 10,
        }
        self.standings = deck(seed, PATIENT, _STANDINGS, plain="active")
        self.oddities = deck(seed, PATIENT + 100, dict(people.ODDITIES), plain="plain")
        self.diary_cards = deck(seed, APPOINTMENT, dict(diary.ODDITIES), plain="plain")
        self._old = patients * 7 // 10  # so many were there when the practice moved into Core Practice
        self.past = self.counts["appointments"] * 93 // 100  # visits that have happened; the rest are booked
        self._tracks = {name: self._tracks_of(name) for name in OBJECTS}

    def _tracks_of(self, object_name: str) -> tuple[Track, ...]:
        count = self.counts[object_name]
        if object_name == "patients":
            newcomers = Track(self._old, count - self._old, MOVED + DAY, ENDED)
            return Track(0, self._old, MOVED, ENDED, shuffled=True), newcomers
        if object_name == "appointments":
            booked = Track(self.past, count - self.past, ENDED - 180 * DAY, ENDED)
            return Track(0, self.past, DIARY_OPENED, ENDED), booked
        return (Track(0, count, MOVED, ENDED, shuffled=object_name == "attachments"),)

    def number_of(self, object_name: str, record_id: str) -> int | None:
        prefix, digits = record_id[:2], record_id[2:]
        if prefix != PREFIXES[object_name] or len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
            return None
        number = int(digits)
        return number if number < self.counts[object_name] else None

    def standing(self, number: int) -> str:
        return self.standings[number % DECK_SIZE]

    def updated(self, object_name: str, number: int) -> int:
        """When a record was last touched, in seconds since 1970."""
        for track in self._tracks[object_name]:
            if track.first <= number < track.first + track.count:
                return track.instant(number)
        raise IndexError(f"{object_name} has no number {number}")

    def patient_created(self, number: int) -> int:
        fraction = mix(self.seed, number) / 2**32
        if number < self._old:
            return OPENED + int((number + fraction) * (MOVED - OPENED) / self._old)
        return self.updated("patients", number) - int(fraction * DAY)

    def patients_by(self, moment: int) -> int:
        """How many patients the clinic had then, at least one."""
        if moment < MOVED:
            return max(1, int((moment - OPENED) * self._old / (MOVED - OPENED)))
        return self._old + int((moment - MOVED) * (self.counts["patients"] - self._old) / (ENDED - MOVED)) or 1

    def slip(self, object_name: str, number: int, seconds: int) -> Slip | None:
        standing = self.standing(number) if object_name == "patients" else "active"
        if standing in ("hidden", "gone"):
            return None
        return Slip(seconds * 1_000_000, record_id(object_name, number), standing == "archived", number)

    def slips(self, object_name: str, after: str | None) -> Iterator[Slip]:
        for number in range(self._first_after(object_name, after), self.counts[object_name]):
            slip = self.slip(object_name, number, self.updated(object_name, number))
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
                track.slips(since, lambda number, seconds: self.slip(object_name, number, seconds))
                for track in self._tracks[object_name]
            )
        )

    def with_standing(self, object_name: str, wanted: str) -> Iterator[str]:
        """Ids of the patients of this standing; other objects have none."""
        if object_name == "patients":
            for number in range(self.counts["patients"]):
                if self.standing(number) == wanted:
                    yield record_id("patients", number)

    def tally(self, object_name: str) -> Tally:
        count = self.counts[object_name]
        if object_name != "patients":
            return Tally(active=count, archived=0)
        archived = drawn(self.standings, count, "archived")
        return Tally(active=count - archived - drawn(self.standings, count, "hidden", "gone"), archived=archived)
