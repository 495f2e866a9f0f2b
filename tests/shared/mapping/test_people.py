"""What patients, staff and policies become (R29-R36, R65-R71, R76-R81)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.corepractice.inventory import ObjectProfile, inventory
from shared.corepractice.source import Description, ObjectCount
from shared.mapping.choices import insurance
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap
from shared.mapping.propose import propose
from shared.mapping.rows import Excluded
from shared.mapping.wanted import tables
from tests.shared.conftest import EVERYTHING
from tests.shared.mapping.everything import EVERY, compiled, label, row


def test_r29_n21_two_patients_who_share_everything_are_two_contacts(every: dict[str, ObjectMap]):
    same = {"email": "home@example.com", "mobile": "0412 345 678", "last_name": "Tan", "date_of_birth": "2010-01-01"}
    assert row(every["patients"], id="P1", **same).id != row(every["patients"], id="P2", **same).id


def test_r30_r31_r32_r33_r35_a_patient_field_by_field(every: dict[str, ObjectMap]):
    found = row(
        every["patients"], title="Ms", first_name="Zoë", middle_name="A", last_name="O'Neill", preferred_name="Z",
        mobile="0412 345 678", home_phone="(02) 9876 5432", work_phone="x", email="z@example.com", gender="female",
        address_line1="1 High St", suburb="Manly", state="NSW", postcode="0200", country="Australia",
        date_of_birth="1900-01-01",
    ).values  # fmt: skip
    assert (found["salutation"], found["firstname"], found["middlename"]) == ("Ms", "Zoë", "A")
    assert (found["lastname"], found["nickname"]) == ("O'Neill", "Z")
    assert (found["mobilephone"], found["telephone2"], found["telephone1"]) == ("0412 345 678", "(02) 9876 5432", "x")
    assert found["emailaddress1"] == "z@example.com"
    assert found["address1_line1"] == "1 High St"
    assert (found["address1_city"], found["address1_postalcode"]) == ("Manly", "0200")
    assert found["birthdate"] == "1900-01-01"


def test_phones_stand_in_e164_beside_the_raw_text_and_what_is_no_number_stays_raw(every: dict[str, ObjectMap]):
    found = row(every["patients"], mobile="0412 345 678", home_phone="(02) 9876 5432", work_phone="ask mum").values
    assert (found["bw_mobilee164"], found["bw_homephonee164"]) == ("+61412345678", "+61298765432")
    assert (found["telephone1"], found["bw_workphonee164"]) == ("ask mum", None)


@pytest.mark.parametrize(("status", "state"), [("active", 0), ("inactive", 1), ("archived", 1), ("deceased", 1)])
def test_r36_a29_archived_and_inactive_patients_keep_their_state(every: dict[str, ObjectMap], status: str, state: int):
    found = row(every["patients"], status=status)
    assert found.state[0] == state
    assert label(every["patients"], found, "bw_patientstatus") == status.capitalize()


@pytest.mark.parametrize(("consent", "blocked"), [(True, False), (False, True), (None, True), ("", True)])
def test_consent_keeps_its_polarity_and_unknown_means_do_not_contact(
    every: dict[str, ObjectMap], consent: Any, blocked: bool
):
    found = row(every["patients"], marketing_consent=consent, status="active").values
    assert found["donotbulkemail"] is found["donotbulkpostalmail"] is found["donotsendmm"] is blocked


def test_nothing_is_ever_sent_to_the_deceased(every: dict[str, ObjectMap]):
    found = row(every["patients"], marketing_consent=True, reminder_preference="email", status="deceased").values
    flags = ("donotemail", "donotphone", "donotpostalmail", "donotbulkemail", "donotbulkpostalmail", "donotsendmm")
    assert all(found[flag] is True for flag in flags)


def test_government_identifiers_are_masked_when_allowed_and_never_a_key(everything: FieldMap):
    every = compiled(everything)
    found = row(every["patients"], medicare_number="2428 77813 2").values
    assert "2428" not in str(found["bw_medicarenumber"])
    assert str(found["bw_medicarenumber"]).rstrip()[-1].isdigit()
    assert all(key.fields == ("bw_sourceid",) for table in tables(everything) for key in table.keys)
    full = compiled(propose(EVERYTHING, replace(EVERY, government="full")))
    assert row(full["patients"], medicare_number="2428 77813 2").values["bw_medicarenumber"] == "2428 77813 2"


def test_r66_r67_staff_without_a_user_become_contacts_with_the_role_provider(every: dict[str, ObjectMap]):
    found = row(every["staff"], id="S2", first_name="B", role="dentist")
    assert label(every["staff"], found, "bw_role") == "Provider"
    assert every["staff"].rows({"id": "S1"}) == Excluded("is-a-dynamics-user")


def test_r76_r77_r78_r79_r121_the_contact_shows_the_primary_policy(every: dict[str, ObjectMap]):
    found = row(
        every["patients"],
        **{"insurance.carrier": "Medibank  Private", "insurance.policy_number": "77", "insurance.group_number": "G"},
        **{"insurance.coverage_type": "extras"},
    )
    assert found.values["bw_insurancecarrier"] == "Medibank  Private"
    assert (found.values["bw_policynumber"], found.values["bw_groupnumber"]) == ("77", "G")
    assert label(every["patients"], found, "bw_coveragetype") == "Extras"


def test_r80_r81_a10_n19_policies_have_a_table_and_each_insurer_is_one_account(every: dict[str, ObjectMap]):
    first = row(every["insurance_policies"], id="1", carrier="Medibank Private", policy_number="7", priority=1)
    second = row(every["insurance_policies"], id="2", carrier="medibank  PRIVATE", policy_number="8", priority=2)
    payer = row(every["payers"], id="medibank private", name="Medibank Private")
    assert first.values["bw_payerid"] == second.values["bw_payerid"] == payer.id
    assert label(every["payers"], payer, "bw_accountkind") == "Insurer"


@pytest.mark.parametrize(
    ("policies", "patients", "most", "nulls", "answer"),
    [(10, 20, 1, 0, "columns"), (10, 20, 2, 0, "table"), (10, 20, 1, 1, "table"), (30, 20, 1, 0, "table"),
     (0, 20, None, 0, "columns")],
)  # fmt: skip
def test_a10_the_insurance_table_comes_only_where_somebody_may_have_several(
    policies: int, patients: int, most: int | None, nulls: int, answer: str
):
    counted = {
        "objects": {
            "patients": {"records": patients},
            "insurance_policies": {"records": policies, "fields": {"priority": {"max": most, "nulls": nulls}}},
        }
    }
    assert insurance("auto", counted) == answer


def test_r79_two_policies_of_equal_rank_take_a_table_too():
    profile = ObjectProfile("insurance_policies")
    for number, patient in enumerate(("p-1", "p-2", "p-1")):
        profile.add({"id": f"ip-{number}", "patient_id": patient, "priority": 1})
    again = ObjectProfile.from_json(json.loads(json.dumps(profile.to_json())))
    patients = ObjectProfile("patients")
    for number in range(10):
        patients.add({"id": f"p-{number}"})
    listed = tuple(ObjectCount(name, 0) for name in ("patients", "insurance_policies"))
    found = inventory({"patients": patients, "insurance_policies": again}, Description("Here", "UTC", listed))
    assert found["objects"]["insurance_policies"]["further_ones_of_a_holder"] == 1
    assert insurance("auto", found) == "table"
