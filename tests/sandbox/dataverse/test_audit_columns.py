"""Who and when: what a load may set, what is silently ignored, and the swap that surprises verifiers."""

from __future__ import annotations

from sandbox.dataverse.behaviour import calm

LONG_AGO = "2015-03-01T10:00:00Z"


async def test_the_original_moment_and_the_moment_of_import_are_swapped(api):
    contact = await api.create("contacts", {"firstname": "A", "overriddencreatedon": LONG_AGO})
    row = await api.row(f"contacts({contact})")
    assert row["createdon"] == LONG_AGO
    assert row["overriddencreatedon"] == row["modifiedon"] > LONG_AGO


async def test_other_audit_columns_are_ignored_without_an_error(api):
    user = (await api.row("WhoAmI"))["UserId"]
    contact = await api.create("contacts", {"createdon": LONG_AGO, "modifiedon": LONG_AGO, "versionnumber": 1})
    row = await api.row(f"contacts({contact})")
    assert row["createdon"] == row["modifiedon"] > LONG_AGO
    assert (row["_createdby_value"], row["_modifiedby_value"]) == (user, user)


async def test_it_cannot_be_set_later(api):
    contact = await api.create("contacts", {"firstname": "A"})
    assert (await api.patch(f"contacts({contact})", {"overriddencreatedon": LONG_AGO})).status_code == 204
    assert (await api.row(f"contacts({contact})"))["overriddencreatedon"] is None


async def test_every_write_moves_modifiedon_and_the_version(api):
    contact = await api.create("contacts", {"firstname": "A"})
    before = await api.row(f"contacts({contact})")
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 60})
    await api.patch(f"contacts({contact})", {"firstname": "A"})
    after = await api.row(f"contacts({contact})")
    assert after["modifiedon"] > before["modifiedon"]
    assert after["createdon"] == before["createdon"]
    assert after["@odata.etag"] != before["@odata.etag"]
    assert after["versionnumber"] > before["versionnumber"]


async def test_without_the_privilege_it_is_refused_or_ignored(start, error):
    lacking = {"privileges_missing": ["prvOverrideCreatedOnCreatedBy"]}
    strict = await start(seeded=lacking)
    answer = await strict.post("contacts", {"overriddencreatedon": LONG_AGO})
    assert error(answer) == (403, "0x80040220")
    assert "prvOverrideCreatedOnCreatedBy" in answer.json()["error"]["message"]
    silent = await start(calm(override_createdon_missing="ignore"), seeded=lacking)
    contact = await silent.create("contacts", {"overriddencreatedon": LONG_AGO})
    row = await silent.row(f"contacts({contact})")
    assert row["createdon"] > LONG_AGO
    assert row["overriddencreatedon"] is None


async def test_impersonation_stamps_both_people(start, error):
    dentist = "44444444-0000-4000-a000-000000000004"
    leaver = "55555555-0000-4000-a000-000000000005"
    users = [
        {"systemuserid": dentist, "fullname": "Dr Who", "internalemailaddress": "who@example.com"},
        {"systemuserid": leaver, "fullname": "Gone", "internalemailaddress": "gone@example.com", "isdisabled": True},
    ]
    api = await start(seeded={"users": users})
    caller = (await api.row("WhoAmI"))["UserId"]
    answer = await api.post("contacts", {"firstname": "A"}, MSCRMCallerID=dentist)
    row = await api.row(f"contacts{answer.headers['OData-EntityId'][-38:]}")
    assert (row["_createdby_value"], row["_createdonbehalfby_value"]) == (dentist, caller)
    assert row["_ownerid_value"] == dentist
    refused = await api.post("contacts", {"firstname": "A"}, CallerObjectId=leaver)
    assert error(refused) == (403, "0x80040225")
