"""Activities: who takes part, when they ended, what they may regard, and that a sent e-mail stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.dataverse.behaviour import calm

MASKS = "participationtypemask,_partyid_value,_activityid_value,addressused,ispartydeleted"


async def parties(api: Any, activity: str) -> list[tuple[int, str | None]]:
    found = await api.row(f"activityparties?$select={MASKS}&$filter=_activityid_value eq {activity}")
    return sorted((row["participationtypemask"], row["_partyid_value"]) for row in found["value"])


@pytest.mark.parametrize("status", [1, 2])
async def test_a_letter_begins_open_and_ends_received_sent_or_cancelled(api, error, status):
    letter = await api.create("letters", {"subject": "Recall", "statuscode": status, "address": "1 High St"})
    assert error(await api.post("letters", {"statuscode": 4})) == (400, "0x80048408")
    for state, reason in ((1, 3), (0, 1), (1, 4), (0, 2), (2, 5)):
        answer = await api.patch(f"letters({letter})", {"statecode": state, "statuscode": reason})
        assert answer.status_code == 204, answer.text
    assert error(await api.patch(f"letters({letter})", {"statecode": 1, "statuscode": 5})) == (400, "0x80048408")


async def test_a_letter_has_parties_and_notes(api):
    contact = await api.create("contacts", {"lastname": "Doe"})
    me = (await api.row("WhoAmI"))["UserId"]
    letter = await api.create(
        "letters",
        {
            "regardingobjectid_contact_letter@odata.bind": f"/contacts({contact})",
            "letter_activity_parties": [
                {"partyid_systemuser@odata.bind": f"/systemusers({me})", "participationtypemask": 1},
                {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2},
            ],
        },
    )
    await api.create("annotations", {"subject": "n", "objectid_letter@odata.bind": f"/letters({letter})"})
    assert await parties(api, letter) == sorted([(1, me), (2, contact), (8, contact), (9, me)])
    row = await api.row(f"letters({letter})?$expand=Letter_Annotation($select=subject)")
    assert [note["subject"] for note in row["Letter_Annotation"]] == ["n"]
    assert (await api.delete(f"letters({letter})")).status_code == 204
    assert await parties(api, letter) == []
    assert (await api.row("annotations"))["value"] == []


@pytest.mark.parametrize(
    ("table", "party", "code"),
    [
        ("phonecall", {"participationtypemask": 14}, "0x8004431a"),
        ("phonecall", {"participationtypemask": 3}, "0x80043515"),
        ("appointment", {"participationtypemask": 1}, "0x80043515"),
        ("task", {"participationtypemask": 1}, "0x80043515"),
        ("email", {"participationtypemask": 5}, "0x80043515"),
        ("phonecall", {}, "0x80040201"),
    ],
)
async def test_a_party_takes_part_as_something_the_activity_knows(api, error, table, party, code):
    contact = await api.create("contacts", {"lastname": "Doe"})
    body = {f"{table}_activity_parties": [{"partyid_contact@odata.bind": f"/contacts({contact})", **party}]}
    assert error(await api.post(f"{table}s", {"subject": "x", **body})) == (400, code)
    assert (await api.row(f"{table}s"))["value"] == []


async def test_a_party_is_a_person_that_is_there(api, error):
    contact = await api.create("contacts", {"lastname": "Doe"})
    deal = await api.create("opportunities", {"name": "x"})
    for party, refused in (
        ({"partyid_opportunity@odata.bind": f"/opportunities({deal})"}, (400, "0x80043515")),
        ({"partyid_account@odata.bind": f"/contacts({contact})"}, (400, "0x80048d19")),
        ({"partyid_contact@odata.bind": f"/contacts({deal})"}, (404, "0x80040217")),
        ({}, (400, "0x80040203")),
    ):
        body = {"phonecall_activity_parties": [{**party, "participationtypemask": 2}]}
        assert error(await api.post("phonecalls", body)) == refused


async def test_parties_are_read_together_and_written_only_with_their_activity(api, error):
    contact = await api.create("contacts", {"lastname": "Doe"})
    to = {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2}
    calls = [await api.create("phonecalls", {"phonecall_activity_parties": [to]}) for _ in range(3)]
    alone = {**to, "activityid_phonecall@odata.bind": f"/phonecalls({calls[0]})"}
    assert error(await api.post("activityparties", alone)) == (400, "0x80040800")
    listed = "[" + ",".join(f'"{call}"' for call in calls[:2]) + "]"
    query = f"Microsoft.Dynamics.CRM.In(PropertyName='activityid',PropertyValues={listed})"
    rows = (await api.row(f"activityparties?$filter=participationtypemask eq 2 and {query}"))["value"]
    assert {row["_activityid_value"] for row in rows} == set(calls[:2])
    party = rows[0]["activitypartyid"]
    assert error(await api.patch(f"activityparties({party})", {"addressused": "x"})) == (400, "0x80040800")
    assert error(await api.delete(f"activityparties({party})")) == (400, "0x80040800")


async def test_an_update_with_parties_replaces_them_and_the_owner_stays_one(api):
    contact = await api.create("contacts", {"lastname": "Doe"})
    me = (await api.row("WhoAmI"))["UserId"]
    to = {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2}
    call = await api.create("phonecalls", {"phonecall_activity_parties": [to]})
    by = {"partyid_systemuser@odata.bind": f"/systemusers({me})", "participationtypemask": 1}
    assert (await api.patch(f"phonecalls({call})", {"phonecall_activity_parties": [by]})).status_code == 204
    assert await parties(api, call) == sorted([(1, me), (9, me)])
    team = (await api.row("teams"))["value"][0]["teamid"]
    await api.patch(f"phonecalls({call})", {"ownerid@odata.bind": f"/teams({team})"})
    assert await parties(api, call) == [(1, me)]


async def test_a_party_outlives_the_person_as_deleted(api):
    contact = await api.create("contacts", {"lastname": "Doe"})
    to = {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2}
    await api.create("phonecalls", {"phonecall_activity_parties": [to]})
    assert (await api.delete(f"contacts({contact})")).status_code == 204
    rows = (await api.row("activityparties?$filter=participationtypemask eq 2"))["value"]
    assert [(row["_partyid_value"], row["ispartydeleted"]) for row in rows] == [(None, True)]


async def test_platform_parties_can_be_left_out(start):
    api = await start(calm(platform_parties=False))
    assert await parties(api, await api.create("phonecalls", {})) == []


async def test_a_custom_table_with_activities_is_regarded_by_each_kind(api):
    await api.publisher()
    await api.define("bw_Visit", HasActivities=True)
    visit = await api.create("bw_visits", {"bw_name": "v"})
    for table in ("phonecall", "task", "appointment", "email", "letter"):
        bound = {f"regardingobjectid_bw_visit_{table}@odata.bind": f"/bw_visits({visit})"}
        activity = await api.create(f"{table}s", bound)
        row = await api.row(f"{table}s({activity})")
        assert row["_regardingobjectid_value"] == visit
    assert (await api.delete(f"bw_visits({visit})")).status_code == 204
    assert (await api.row("letters"))["value"] == []


@pytest.mark.parametrize(("table", "state", "status"), [("phonecall", 1, 2), ("appointment", 2, 4), ("letter", 1, 4)])
async def test_a7_an_activity_ends_now_unless_its_end_is_sent_with_the_state(api, table, state, status):
    then = "2018-02-01T08:05:00Z"
    times = {"actualstart": "2018-02-01T08:00:00Z", "actualend": then}
    ended = {"statecode": state, "statuscode": status}
    careless = await api.create(f"{table}s", times)
    careful = await api.create(f"{table}s", times)
    await api.patch(f"{table}s({careless})", ended)
    await api.patch(f"{table}s({careful})", {**ended, "actualend": then})
    first, second = [await api.row(f"{table}s({one})") for one in (careless, careful)]
    assert first["actualend"] > "2020"
    assert second["actualend"] == then
    assert first["actualstart"] == second["actualstart"] == times["actualstart"]
    bare = await api.create(f"{table}s", {})
    await api.patch(f"{table}s({bare})", ended)
    assert (await api.row(f"{table}s({bare})"))["actualstart"] > "2020"


async def closed_email(api: Any) -> str:
    body = {"subject": "Hello", "senton": "2018-02-01T08:00:00Z", "sortdate": "2018-02-01T08:00:00Z"}
    email: str = await api.create("emails", body)
    await api.create("activitymimeattachments", {"filename": "a.txt", "objectid_email@odata.bind": f"/emails({email})"})
    await api.patch(f"emails({email})", {"statecode": 1, "statuscode": 3})
    return email


async def test_a_completed_email_refuses_other_content_but_not_another_state(api, error):
    email = await closed_email(api)
    row = await api.row(f"emails({email})")
    assert (row["senton"], row["sortdate"]) == (None, "2018-02-01T08:00:00Z")
    for change in ({"subject": "x"}, {"sortdate": "2019-02-01T08:00:00Z"}, {"email_activity_parties": []}):
        assert error(await api.patch(f"emails({email})", change)) == (400, "0x8004022e")
    attachment = (await api.row("activitymimeattachments"))["value"][0]["activitymimeattachmentid"]
    assert error(await api.delete(f"activitymimeattachments({attachment})")) == (400, "0x8004022e")
    more = {"filename": "b.txt", "objectid_email@odata.bind": f"/emails({email})"}
    assert error(await api.post("activitymimeattachments", more)) == (400, "0x8004022e")
    contact = await api.create("contacts", {"lastname": "Doe"})
    filed = {"regardingobjectid_contact_email@odata.bind": f"/contacts({contact})"}
    assert (await api.patch(f"emails({email})", filed)).status_code == 204
    assert (await api.patch(f"emails({email})", {"statecode": 0, "statuscode": 1, "subject": "x"})).status_code == 204
    assert (await api.delete(f"emails({email})")).status_code == 204
    assert (await api.row("activitymimeattachments"))["value"] == []


async def test_a_completed_email_can_be_left_editable(start):
    api = await start(calm(closed_email_read_only=False))
    assert (await api.patch(f"emails({await closed_email(api)})", {"subject": "x"})).status_code == 204


async def test_the_sender_of_an_email_can_be_limited_to_users(start, error):
    api = await start(calm(email_from_users_only=True))
    contact = await api.create("contacts", {"lastname": "Doe"})
    body = {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 1}
    assert error(await api.post("emails", {"email_activity_parties": [body]})) == (400, "0x80043515")


@pytest.mark.parametrize("table", ["annotation", "activityparty"])
async def test_notes_and_parties_take_no_columns(api, error, attribute, table):
    await api.publisher()
    definition = await api.row(f"EntityDefinitions(LogicalName='{table}')?$select=CanCreateAttributes")
    assert definition["CanCreateAttributes"]["Value"] is False
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    assert error(await api.post(path, attribute("bw_Author", MaxLength=50))) == (400, "0x8004f026")


@pytest.mark.parametrize("table", ["phonecall", "email", "appointment", "task", "letter"])
async def test_the_kinds_of_activity_take_columns(api, attribute, table):
    await api.publisher()
    definition = await api.row(f"EntityDefinitions(LogicalName='{table}')?$select=CanCreateAttributes")
    assert definition["CanCreateAttributes"]["Value"] is True
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    assert (await api.post(path, attribute("bw_SourceId", MaxLength=50))).status_code == 204
    made = await api.create(f"{table}s", {"bw_sourceid": "7"})
    assert (await api.row(f"{table}s({made})"))["bw_sourceid"] == "7"
