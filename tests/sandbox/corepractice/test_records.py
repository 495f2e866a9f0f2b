"""What hangs on a visit is believable and odd: every trap of treatments, ledgers, notes and talk, from fifty on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest

from sandbox.corepractice import money, note_bodies, shapes
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.records import microseconds
from sandbox.corepractice.shapes import OBJECTS, Record

Listed = dict[str, list[Record]]
PICK_LISTS = {
    ("treatments", "status"): shapes.TREATMENT_STATUSES,
    ("treatment_plans", "status"): shapes.PLAN_STATUSES,
    ("treatment_plan_lines", "status"): shapes.PLAN_LINE_STATUSES,
    ("invoices", "status"): shapes.INVOICE_STATUSES,
    ("payments", "kind"): shapes.PAYMENT_KINDS,
    ("payments", "method"): shapes.PAYMENT_METHODS,
    ("notes", "kind"): shapes.NOTE_KINDS,
    ("notes", "format"): shapes.NOTE_FORMATS,
    ("insurance_policies", "coverage_type"): shapes.COVERAGE_TYPES,
    ("insurance_policies", "relationship"): shapes.RELATIONSHIPS,
    ("communications", "kind"): shapes.COMMUNICATION_KINDS,
    ("communications", "direction"): shapes.DIRECTIONS,
    ("communications", "status"): shapes.COMMUNICATION_STATUSES,
    ("attachments", "category"): shapes.ATTACHMENT_CATEGORIES,
}
NEVER_NULL = {
    "treatments": {"description", "fee"},
    "treatment_plans": {"name", "estimated_total"},
    "treatment_plan_lines": {"plan_id", "sequence", "description", "estimated_fee"},
    "invoices": {"invoice_number", "issued_on", "due_on", "total", "gst", "paid", "balance"},
    "invoice_lines": {"invoice_id", "sequence", "description", "quantity", "unit_amount", "gst", "amount"},
    "payments": {"paid_on", "amount"},
    "payment_allocations": {"payment_id", "invoice_id", "amount", "allocated_on"},
    "notes": {"author_name", "noted_at"},
    "insurance_policies": {"carrier", "active"},
    "communications": {"occurred_at"},
}


@pytest.fixture(scope="module", params=[(50, 1), (50, 2), (300, 3)], ids=lambda clinic: f"{clinic[0]}-{clinic[1]}")
def listed(request: pytest.FixtureRequest) -> Listed:
    practice = Practice(Clinic(*request.param))
    return {name: list(practice.all(name)) for name in OBJECTS}


@pytest.fixture(scope="module")
def large() -> Listed:
    practice = Practice(Clinic(2000, 4))
    return {name: list(practice.all(name)) for name in OBJECTS}


def values(listed: Listed, name: str, field: str) -> Counter[Any]:
    return Counter(record[field] for record in listed[name])


@pytest.mark.parametrize(("name", "field"), PICK_LISTS)
def test_every_pick_list_value_occurs_and_no_other(listed: Listed, name: str, field: str) -> None:
    assert set(values(listed, name, field)) - {None} == set(PICK_LISTS[name, field])


@pytest.mark.parametrize("name", NEVER_NULL)
def test_fields_that_may_be_null_are_null_somewhere(large: Listed, name: str) -> None:
    never = NEVER_NULL[name] | {"id", "patient_id", "custom_fields", "status", "kind", "format", "direction"}
    never |= {"item_code"} if name != "treatments" else set()
    never |= {"relationship", "coverage_type", "created_at", "updated_at", "location_id"}
    for field in set(shapes.FIELDS[name]) - never:
        assert values(large, name, field)[None], field
    for field in NEVER_NULL[name]:
        assert not values(large, name, field)[None], field


def test_r30_teeth_and_codes_are_written_as_practices_write_them(listed: Listed) -> None:
    teeth = set(values(listed, "treatments", "tooth"))
    assert {"UR6", "16 MOD", "Q1", "upper left", "36,37", "A"} <= teeth
    assert any(re.fullmatch("[1-4][1-8]", tooth) for tooth in teeth if tooth)
    codes = set(values(listed, "treatments", "item_code"))
    assert {"D0120", "88011"} <= codes
    assert sum(re.fullmatch(r"\d{3}", code or "") is not None for code in codes) > 8
    assert {"MOD", "mod"} <= set(values(listed, "treatments", "surfaces")) | {"MOD"}


def test_treatments_have_a_material_to_choose_and_a_decimal_amount(listed: Listed) -> None:
    custom = [record["custom_fields"] for record in listed["treatments"]]
    assert {fields["material"] for fields in custom} <= {*shapes.MATERIALS, None}
    amounts = {fields["anaesthetic_ml"] for fields in custom} - {None}
    assert all(isinstance(amount, float) for amount in amounts)
    assert len(amounts) > 2


def test_money_is_text_with_two_places_and_adds_up_to_something(listed: Listed) -> None:
    for name, fields in shapes.FIELDS.items():
        for field in set(fields) & {"fee", "estimated_fee", "estimated_total", "total", "gst", "paid", "amount"}:
            amounts = [money.cents(record[field]) for record in listed[name] if record[field] is not None]
            assert max(amounts) > 0
    assert any(amount.startswith("-") for amount in values(listed, "payments", "amount"))
    assert {amount[-2:] for amount in values(listed, "treatments", "fee")} > {"00"}, "cents too"
    assert any(gst != "0.00" for gst in values(listed, "invoice_lines", "gst"))


def test_the_ledger_has_every_kind_of_end(listed: Listed) -> None:
    invoices = listed["invoices"]
    assert any(i["status"] == "outstanding" and i["paid"] != "0.00" for i in invoices), "paid in part"
    assert any(i["status"] == "outstanding" and i["paid"] == "0.00" for i in invoices), "not paid at all"
    assert all(i["paid"] == "0.00" for i in invoices if i["status"] in ("void", "draft"))
    assert any(p["kind"] == "refund" and p["amount"].startswith("-") for p in listed["payments"])
    assert any(p["invoice_id"] is None for p in listed["payments"])


def test_hostile_and_rich_notes_are_all_there(listed: Listed) -> None:
    bodies = [note["body"] or "" for note in listed["notes"] if note["format"] == "html"]
    for wanted in (*note_bodies.HOSTILE.values(), *note_bodies.RICH, note_bodies.EMOJI):
        assert wanted in bodies
    together = "".join(note_bodies.HOSTILE.values()).lower()
    for harm in ("<script", "onclick=", "javascript:", "<iframe", "<style", "data:image"):
        assert harm in together


def test_three_notes_in_any_clinic_are_longer_than_a_hundred_thousand_characters(listed: Listed, large: Listed) -> None:
    for clinic in (listed, large):
        long = [note for note in clinic["notes"] if len(note["body"] or "") > 100_000]
        assert sorted(note["format"] for note in long) == ["html", "html", "text"]
        assert max(len(note["body"]) for note in long) > 131_072


def test_one_fund_is_spelt_in_many_ways(listed: Listed) -> None:
    carriers = set(values(listed, "insurance_policies", "carrier"))
    assert {"Bupa", "BUPA", "bupa ", "Medibank Private", "Medibank  private"} <= carriers


def test_n19_somebody_has_three_policies_some_no_priority_and_some_two_first_ones(listed: Listed) -> None:
    by_patient: dict[str, list[object]] = defaultdict(list)
    for policy in listed["insurance_policies"]:
        by_patient[policy["patient_id"]].append(policy["priority"])
    assert any(len(priorities) == 3 for priorities in by_patient.values())
    assert any(None in priorities for priorities in by_patient.values())
    assert any(priorities.count(1) > 1 for priorities in by_patient.values())
    active = values(listed, "insurance_policies", "active")
    assert 0 < active[False] < active[True]


def test_some_calls_are_told_at_length(listed: Listed) -> None:
    calls = [talk for talk in listed["communications"] if talk["kind"] == "phone_call"]
    assert max(len(call["body"] or "") for call in calls) > 2000


def test_addresses_of_talk_are_of_its_kind(listed: Listed) -> None:
    for talk in listed["communications"]:
        for address in (talk["from_address"], talk["to_address"]):
            if talk["kind"] in ("meeting", "letter"):
                assert address is None
            elif talk["kind"] != "email":
                assert "@" not in (address or "")
    patients = {patient["id"]: patient for patient in listed["patients"]}
    mails = [t for t in listed["communications"] if t["kind"] == "email" and t["patient_id"] in patients]
    own = [t for t in mails if patients[t["patient_id"]]["email"] in (t["from_address"], t["to_address"])]
    assert len(own) > len(mails) / 2


def test_n15_meetings_and_notes_fall_into_both_hours_of_the_clock_change(listed: Listed) -> None:
    both = {"2024-04-07T02:30:00+11:00", "2024-04-07T02:30:00+10:00"}
    meetings = [talk["occurred_at"] for talk in listed["communications"] if talk["kind"] == "meeting"]
    assert {*both, "2024-10-06T01:45:00+10:00", "2024-10-06T03:15:00+11:00"} <= set(meetings)
    assert both <= set(values(listed, "notes", "noted_at"))


def test_what_is_planned_lies_before_the_end_of_the_story_too(large: Listed) -> None:
    for talk in large["communications"]:
        assert talk["occurred_at"] < "2025-06-30T10:00:00+10:00"
        assert talk["ended_at"] is None or talk["ended_at"] < "2025-06-30T12:00:00+10:00"


def test_what_was_done_was_written_down_afterwards(large: Listed) -> None:
    moments = (("treatments", "treated_on"), ("invoices", "issued_on"), ("payments", "paid_on"), ("notes", "noted_at"))
    for name, field in moments:
        for record in large[name]:
            assert record[field] is None or record[field][:10] <= record["updated_at"][:10]
    treated = [date.fromisoformat(record["treated_on"]) for record in large["treatments"] if record["treated_on"]]
    assert all(day.weekday() < 6 for day in treated)


def test_visits_hang_on_appointments_that_the_patient_came_to(large: Listed) -> None:
    appointments = {record["id"]: record for record in large["appointments"]}
    linked = [record for record in large["treatments"] if record["appointment_id"] in appointments]
    assert len(linked) > len(large["treatments"]) * 0.7
    for record in linked:
        visit = appointments[record["appointment_id"]]
        assert visit["status"] == "completed"
        assert record["treated_on"] in (visit["starts_at"][:10], None)
        assert record["provider_id"] in (visit["provider_id"], None)


def test_scheduled_lines_name_an_appointment_still_to_come(large: Listed) -> None:
    appointments = {record["id"]: record for record in large["appointments"]}
    scheduled = [line for line in large["treatment_plan_lines"] if line["status"] == "scheduled"]
    assert scheduled
    assert all(appointments[line["appointment_id"]]["starts_at"] > "2025-06-30" for line in scheduled)


def test_names_of_providers_and_authors_are_those_of_the_staff(large: Listed) -> None:
    names = {
        member["id"]: " ".join(filter(None, (member["title"], member["first_name"], member["last_name"])))
        for member in large["staff"]
    }
    for name, id_field, name_field in (
        ("treatments", "provider_id", "provider_name"),
        ("notes", "author_id", "author_name"),
    ):
        known = [record for record in large[name] if record[id_field] in names]
        assert all(record[name_field] == names[record[id_field]] for record in known)
        assert 0 < len(large[name]) - len(known) < len(large[name]) / 10


def test_some_patients_have_a_veterans_number(listed: Listed) -> None:
    numbers = set(values(listed, "patients", "dva_number")) - {None}
    assert numbers
    assert all(re.fullmatch("[NVQSWT](X|SM|SS)[0-9]{6}A?", number) for number in numbers)


def test_pictures_were_taken_of_a_treatment(listed: Listed) -> None:
    for record in listed["attachments"]:
        assert (record["captured_at"] is not None) == (record["category"] in ("xray", "photo"))
        assert (record["treatment_id"] is not None) == (record["category"] == "xray")
        if record["captured_at"]:
            assert microseconds(record["captured_at"]) < microseconds(record["updated_at"])
