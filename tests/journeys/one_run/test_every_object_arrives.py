"""Every object of the brief, through the front door: moved with links, times, owners and files, proved, put back."""

from __future__ import annotations

import urllib.parse
from datetime import UTC, datetime
from typing import Any

from sandbox.customer import Api
from shared.vocabulary import row_id
from tests.journeys.conftest import Stay

LOADED = (
    "defaults", "locations", "referrers", "payers", "staff", "patients", "appointments", "treatments",
    "treatment_plans", "treatment_plan_lines", "invoices", "invoice_lines", "payments", "payment_allocations",
    "opportunities", "notes", "insurance_policies", "phone_calls", "emails", "meetings", "letters", "attachments",
)  # fmt: skip


def source(town: Stay, name: str) -> dict[str, dict[str, Any]]:
    """Every record of a source object that its lists give, by id, read past the app."""
    api, found, cursor = Api(town.town.corepractice_url), {}, None
    headers = {"Authorization": f"Bearer {town.town.corepractice_token}"}
    while True:
        query = {"limit": 500, "include_archived": "true", **({"cursor": cursor} if cursor else {})}
        page = api.call("GET", f"/v1/{name}?{urllib.parse.urlencode(query)}", **headers)
        found |= {record["id"]: record for record in page["data"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_r1_r8_r98_the_whole_map_is_proposed_from_defaults_with_nothing_unmapped(told: dict[str, Any]):
    assert told["mapping"]["document"]["unmapped"] == []
    assert {rule["object"] for rule in told["mapping"]["document"]["objects"]} == set(LOADED)


def test_r6_r7_every_field_of_every_object_is_proved_and_none_differs(told: dict[str, Any]):
    verdict = told["verdict"]
    assert set(verdict["objects"]) == set(LOADED)
    assert verdict["proved"], {name: value for name, value in verdict.items() if name != "objects"} | {
        name: (found["columns"], found["listed"][:5], found["reasons"])
        for name, found in verdict["objects"].items()
        if found["differs"]
    }
    for name in LOADED:
        assert verdict["objects"][name]["rows"] > 0, name


def test_r95_r132_r133_the_sample_shows_every_object_before_the_full_run(told: dict[str, Any]):
    sample = told["sample shown"]
    assert sample["differences"] == 0
    shown = {name for name, found in sample["objects"].items() if found["rows"]}
    assert shown == set(LOADED)


def test_n14_the_owner_table_counts_the_rows_each_owner_will_get(told: dict[str, Any]):
    owners = told["owners"]
    assert sum(owners["rows_by_owner"].values()) > 0
    assert owners["rows_for_fallback_owner"] > 0


def test_r68_r70_unmatched_staff_are_flagged_with_a_reason(told: dict[str, Any]):
    reasons = {line["reason"] for line in told["owners"]["staff"]}
    assert {"matched-by-e-mail", "user-is-disabled", "no-user-with-this-e-mail"} <= reasons
    assert told["sample shown"]["objects"]["patients"]["rows"]


def test_r107_nothing_is_owned_by_a_disabled_user(told: dict[str, Any]):
    disabled = {user["systemuserid"] for user in told["users"] if user["isdisabled"]}
    assert disabled
    for table in ("contact", "phonecall", "email", "appointment", "letter", "bw_billing", "bw_treatmenthistory"):
        assert not {row["ownerid"] for row in told["rows"][table]} & disabled, table


def test_r38_r39_a_patient_points_to_the_referring_practice_s_account(town: Stay, told: dict[str, Any]):
    accounts = {row["accountid"]: row["name"] for row in told["rows"]["account"]}
    contacts = {row["bw_sourceid"]: row for row in told["rows"]["contact"] if row.get("bw_sourceid")}
    patients, referrers = source(town, "patients"), source(town, "referrers")
    referred = [patient for patient in patients.values() if patient["referrer_id"] in referrers]
    assert referred
    for patient in referred:
        contact = contacts[f"harbour-dental|patients|{patient['id']}"]
        there = accounts[contact["parentcustomerid"]].casefold().replace(" ", "")
        here = referrers[patient["referrer_id"]]["practice_name"].casefold().replace(" ", "")
        assert there[:6] == here[:6]


def test_r37_a5_organisations_are_accounts_of_a_kind(told: dict[str, Any]):
    ours = [row for row in told["rows"]["account"] if row.get("bw_sourceid")]
    assert len({row["bw_accountkind"] for row in ours}) == 4
    assert sum(row["name"] == "Individual Patient" for row in ours) == 1


def test_r34_a4_a_shared_e_mail_merges_nobody(town: Stay, told: dict[str, Any]):
    patients = source(town, "patients")
    mails = [patient["email"] for patient in patients.values() if patient["email"]]
    assert len(mails) > len(set(mails)), "families share one"
    contacts = [row for row in told["rows"]["contact"] if "|patients|" in (row.get("bw_sourceid") or "")]
    assert {row["bw_sourceid"].rpartition("|")[2] for row in contacts} >= set(patients)


def test_n15_r18_r73_notes_and_talk_keep_the_instant_they_had(town: Stay, told: dict[str, Any]):
    calls = {row["bw_sourceid"].rpartition("|")[2]: row for row in told["rows"]["phonecall"]}
    talk = source(town, "communications")
    assert calls
    for id_, row in calls.items():
        took_place = datetime.fromisoformat(talk[id_]["occurred_at"]).astimezone(UTC)
        assert row["createdon"] == row["bw_occurredon"] == took_place.strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = {row["annotationid"]: row for row in told["rows"]["annotation"]}
    source_notes = source(town, "notes")
    there = {id_: notes.get(row_id("harbour-dental", "notes", id_)) for id_ in source_notes}
    moved = {id_: row for id_, row in there.items() if row}
    assert len(moved) > 0.8 * len(there), "some belong to patients whom nobody gives"
    for id_, row in moved.items():
        noted = datetime.fromisoformat(source_notes[id_]["noted_at"]).astimezone(UTC)
        assert row["createdon"] == noted.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a23_long_notes_were_put_together_again_by_the_proof_as_they_were_read_back(told: dict[str, Any]):
    begun = [row for row in told["rows"]["annotation"] if "part 1/" in (row.get("subject") or "")]
    assert told["verdict"]["notes_recombined"] == len(begun) > 0


def test_a7_activities_are_closed_and_their_parties_are_resolved(told: dict[str, Any]):
    contacts = {row["contactid"] for row in told["rows"]["contact"]}
    closed = [row for row in told["rows"]["phonecall"] if row["statecode"] == 1]
    assert closed
    assert {row["statuscode"] for row in closed} <= {2, 4}
    parties = {row["activityid"]: row for row in told["rows"]["activityparty"] if row.get("partyid") in contacts}
    assert {row["activityid"] for row in closed} & set(parties)


def test_r60_a9_paid_invoices_are_won_and_void_ones_lost(town: Stay, told: dict[str, Any]):
    invoices = source(town, "invoices")
    by_id = {row["bw_sourceid"].rpartition("|")[2]: row for row in told["rows"]["opportunity"]}
    states = {"paid": 1, "void": 2, "outstanding": 0, "draft": 0}
    seen = set()
    for id_, row in by_id.items():
        if id_ in invoices:
            status = invoices[id_]["status"]
            seen.add(status)
            assert row["statecode"] == states[status]
            assert row["estimatedvalue"] == float(invoices[id_]["total"])
            if status == "paid":
                assert (row["actualvalue"], row["actualclosedate"]) == (
                    row["estimatedvalue"],
                    invoices[id_]["issued_on"],
                )
    assert {"paid", "outstanding", "void"} <= seen


def test_n17_the_ledger_adds_up_to_the_cent_before_and_after(town: Stay, told: dict[str, Any]):
    billing = told["rows"]["bw_billing"]
    there = {row["bw_sourceid"].split("|", 1)[1]: round(row["bw_amount"] * 100) for row in billing}
    cents = {
        f"{name}|{record['id']}": round(float(record[field]) * 100)
        for name, field in (("invoices", "total"), ("invoice_lines", "amount"), ("payments", "amount"))
        for record in source(town, name).values()
    }
    moved = {key: amount for key, amount in cents.items() if key in there}
    assert len(moved) > 0.85 * len(cents), "some belong to patients whom nobody gives"
    assert {key: there[key] for key in moved} == moved


def test_n19_each_insurer_is_one_account_and_the_mirror_is_the_primary_policy(told: dict[str, Any]):
    policies = told["rows"]["bw_insurance"]
    contacts = {row["contactid"]: row for row in told["rows"]["contact"]}
    mirrored = [row for row in contacts.values() if row.get("bw_insurancecarrier")]
    assert {row["bw_patientid"] for row in policies} == {row["contactid"] for row in mirrored}
    for row in policies:
        if row.get("bw_priority") == 1 and row["statecode"] == 0:
            assert contacts[row["bw_patientid"]]["bw_payerid"]
    payers = [row["name"] for row in told["rows"]["account"] if "|payers|" in (row.get("bw_sourceid") or "")]
    assert len({name.casefold().replace(" ", "") for name in payers}) == len(payers) > 1


def test_n22_a_salesperson_reads_nothing_in_the_locked_columns(told: dict[str, Any]):
    treatments = told["treatments as sales reads them"]
    assert treatments
    assert all(row["bw_sourceid"] and row["bw_clinicalnotes"] is None for row in treatments)
    assert any(row.get("bw_clinicalnotes") for row in told["rows"]["bw_treatmenthistory"])


def test_n6_r100_hidden_patients_are_found_fetched_and_those_not_given_are_listed(told: dict[str, Any]):
    gaps = told["archive gaps"]["base"]
    assert gaps["patients"]["hidden"] > gaps["patients"]["fetched_one_by_one"] > 0
    assert gaps["patients"]["ids_not_given"]
    assert gaps["numbering"]["patients"]["missing"] > 0
    assert gaps["numbering"]["invoices"]["missing"] > 0


def test_r101_what_is_dirty_is_set_aside_with_a_reason_and_everything_is_accounted_for(told: dict[str, Any]):
    verdict = told["verdict"]
    assert verdict["records_unaccounted_for"] == {}
    appointments = verdict["objects"]["appointments"]
    assert appointments["set_aside"] == appointments["reasons"]["parent-missing"] > 0
    assert appointments["records"] == appointments["rows"] + appointments["set_aside"]


def test_r16_r17_r89_n20_every_file_was_read_back_byte_by_byte(told: dict[str, Any]):
    files = told["verdict"]["files"]
    assert files["files"] == told["verdict"]["objects"]["attachments"]["rows"]
    assert files["bytes"] > 0
    assert (files["differs"], files["missing"]) == (0, 0)


def test_r146_one_click_puts_every_object_back(told: dict[str, Any]):
    status = told["rolled back"]
    assert status["rollback"]["held"] == 0, status["rollback"]["listed"][:10]
    assert told["after"] == told["before"]
