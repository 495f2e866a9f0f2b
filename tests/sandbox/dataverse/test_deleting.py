"""What goes along, what lets go, what forbids; the asynchronous job, and the bin that a reload poisons."""

from __future__ import annotations

import pytest

from sandbox.dataverse.behaviour import calm


async def test_contacts_and_notes_go_with_their_account_and_references_let_go(api):
    account = await api.create("accounts", {"name": "A"})
    contact = await api.create("contacts", {"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    await api.create("annotations", {"subject": "n", "objectid_contact@odata.bind": f"/contacts({contact})"})
    other = await api.create("accounts", {"name": "B", "primarycontactid@odata.bind": f"/contacts({contact})"})
    before = await api.row(f"accounts({other})")
    assert (await api.delete(f"accounts({account})")).status_code == 204
    assert (await api.row("contacts"))["value"] == []
    assert (await api.row("annotations"))["value"] == []
    after = await api.row(f"accounts({other})")
    assert after["_primarycontactid_value"] is None
    assert after["@odata.etag"] != before["@odata.etag"]


async def test_a_restricted_parent_stays_and_so_does_everything_below(api, labelled, error):
    await api.publisher()
    await api.define("bw_Visit")
    body = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "bw_contact_visit",
        "ReferencedEntity": "contact", "ReferencingEntity": "bw_visit", "CascadeConfiguration": {"Delete": "Restrict"},
        "Lookup": {"SchemaName": "bw_PatientId", "DisplayName": labelled("P")},
    }  # fmt: skip
    await api.post("RelationshipDefinitions", body)
    account = await api.create("accounts", {"name": "A"})
    contact = await api.create("contacts", {"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    visit = await api.create("bw_visits", {"bw_PatientId@odata.bind": f"/contacts({contact})"})
    for address in (f"contacts({contact})", f"accounts({account})"):
        assert error(await api.delete(address)) == (405, "0x80040227")
    assert (await api.get(f"contacts({contact})")).status_code == 200
    assert (await api.get(f"accounts({account})")).status_code == 200
    await api.delete(f"bw_visits({visit})")
    assert (await api.delete(f"accounts({account})")).status_code == 204


def job(*conditions: dict, table: str = "account") -> dict:
    query = {"EntityName": table, "Criteria": {"FilterOperator": "And", "Conditions": list(conditions)}}
    return {"QuerySet": [query], "JobName": "rollback", "RecurrencePattern": ""}


RUN = {
    "AttributeName": "importsequencenumber",
    "Operator": "Equal",
    "Values": [{"Value": "42", "Type": "System.Int32"}],
}


async def test_a_bulk_delete_takes_rows_made_before_it_and_reports(start):
    api = await start(calm(bulk_delete_seconds=50))
    for number in (42, 42, 7):
        await api.create("accounts", {"name": str(number), "importsequencenumber": number})
    started = (await api.post("BulkDelete", job(RUN))).json()["JobId"]
    await api.create("accounts", {"name": "later", "importsequencenumber": 42})
    assert (await api.row(f"asyncoperations({started})"))["statecode"] == 0
    assert len((await api.row("accounts"))["value"]) == 4
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 60})
    done = await api.row(f"asyncoperations({started})?$select=statecode,statuscode")
    assert (done["statecode"], done["statuscode"]) == (3, 30)
    names = {row["name"] for row in (await api.row("accounts"))["value"]}
    assert names == {"7", "later"}
    (report,) = (await api.row("bulkdeleteoperations"))["value"]
    assert (report["successcount"], report["failurecount"]) == (2, 0)


async def test_a_bulk_delete_goes_on_past_failures(api, labelled):
    await api.publisher()
    await api.define("bw_Visit")
    body = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "bw_account_visit",
        "ReferencedEntity": "account", "ReferencingEntity": "bw_visit", "CascadeConfiguration": {"Delete": "Restrict"},
        "Lookup": {"SchemaName": "bw_PlaceId", "DisplayName": labelled("P")},
    }  # fmt: skip
    await api.post("RelationshipDefinitions", body)
    ids = [await api.create("accounts", {"name": str(n)}) for n in range(3)]
    await api.create("bw_visits", {"bw_PlaceId@odata.bind": f"/accounts({ids[0]})"})
    await api.post("BulkDelete", job())
    assert [row["accountid"] for row in (await api.row("accounts"))["value"]] == [ids[0]]
    (failure,) = (await api.row("bulkdeletefailures"))["value"]
    assert (failure["regardingobjectid"], failure["errornumber"]) == (ids[0], 0x80040227 - 2**32)


async def test_a_bulk_delete_needs_its_privilege(start, error):
    api = await start(seeded={"privileges_missing": ["prvBulkDelete"]})
    assert error(await api.post("BulkDelete", job(RUN))) == (403, "0x80040220")


async def test_a_deleted_row_comes_back_unless_its_id_was_used_again(start, error, new_id):
    api = await start(calm(recycle_bin=True))
    target = {"Target": {"@odata.id": f"accounts({new_id})"}}
    await api.create("accounts", {"accountid": new_id, "name": "first"})
    await api.delete(f"accounts({new_id})")
    fetch = "<fetch datasource='bin'><entity name='account'><attribute name='name'/></entity></fetch>"
    found = (await api.http.get("accounts", params={"fetchXml": fetch})).json()["value"]
    assert [row["name"] for row in found] == ["first"]
    assert (await api.post("Restore", target)).json()["id"] == new_id
    assert (await api.row(f"accounts({new_id})"))["name"] == "first"
    await api.delete(f"accounts({new_id})")
    await api.create("accounts", {"accountid": new_id, "name": "second"})
    assert error(await api.post("Restore", target)) == (400, "0x80049939")


async def test_without_a_bin_nothing_comes_back(api, error, new_id):
    await api.create("accounts", {"accountid": new_id})
    await api.delete(f"accounts({new_id})")
    assert error(await api.post("Restore", {"Target": {"@odata.id": f"accounts({new_id})"}})) == (404, "")


@pytest.mark.parametrize("size", [300])
async def test_deleting_many_children_one_by_one_leaves_nothing_behind(api, size):
    account = await api.create("accounts", {"name": "A"})
    bind = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    ids = (await api.bulk("contacts", "CreateMultiple", [bind] * size, "contact")).json()["Ids"]
    for contact in ids[: size // 2]:
        await api.delete(f"contacts({contact})")
    await api.delete(f"accounts({account})")
    assert (await api.row("contacts"))["value"] == []
