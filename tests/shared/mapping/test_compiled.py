"""From a record to a row: the hot path says where each record goes, and why."""

from __future__ import annotations

import pytest

from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import ACTIVE, INACTIVE, Excluded, Row, SetAside, same
from shared.vocabulary import row_id
from tests.shared.conftest import FALLBACK, USER

PATIENT = {
    "id": "P1", "first_name": "Zoë", "last_name": "O'Neill", "date_of_birth": "1900-01-01", "status": "active",
    "marketing_consent": None, "provider_id": "S1", "referrer_id": "R2", "created_at": "2020-01-31T23:30:00+11:00",
}  # fmt: skip


def row(object_map: ObjectMap, record: dict[str, object]) -> Row:
    result = object_map.rows(record)
    assert isinstance(result, list)
    assert len(result) == 1
    return result[0]


def test_a_patient_becomes_a_contact_with_links_and_owner(maps: dict[str, ObjectMap]):
    found = row(maps["patients"], PATIENT)
    assert found.id == row_id("here", "patients", "P1")
    assert found.values["bw_sourceid"] == "here|patients|P1"
    assert found.values["birthdate"] == "1900-01-01"
    assert found.values["createdon"] == found.values.get("bw_sourcecreatedon") == "2020-01-31T12:30:00Z"
    assert found.values["parentcustomerid"] == row_id("here", "referrers", "R1")
    assert found.values["donotbulkemail"] is True
    assert found.values["bw_provideruserid"] == USER
    assert found.values["bw_providerid"] is None
    assert found.values["ownerid"] == USER
    assert found.state == ACTIVE


def test_r40_a_patient_without_an_organisation_gets_the_default_account(maps: dict[str, ObjectMap]):
    found = row(maps["patients"], {**PATIENT, "referrer_id": None})
    assert found.values["parentcustomerid"] == row_id("here", "defaults", "individual-patient")
    default = row(maps["defaults"], {"id": "individual-patient", "name": "Individual Patient"})
    assert default.id == found.values["parentcustomerid"]
    assert default.values["name"] == "Individual Patient"


def test_r69_what_staff_without_a_user_are_responsible_for_goes_to_the_fallback_owner(maps: dict[str, ObjectMap]):
    found = row(maps["patients"], {**PATIENT, "provider_id": "S2"})
    assert found.values["ownerid"] == FALLBACK
    assert found.values["bw_providerid"] == row_id("here", "staff", "S2")
    assert found.values["bw_provideruserid"] is None


def test_a20_staff_with_a_user_need_no_contact_and_others_get_one(maps: dict[str, ObjectMap]):
    assert maps["staff"].rows({"id": "S1", "first_name": "A"}) == Excluded("is-a-dynamics-user")
    contact = row(maps["staff"], {"id": "S2", "first_name": "B", "role": "dentist", "active": False})
    assert contact.state == INACTIVE
    patient = row(maps["patients"], PATIENT)
    assert contact.values["bw_role"] != patient.values["bw_role"]


def test_r41_the_second_spelling_of_an_organisation_gets_no_row(maps: dict[str, ObjectMap]):
    assert maps["referrers"].rows({"id": "R2", "practice_name": "x"}) == Excluded("same-organisation")


@pytest.mark.parametrize(
    ("changes", "reason", "column"),
    [
        ({"status": "asleep"}, "choice-unknown", "bw_patientstatus"),
        ({"date_of_birth": "1/2/1990"}, "not-a-date", "birthdate"),
        ({"first_name": "x" * 51}, "text-too-long", "firstname"),
    ],
)
def test_a_record_that_cannot_go_is_set_aside_with_its_column(
    maps: dict[str, ObjectMap], changes: dict[str, object], reason: str, column: str
):
    assert maps["patients"].rows({**PATIENT, **changes}) == SetAside(reason, column)


def test_a_create_carries_the_override_and_no_state(maps: dict[str, ObjectMap]):
    found = row(maps["patients"], {**PATIENT, "status": "archived"})
    wire = maps["patients"].to_create(found, 42)
    assert wire["overriddencreatedon"] == "2020-01-31T12:30:00Z"
    assert wire["importsequencenumber"] == 42
    assert wire["parentcustomerid_account@odata.bind"] == f"/accounts({row_id('here', 'referrers', 'R1')})"
    assert wire["ownerid@odata.bind"] == f"/systemusers({USER})"
    assert not {"createdon", "statecode", "statuscode"} & set(wire)
    assert None not in wire.values()
    assert found.state == INACTIVE


def test_an_update_carries_only_what_differs_and_clears_what_is_gone(maps: dict[str, ObjectMap]):
    object_map = maps["patients"]
    found = row(object_map, {**PATIENT, "last_name": None})
    there = {object_map.by_name[name].read: value for name, value in found.values.items()}
    there |= {"lastname": "Old", "_ownerid_value": str(found.values["ownerid"]).upper()}
    assert object_map.differing(found, there) == ["lastname"]
    assert object_map.to_update(found, ["lastname"]) == {"contactid": found.id, "lastname": None}


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        ("a", "a", True), ("a", "A", False), (1, 1.0, True), (True, 1, False), (None, None, True), (None, "", False),
        (USER, USER.upper(), True), ("x" * 36, "X" * 36, False), (False, None, False),
    ],
)  # fmt: skip
def test_values_are_the_same_only_as_they_read_back(expected: object, actual: object, equal: bool):
    assert same(expected, actual) is equal  # type: ignore[arg-type]
