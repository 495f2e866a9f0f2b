"""Alternate keys: built in the background, unique without nulls, and what they do to addresses."""

from __future__ import annotations

import pytest

from sandbox.dataverse.behaviour import calm

KEYS = "EntityDefinitions(LogicalName='bw_visit')/Keys"


@pytest.fixture
async def visits(api, attribute):
    await api.publisher()
    await api.define("bw_Visit", attribute("bw_Code", MaxLength=50), attribute("bw_Number", "Integer"))
    assert (await api.key("bw_visit", "bw_code")).status_code == 204
    return api


async def status(api) -> str:
    return (await api.row(KEYS))["value"][0]["EntityKeyIndexStatus"]


async def test_a_key_is_usable_only_when_its_index_is_active(start, attribute, error):
    api = await start(calm(key_index_seconds=100))
    await api.publisher()
    await api.define("bw_Visit", attribute("bw_Code"))
    await api.key("bw_visit", "bw_code")
    assert await status(api) == "Pending"
    assert error(await api.patch("bw_visits(bw_code='E1')", {"bw_name": "x"}))[0] == 400
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 60})
    assert await status(api) == "InProgress"
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 60})
    assert await status(api) == "Active"
    assert (await api.patch("bw_visits(bw_code='E1')", {"bw_name": "x"})).status_code == 204
    (key,) = (await api.row(KEYS))["value"]
    job = await api.row(key["AsyncJob"]["@odata.id"])
    assert (job["statecode"], job["statuscode"]) == (3, 30)


async def test_a_key_over_repeated_values_fails_and_can_be_tried_again(api, attribute):
    await api.publisher()
    await api.define("bw_Visit", attribute("bw_Code"))
    first = await api.create("bw_visits", {"bw_code": "same"})
    await api.create("bw_visits", {"bw_code": "SAME"})
    await api.key("bw_visit", "bw_code")
    assert await status(api) == "Failed"
    await api.delete(f"bw_visits({first})")
    again = {"EntityLogicalName": "bw_visit", "EntityKeyLogicalName": "bw_bw_code"}
    assert (await api.post("ReactivateEntityKey", again)).status_code == 204
    assert await status(api) == "Active"


async def test_an_upsert_answers_with_the_key_it_was_given(visits):
    for name in ("first", "second"):
        answer = await visits.patch("bw_visits(bw_code='O''Brien')", {"bw_name": name, "bw_code": "ignored"})
        assert answer.headers["OData-EntityId"].endswith("/bw_visits(bw_code='O''Brien')")
    rows = (await visits.row("bw_visits"))["value"]
    assert [(row["bw_name"], row["bw_code"]) for row in rows] == [("second", "O'Brien")]


async def test_a_repeated_value_names_the_key_and_the_row_that_has_it(visits, error):
    held = await visits.create("bw_visits", {"bw_code": "E1"})
    answer = await visits.post("bw_visits", {"bw_code": "e1"})
    assert error(answer) == (412, "0x80060892")
    assert held in answer.json()["error"]["message"]
    other = await visits.create("bw_visits", {"bw_code": "E2"})
    assert error(await visits.patch(f"bw_visits({other})", {"bw_code": "E1"})) == (412, "0x80060892")


async def test_rows_without_a_value_are_not_compared(visits):
    for _ in range(2):
        await visits.create("bw_visits", {"bw_name": "none"})


async def test_a_refused_bulk_message_leaves_its_keys_free(visits):
    answer = await visits.bulk("bw_visits", "CreateMultiple", [{"bw_code": "A"}, {"bw_code": "a"}], "bw_visit")
    assert answer.status_code == 412
    await visits.create("bw_visits", {"bw_code": "A"})


async def test_bulk_upserts_and_lookups_find_rows_by_key(visits):
    targets = [{"@odata.id": f"bw_visits(bw_code='{code}')", "bw_name": code} for code in ("a/b", "c")]
    assert (await visits.bulk("bw_visits", "UpsertMultiple", targets, "bw_visit")).status_code == 204
    assert (await visits.bulk("bw_visits", "UpsertMultiple", targets, "bw_visit")).status_code == 204
    rows = (await visits.row("bw_visits?$orderby=bw_code"))["value"]
    assert [row["bw_code"] for row in rows] == ["a/b", "c"]


@pytest.mark.parametrize("value", ["a/b", "a+b", "a%26b", "a?b", "a:b", "a*b"])
async def test_some_characters_break_an_address_by_key(visits, value, error):
    answer = await visits.http.get(f"bw_visits(bw_code='{value.replace('?', '%3F').replace('/', '%2F')}')")
    assert error(answer) == (400, "0x80060888")


async def test_addresses_by_key_that_mean_nothing(visits, error):
    assert error(await visits.get("bw_visits(bw_code='none')")) == (404, "0x80060891")
    assert error(await visits.get("bw_visits(bw_number=1)")) == (400, "0x80060890")


async def test_a_key_may_be_made_of_several_columns_and_a_lookup(visits, labelled):
    lookup = {"@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", "SchemaName": "bw_PatientId",
              "DisplayName": labelled("Patient")}  # fmt: skip
    body = {"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "bw_contact_visit",
            "ReferencedEntity": "contact", "ReferencingEntity": "bw_visit", "Lookup": lookup}  # fmt: skip
    assert (await visits.post("RelationshipDefinitions", body)).status_code == 204
    assert (await visits.key("bw_visit", "bw_number", "bw_patientid")).status_code == 204
    contact = await visits.create("contacts", {"firstname": "A"})
    address = f"bw_visits(bw_number=3,_bw_patientid_value={contact})"
    for name in ("made", "changed"):
        assert (await visits.patch(address, {"bw_name": name})).status_code == 204
    row = await visits.row(address)
    assert (row["bw_name"], row["bw_number"], row["_bw_patientid_value"]) == ("changed", 3, contact)


async def test_the_same_key_twice_is_refused(visits, error):
    assert error(await visits.key("bw_visit", "bw_code")) == (400, "0x80060893")
    other = {"SchemaName": "bw_Other", "KeyAttributes": ["bw_code"]}
    assert error(await visits.post(KEYS, other)) == (400, "0x80060894")


async def test_a_key_goes_and_its_column_after_it(visits, error):
    column = "EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_code')"
    assert error(await visits.delete(column)) == (400, "0x8004f01f")
    (key,) = (await visits.row(KEYS))["value"]
    assert (await visits.delete(f"{KEYS}({key['MetadataId']})")).status_code == 204
    assert (await visits.delete(column)).status_code == 204
