"""How many records a clinic has, what they are called, when they were touched, and which oddity each one drew.

Everything in closed form: a plan for two million patients is as small as one for fifty.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from sandbox.corepractice import diary, people, rhythm
from sandbox.corepractice.chance import APPOINTMENT, DECK_SIZE, PATIENT, deck, drawn, mix
from sandbox.corepractice.records import Slip, Tally
from sandbox.corepractice.shapes import OBJECTS, PREFIXES
from sandbox.corepractice.timeline import DAY, DIARY_OPENED, ENDED, MOVED, OPENED, Following, Track

FILE_PREFIX = "file-"
MOST_PATIENTS = 10_000_000
APPOINTMENTS_PER_PATIENT = 2.5

# card -> (copies in a thousand, of these among the first fifty patients); hidden: in no list; gone: not at all
_STANDINGS = {"inactive": (120, 6), "archived": (50, 3), "deceased": (30, 2), "hidden": (15, 2), "gone": (5, 1)}

HOUR = 3600
# How long after the visit's appointment was closed the records that hang on it were last touched.
_DELAYS = {
    **{"treatments": HOUR, "treatment_plans": 2 * HOUR, "treatment_plan_lines": 2 * HOUR, "invoice_lines": HOUR},
    **{"invoices": 6 * DAY, "payments": 6 * DAY, "payment_allocations": 6 * DAY},
    **{"notes": 3 * HOUR, "communications": 4 * HOUR, "attachments": 5 * HOUR, "medical_histories": HOUR},
}


def record_id(object_name: str, number: int) -> str:
    return f"{PREFIXES[object_name]}{number:09d}"


class Plan:
    """Of a clinic of so many patients grown from this seed. `more` is what one asks for beyond the usual, by object."""

    def __init__(self, patients: int, seed: int, *, objects: tuple[str, ...] = OBJECTS, more: dict[str, int]) -> None:
        if not 0 <= patients <= MOST_PATIENTS:
            raise ValueError(f"a clinic has 0 to {MOST_PATIENTS:,} patients")
        self.seed = seed
        self.visits = rhythm.visits_of(patients)
        self.usual = self._usual_counts(patients)
        self.counts = {name: self.usual[name] + more.get(name, 0) for name in objects}
        self.standings = deck(seed, PATIENT, _STANDINGS, plain="active")
        self.oddities = deck(seed, PATIENT + 100, people.ODDITIES, plain="plain")
        self.diary_cards = deck(seed, APPOINTMENT, diary.ODDITIES, plain="plain")
        self._old = patients * 7 // 10  # so many were there when the practice moved into Core Practice
        self.past = self.counts["appointments"] * 93 // 100  # visits that have happened; the rest are booked
        self._tracks = {name: self._tracks_of(name) for name in objects}

    def _usual_counts(self, patients: int) -> dict[str, int]:
        more = max(0, patients - 5000)
        open_at_all = int(patients > 0)  # a practice without patients has not opened yet
        invoices, plans = rhythm.INVOICES.before(self.visits), rhythm.PLANS.before(self.visits)
        return {
            "locations": (3 + patients // 50_000) * open_at_all,
            "referrers": (40 + more // 200) * open_at_all,
            "staff": (25 + more // 400) * open_at_all,
            "patients": patients,
            "appointments": int(patients * APPOINTMENTS_PER_PATIENT),
            "treatments": rhythm.TREATMENTS.before(self.visits),
            "treatment_plans": plans,
            "treatment_plan_lines": rhythm.PLAN_LINES.before(plans),
            "invoices": invoices,
            "invoice_lines": rhythm.INVOICE_LINES.before(invoices),
            "payments": rhythm.PAYMENTS.before(invoices),
            "payment_allocations": rhythm.ALLOCATIONS.before(invoices),
            "notes": rhythm.NOTES.before(self.visits),
            "insurance_policies": rhythm.POLICIES.before(patients),
            "communications": rhythm.COMMUNICATIONS.before(self.visits),
            "attachments": rhythm.ATTACHMENTS.before(self.visits),
            "medical_histories": rhythm.HISTORIES.before(self.visits),
        }

    def _tracks_of(self, object_name: str) -> tuple[Track | Following, ...]:
        count, usual = self.counts[object_name], self.usual[object_name]
        if object_name == "patients":
            newcomers = Track(self._old, count - self._old, MOVED + DAY, ENDED)
            return Track(0, self._old, MOVED, ENDED, shuffled=True), newcomers
        if object_name == "appointments":
            booked = Track(self.past, count - self.past, ENDED - 180 * DAY, ENDED)
            return Track(0, self.past, DIARY_OPENED, ENDED), booked
        if object_name == "insurance_policies":
            old = rhythm.POLICIES.before(self._old)
            later = Following(old, count - old, lambda number: self.updated("patients", self.policy_holder(number)))
            return Track(0, old, MOVED, ENDED, shuffled=True), later
        if object_name in _DELAYS:
            later = Following(0, usual, self._wake(object_name))
            return later, Track(usual, count - usual, MOVED, ENDED)
        return (Track(0, count, MOVED, ENDED),)

    def _wake(self, object_name: str) -> Callable[[int], int]:
        delay = _DELAYS[object_name]
        return lambda number: min(ENDED, self.visit_touched(self.visit_of(object_name, number)) + delay)

    def visit_of(self, object_name: str, number: int) -> int:
        """The visit that one of the usual records hangs on."""
        if object_name == "treatment_plan_lines":
            return rhythm.PLANS.parent(rhythm.PLAN_LINES.parent(number)[0])[0]
        if object_name in _OF_INVOICES:
            return rhythm.INVOICES.parent(_OF_INVOICES[object_name].parent(number)[0])[0]
        return _OF_VISITS[object_name].parent(number)[0]

    def appointment_of(self, visit: int) -> int:
        """Every other appointment of the past is a visit on which something hangs."""
        return min(2 * visit + mix(self.seed + 7, visit) % 2, self.past - 1)

    def visit_touched(self, visit: int) -> int:
        return self.updated("appointments", self.appointment_of(visit))

    @staticmethod
    def policy_holder(number: int) -> int:
        return rhythm.POLICIES.parent(number)[0]

    def first_touched(self, object_name: str, seconds: int) -> int:
        """The first record that hangs on a visit and was touched then or later."""
        track = self._tracks[object_name][0]
        return track.first_at(seconds) if isinstance(track, Following) else 0

    def number_of(self, object_name: str, record_id: str) -> int | None:
        prefix = PREFIXES[object_name]
        digits = record_id[len(prefix) :]
        if not record_id.startswith(prefix) or len(digits) != 9 or not (digits.isascii() and digits.isdigit()):
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


_OF_INVOICES = {
    "invoice_lines": rhythm.INVOICE_LINES,
    "payments": rhythm.PAYMENTS,
    "payment_allocations": rhythm.ALLOCATIONS,
}
_OF_VISITS = {
    **{"treatments": rhythm.TREATMENTS, "treatment_plans": rhythm.PLANS, "invoices": rhythm.INVOICES},
    **{"notes": rhythm.NOTES, "communications": rhythm.COMMUNICATIONS, "attachments": rhythm.ATTACHMENTS},
    "medical_histories": rhythm.HISTORIES,
}
