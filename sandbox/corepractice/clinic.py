"""A believable Australian clinic of any size, grown from (patients, seed): every record from its number alone.

Nothing is kept but a few tables of staff: two million patients page as lazily as fifty. `plan` numbers and dates
records, `reception` and `visits` relate them to each other, and one module per subject says what they tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox.corepractice import team
from sandbox.corepractice.chance import Dice
from sandbox.corepractice.custom_columns import CustomColumns
from sandbox.corepractice.files import StoredFile
from sandbox.corepractice.histories import Histories
from sandbox.corepractice.insurance import Insurance
from sandbox.corepractice.large_scan import LargeScan
from sandbox.corepractice.ledger import Ledger
from sandbox.corepractice.names import PRACTICE_NAME
from sandbox.corepractice.notes import Notes
from sandbox.corepractice.plan import FILE_PREFIX, Plan, record_id
from sandbox.corepractice.reception import Reception
from sandbox.corepractice.records import Slip, Tally, local_text
from sandbox.corepractice.scans import Scans
from sandbox.corepractice.shapes import CUSTOM_FIELDS_OF, EXTRA_FIELDS, FIELDS, OBJECTS, PREFIXES, Record, blank
from sandbox.corepractice.talk import Talk
from sandbox.corepractice.timeline import DAY, OPENED
from sandbox.corepractice.treatment_plans import TreatmentPlans
from sandbox.corepractice.treatments import Treatments
from sandbox.corepractice.visits import Visits

Grown = tuple[Record, int]  # a record without id and stamps, and when it was made, in seconds since 1970


@dataclass(frozen=True)
class Extras:
    """What a clinic may have beyond the usual, or lack, to try an app with."""

    objects: tuple[str, ...] = ()  # of `shapes.EXTRA_FIELDS`
    notes_of_one_patient: int = 0
    large_file_mb: int = 0
    custom_columns: int = 0  # of patients
    without: tuple[str, ...] = ()  # objects that the source does not know

    def __post_init__(self) -> None:
        unknown = sorted(set(self.objects) - set(EXTRA_FIELDS))
        if unknown or len(set(self.objects)) < len(self.objects):
            raise ValueError(f"extra objects are, once each, {', '.join(EXTRA_FIELDS)}")
        if set(self.without) - set(OBJECTS) or "patients" in self.without:
            raise ValueError(f"a clinic has patients, and may be without other objects of {', '.join(OBJECTS)}")
        if not (0 <= self.notes_of_one_patient <= 1_000_000 and self.large_file_mb >= 0):
            raise ValueError("a patient has 0 to 1,000,000 notes more, and no file less than 0 MB")


PLAIN = Extras()


class Clinic:
    """Implements `records.Records`. The same numbers are the same clinic on any machine."""

    def __init__(
        self, patients: int, seed: int = 1, timezone: str = "Australia/Sydney", *, extras: Extras = PLAIN
    ) -> None:
        self.name = PRACTICE_NAME
        self.zone = ZoneInfo(timezone)
        self.seed = seed
        self.identity = f"clinic of {patients} from seed {seed} in {timezone}"
        if extras != PLAIN:
            self.identity += f" with {extras}"
        if not patients and (extras.notes_of_one_patient or extras.large_file_mb):
            raise ValueError("an empty practice has nobody to have notes or files")
        self.fields: dict[str, tuple[str, ...]] = {
            **FIELDS,
            **{name: EXTRA_FIELDS[name] for name in extras.objects},
        }
        for name in extras.without:
            del self.fields[name]
        more = {"notes": extras.notes_of_one_patient, "attachments": int(extras.large_file_mb > 0)}
        self._plan = Plan(patients, seed, objects=(*OBJECTS, *extras.objects), more=more)
        self._columns = CustomColumns(seed, extras.custom_columns)
        self._dice = Dice(seed)
        self._reception = Reception(self._plan, self.zone)
        visits = Visits(self._reception)
        self._scans = Scans(visits, LargeScan(seed, extras.large_file_mb) if extras.large_file_mb else None)
        self._growers = self._subjects(visits)

    def _subjects(self, visits: Visits) -> Mapping[str, Callable[[int], Grown]]:
        treatments = Treatments(visits)
        plans, ledger = TreatmentPlans(visits, treatments), Ledger(visits, treatments)
        return {
            "locations": lambda number: self._of_the_house(team.location(self._dice, number, self.zone.key), number),
            "referrers": lambda number: self._of_the_house(team.referrer(self._dice, number), number),
            "staff": lambda number: self._of_the_house(self._reception.staff(number), number),
            "patients": self._patient,
            "appointments": self._appointment,
            "treatments": treatments.grow,
            "treatment_plans": plans.grow_plan,
            "treatment_plan_lines": plans.grow_line,
            "invoices": ledger.grow_invoice,
            "invoice_lines": ledger.grow_line,
            "payments": ledger.grow_payment,
            "payment_allocations": ledger.grow_allocation,
            "notes": Notes(visits).grow,
            "insurance_policies": Insurance(self._reception).grow,
            "communications": Talk(visits).grow,
            "attachments": self._scans.grow,
            "medical_histories": Histories(visits).grow,
        }

    @staticmethod
    def _of_the_house(details: Record, number: int) -> Grown:
        return details, OPENED + (number * DAY * 11 if number < 200 else 2200 * DAY)

    def _patient(self, number: int) -> Grown:
        details = self._reception.patient(number)
        if self._columns.names:
            details["custom_fields"] |= self._columns.values(number)
        return details, self._plan.patient_created(number)

    def _appointment(self, number: int) -> Grown:
        details, booked = self._reception.appointment(number)
        return details, booked.created

    def load(self, object_name: str, place: int) -> Record:
        details, created = self._growers[object_name](place)
        updated = self._plan.updated(object_name, place)
        record = blank(object_name)
        record |= details
        record["id"] = record_id(object_name, place)
        record["created_at"] = local_text(min(created, updated), self.zone)
        record["updated_at"] = local_text(updated, self.zone)
        return record

    def custom_fields(self, object_name: str) -> tuple[str, ...]:
        own = CUSTOM_FIELDS_OF.get(object_name, ())
        return (*own, *self._columns.names) if object_name == "patients" else own

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
        count = self._plan.counts[object_name]
        for _ in range(100 if count else 0):
            slip = self._plan.slip(object_name, int(chance.random() * count), 0)
            if slip is not None:
                return slip.id
        return None

    def file(self, file_id: str) -> StoredFile | None:
        digits = file_id.removeprefix(FILE_PREFIX)
        number = self._plan.number_of("attachments", f"{PREFIXES['attachments']}{digits}")
        return None if number is None or file_id == digits else self._scans.file(number)
