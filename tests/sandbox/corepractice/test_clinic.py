"""The grown clinic is believable and odd: every trap a real practice sets is in it, from fifty patients on."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.corepractice import shapes
from sandbox.corepractice.chance import Dice
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.contacts import medicare_number, provider_number
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.records import microseconds
from sandbox.corepractice.shapes import OBJECTS, Record
from sandbox.corepractice.staff_users import staff_users
from sandbox.corepractice.team import namesake_of

SIZES = (50, 200, 2000)


class Grown:
    """A clinic with all its listable records read once."""

    def __init__(self, patients: int, seed: int = 1) -> None:
        self.clinic = Clinic(patients, seed)
        self.practice = Practice(self.clinic)
        self.records = {name: list(self.practice.all(name)) for name in OBJECTS}
        self.patients = self.records["patients"]
        self.appointments = self.records["appointments"]
        self.staff = self.records["staff"]

    def values(self, object_name: str, field: str) -> Counter[object]:
        return Counter(record[field] for record in self.records[object_name])

    def custom(self, field: str) -> Counter[object]:
        return Counter(record["custom_fields"][field] for record in self.patients)


@pytest.fixture(scope="module", params=SIZES)
def grown(request: pytest.FixtureRequest) -> Grown:
    return Grown(request.param)


@pytest.fixture(scope="module")
def large() -> Grown:
    return Grown(2000)


def test_every_record_has_exactly_the_fields_of_the_contract(grown: Grown) -> None:
    for name, records in grown.records.items():
        assert records, name
        assert all(tuple(record) == shapes.FIELDS[name] for record in records)
    assert all(tuple(patient["custom_fields"]) == shapes.CUSTOM_FIELDS for patient in grown.patients)


def test_a_clinic_of_two_thousand_patients_has_the_size_of_one(large: Grown) -> None:
    counts = {name: len(records) for name, records in large.records.items()}
    assert counts == {
        "locations": 3,
        "referrers": 40,
        "staff": 25,
        "patients": 1960,
        "appointments": 5000,
        "treatments": 4000,
        "treatment_plans": 500,
        "treatment_plan_lines": 1500,
        "invoices": 2400,
        "invoice_lines": 4400,
        "payments": 2200,
        "payment_allocations": 200,
        "notes": 3000,
        "insurance_policies": 1200,
        "communications": 3000,
        "attachments": 200,
    }


def test_every_pick_list_value_occurs(grown: Grown) -> None:
    assert set(grown.values("patients", "gender")) >= set(shapes.GENDERS)
    assert set(grown.values("patients", "reminder_preference")) >= set(shapes.REMINDERS)
    assert set(grown.values("patients", "status")) == set(shapes.PATIENT_STATUSES)
    assert set(grown.values("patients", "marketing_consent")) == {True, False, None}
    assert set(grown.custom("anxiety_level")) >= set(shapes.ANXIETY_LEVELS)
    assert set(grown.custom("how_heard")) >= set(shapes.HOW_HEARD)
    assert set(grown.custom("prefers_morning")) == {True, False, None}
    assert set(grown.values("staff", "role")) == set(shapes.ROLES)
    assert set(grown.values("appointments", "type")) == set(shapes.APPOINTMENT_TYPES)
    assert set(grown.values("appointments", "status")) == set(shapes.APPOINTMENT_STATUSES)


def test_every_field_that_may_be_null_is_null_somewhere(large: Grown) -> None:
    for name in ("patients", "appointments", "staff", "referrers"):
        never = {"id", "patient_number", "role", "status", "active", "created_at", "updated_at", "custom_fields"}
        never |= {"started_on", "starts_at", "duration_minutes", "type", "practice_name", "gender"}
        never |= {"address_line1", "suburb", "country"}
        never |= {"first_name", "last_name"} if name == "staff" else {"last_name"}
        never |= {"phone"} if name == "referrers" else set()
        nulls = {field for field in shapes.FIELDS[name] if field != "custom_fields" and large.values(name, field)[None]}
        assert set(shapes.FIELDS[name]) - never - nulls <= {"state", "postcode"}


def test_custom_fields_are_of_each_kind(large: Grown) -> None:
    kinds = {field: {type(value) for value in large.custom(field)} - {type(None)} for field in shapes.CUSTOM_FIELDS}
    assert kinds == {
        "anxiety_level": {str},
        "recall_interval_months": {int},
        "prefers_morning": {bool},
        "first_visit_on": {str},
        "how_heard": {str},
        "interests": {str},
    }
    assert all(date.fromisoformat(text) for text in large.custom("first_visit_on") if isinstance(text, str))


def test_families_share_address_phone_and_mail(large: Grown) -> None:
    families: dict[str, list[Record]] = defaultdict(list)
    for patient in large.patients:
        if patient["family_id"]:
            families[patient["family_id"]].append(patient)
    shared = {"address_line1": 0, "mobile": 0, "email": 0}
    for members in families.values():
        for field in shared:
            values = [member[field] for member in members if member[field]]
            shared[field] += len(values) > len(set(values))
    assert len(families) > 300
    assert all(count > 50 for count in shared.values())


def test_children_have_no_mail(grown: Grown) -> None:
    children = [
        patient
        for patient in grown.patients
        if (patient["date_of_birth"] or "0") > "2007-07-01" and "@" in (patient["email"] or "")
    ]
    odd = [child for child in children if child["email"] in ("see@notes@example.com", "Jo <jo@example.com>")]
    assert children == odd
    assert any((patient["date_of_birth"] or "0") > "2010" for patient in grown.patients)


def test_the_same_person_is_entered_twice(grown: Grown) -> None:
    def person(patient: Record) -> tuple[object, ...]:
        return (patient["last_name"].lower(), patient["address_line1"], (patient["first_name"] or "?")[:1].lower())

    again = Counter(person(patient) for patient in grown.patients)
    assert sum(count > 1 for count in again.values()) >= len(grown.patients) // 100


def test_birth_dates_of_1900_stand_for_unknown(grown: Grown) -> None:
    assert grown.values("patients", "date_of_birth")["1900-01-01"] >= 1


def _has_script(text: object, low: int, high: int) -> bool:
    return any(low <= ord(letter) <= high for letter in str(text))


def test_names_are_written_in_emoji_from_right_to_left_and_with_apostrophes(grown: Grown) -> None:
    names = [f"{patient['first_name']} {patient['last_name']}" for patient in grown.patients]
    assert any(_has_script(name, 0x1F000, 0x1FFFF) for name in names)
    assert any(_has_script(name, 0x0590, 0x06FF) for name in names)
    assert any("'" in name or "’" in name for name in names)


def test_some_names_are_padded_capital_or_missing(grown: Grown) -> None:
    firsts = [patient["first_name"] for patient in grown.patients]
    assert None in firsts
    assert any(first != first.strip() for first in firsts if first)
    assert any(patient["last_name"].isupper() and len(patient["last_name"]) > 2 for patient in grown.patients)


def test_addresses_and_texts_run_over_lines_and_beyond_two_thousand_characters(grown: Grown) -> None:
    assert any("\n" in patient["address_line1"] for patient in grown.patients)
    assert max(len(patient["alert_text"] or "") for patient in grown.patients) > 8000
    assert max(len(appointment["reason"] or "") for appointment in grown.appointments) > 2000


def test_both_clock_changes_have_appointments_around_them() -> None:
    starts = Grown(50).values("appointments", "starts_at")
    assert starts["2024-04-07T02:30:00+11:00"] == 1, "the first half past two"
    assert starts["2024-04-07T02:30:00+10:00"] == 1, "and the second"
    assert starts["2024-10-06T01:45:00+10:00"] == 1
    assert starts["2024-10-06T03:15:00+11:00"] == 1


def test_a_zone_without_clock_changes_grows_too() -> None:
    brisbane = Practice(Clinic(50, timezone="Australia/Brisbane"))
    assert all(record["starts_at"].endswith("+10:00") for record in brisbane.all("appointments"))


def test_appointments_are_dirty_in_every_way(grown: Grown) -> None:
    hidden, gone = set(grown.clinic.hidden("patients")), set(grown.clinic.gone("patients"))
    listed = {patient["id"] for patient in grown.patients}
    referred = set(grown.values("appointments", "patient_id"))
    departed = {member["id"] for member in grown.staff if not member["active"]}
    assert grown.values("appointments", "duration_minutes")[0]
    assert grown.values("appointments", "provider_id")[None]
    assert grown.values("appointments", "location_id")[None]
    assert set(grown.values("appointments", "provider_id")) & departed
    assert referred & hidden, "patients that only GET by id knows"
    assert referred & gone, "patients that not even GET by id knows"
    assert referred - listed - hidden - gone - {None}, "patients that never existed"
    assert any(a["status"] == "booked" and a["starts_at"] < "2024" for a in grown.appointments), "never closed"


def test_hidden_patients_answer_to_their_id_alone_and_gone_ones_to_nothing(grown: Grown) -> None:
    listed = {patient["id"] for patient in grown.patients}
    hidden, gone = list(grown.clinic.hidden("patients")), list(grown.clinic.gone("patients"))
    assert hidden
    assert gone
    assert not listed & {*hidden, *gone}
    found = [grown.clinic.find("patients", record_id) for record_id in hidden]
    assert all(record is not None and record["status"] == "archived" for record in found)
    assert all(grown.clinic.find("patients", record_id) is None for record_id in gone)


def test_references_point_somewhere(grown: Grown) -> None:
    ids = {name: {record["id"] for record in records} for name, records in grown.records.items()}
    for patient in grown.patients:
        assert patient["provider_id"] in ids["staff"] | {None}
        assert patient["location_id"] in ids["locations"] | {None}
        assert patient["referrer_id"] in ids["referrers"] | {None}


def test_visits_fall_on_working_days_after_the_patient_was_entered(large: Grown) -> None:
    created = {patient["id"]: microseconds(patient["created_at"]) for patient in large.patients}
    sane = 0
    for appointment in large.appointments:
        starts = datetime.fromisoformat(appointment["starts_at"])
        sane += starts.weekday() < 6 and 8 <= starts.hour < 18
        if appointment["patient_id"] in created:
            begun = created[appointment["patient_id"]]
            assert begun <= microseconds(appointment["created_at"]) or appointment["starts_at"][:4] == "2024"
    assert sane > len(large.appointments) * 0.99


def test_nothing_was_touched_before_it_was_made_or_after_the_story(grown: Grown) -> None:
    for records in grown.records.values():
        for record in records:
            assert microseconds(record["created_at"]) <= microseconds(record["updated_at"])
            assert record["updated_at"] < "2025-07-01"


def test_times_carry_the_practices_own_offset(grown: Grown) -> None:
    zone = ZoneInfo("Australia/Sydney")
    for appointment in grown.appointments:
        starts = datetime.fromisoformat(appointment["starts_at"])
        assert starts.utcoffset() == starts.astimezone(zone).utcoffset()


def test_some_staff_have_left_and_some_never_treat(grown: Grown) -> None:
    left = [member for member in grown.staff if not member["active"]]
    assert left
    assert all(member["left_on"] > member["started_on"] for member in left)
    assert all(member["left_on"] is None for member in grown.staff if member["active"])
    assert all(
        (member["provider_number"] is not None) == (member["role"] in shapes.CLINICIANS) for member in grown.staff
    )


def test_staff_mail_is_first_and_last_name_at_the_practice(grown: Grown) -> None:
    mails = [member["email"] for member in grown.staff if member["email"]]
    assert "charlotte.smith@harbourlanedental.example" in mails
    assert len(set(mails)) == len(mails)
    assert any(member["last_name"] == "O'Brien" and ".obrien@" in member["email"] for member in grown.staff)


def test_most_active_clinicians_have_a_user_one_is_disabled_and_some_have_none(grown: Grown) -> None:
    users = {user["internalemailaddress"].lower(): user for user in staff_users(grown.practice)}
    clinicians = [m["email"] for m in grown.staff if m["active"] and m["email"] and m["provider_number"]]
    known = [users[mail] for mail in clinicians if mail in users]
    assert len(clinicians) / 2 < len(known) < len(clinicians)
    assert sum(user["isdisabled"] for user in known) == 1
    assert any(not user["licensed"] for user in users.values())
    assert any(user["internalemailaddress"].isupper() for user in users.values())
    assert set(users) - {member["email"] for member in grown.staff}, "a user who is not staff"


def test_a_referring_organisation_is_named_twice_with_another_spelling(grown: Grown) -> None:
    names = [referrer["practice_name"] for referrer in grown.records["referrers"]]
    pairs = [(names[number], names[earlier]) for number in range(40) if (earlier := namesake_of(number)) is not None]
    assert len(pairs) == 5
    for again, first in pairs:
        assert again != first
        assert again.casefold().replace(" ", "")[:6] == first.casefold().replace(" ", "")[:6]


def test_numbers_have_the_check_digits_that_validators_look_for() -> None:
    dice = Dice(1).throw(0, 0)
    for _ in range(50):
        digits = medicare_number(dice).replace(" ", "")
        weights = (1, 3, 7, 9, 1, 3, 7, 9)
        assert sum(int(d) * w for d, w in zip(digits[:8], weights, strict=True)) % 10 == int(digits[8])
        assert len(provider_number(dice)) == 8


def test_attachments_describe_their_bytes(grown: Grown) -> None:
    for record in grown.records["attachments"]:
        stored = grown.clinic.file(record["file_id"])
        assert stored is not None
        assert (record["name"], record["content_type"]) == (stored.name, stored.content_type)
        assert record["size"] == len(stored.content)
        assert record["sha256"] == hashlib.sha256(stored.content).hexdigest()
    assert grown.clinic.file("file-999999999") is None
    assert grown.clinic.file("000000000") is None


@pytest.mark.parametrize("name", OBJECTS)
def test_the_list_by_update_is_the_list_by_id_in_another_order(large: Grown, name: str) -> None:
    by_id = list(large.clinic.slips(name, None))
    by_update = list(large.clinic.slips_by_update(name, 0))
    assert by_update == sorted(by_id)
    assert [slip.id for slip in by_id] == sorted(slip.id for slip in by_id)
    middle = by_update[len(by_update) // 2].updated
    assert list(large.clinic.slips_by_update(name, middle)) == [s for s in by_update if s.updated >= middle]
    assert [microseconds(r["updated_at"]) for r in large.records[name]] == [slip.updated for slip in by_id]


def test_many_records_share_one_instant(large: Grown) -> None:
    assert max(large.values("patients", "updated_at").values()) >= 5


@pytest.mark.parametrize("patients", [0, 1, 2, 7, 49, 1001])
def test_tallies_are_exact_at_any_size(patients: int) -> None:
    practice = Practice(Clinic(patients, seed=5))
    for name in OBJECTS:
        records = list(practice.all(name))
        archived = sum(record.get("status") == "archived" for record in records)
        tally = practice.tally(name)
        assert (tally.active, tally.archived) == (len(records) - archived, archived)
