"""Creating, updating, upserting and linking single rows, as section by section the reference tells it."""

from __future__ import annotations

import pytest

MISSING = "99999999-0000-4000-a000-000000000009"


async def test_a_client_may_choose_the_id_of_a_row_but_not_twice(api, error, new_id):
    answer = await api.post("contacts", {"contactid": new_id, "firstname": "Ann"})
    assert answer.headers["OData-EntityId"] == f"{api.server.api}/contacts({new_id})"
    again = await api.post("contacts", {"contactid": new_id, "firstname": "Ann"})
    assert error(again) == (412, "0x80040237")
    assert again.json()["error"]["message"] == "A record with matching key values already exists."


async def test_a_representation_replaces_the_address(api):
    answer = await api.post("contacts?$select=firstname", {"firstname": "Ann"}, Prefer="return=representation")
    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "return=representation"
    assert "OData-EntityId" not in answer.headers
    assert set(answer.json()) == {"@odata.context", "@odata.etag", "firstname", "contactid"}


async def test_patch_without_conditions_creates_or_updates(api, new_id):
    created = await api.patch(f"contacts({new_id})", {"firstname": "Ann"})
    assert (created.status_code, created.headers["OData-EntityId"][-38:]) == (204, f"({new_id})")
    await api.patch(f"contacts({new_id})", {"lastname": "Bell"})
    assert (await api.row(f"contacts({new_id})"))["fullname"] == "Ann Bell"


async def test_patch_with_if_match_only_updates(api, error):
    answer = await api.patch(f"accounts({MISSING})", {"name": "x"}, If_Match="*")
    assert error(answer) == (404, "")
    assert answer.json()["error"]["message"] == f"account With Id = {MISSING} Does Not Exist"


async def test_patch_with_if_none_match_only_creates(api, error, new_id):
    assert (await api.patch(f"accounts({new_id})", {"name": "x"}, If_None_Match="*")).status_code == 204
    again = await api.patch(f"accounts({new_id})", {"name": "y"}, If_None_Match="*")
    assert error(again) == (412, "0x80040237")


async def test_an_old_etag_is_refused_and_changes_nothing(api, error):
    contact = await api.create("contacts", {"firstname": "Ann"})
    etag = (await api.row(f"contacts({contact})"))["@odata.etag"]
    assert (await api.patch(f"contacts({contact})", {"firstname": "Bea"}, If_Match=etag)).status_code == 204
    assert error(await api.patch(f"contacts({contact})", {"firstname": "C"}, If_Match=etag)) == (412, "0x80060882")
    assert error(await api.delete(f"contacts({contact})", If_Match=etag)) == (412, "0x80060882")
    assert (await api.row(f"contacts({contact})"))["firstname"] == "Bea"


async def test_an_unchanged_row_is_not_sent_again(api):
    contact = await api.create("contacts", {"firstname": "Ann"})
    etag = (await api.get(f"contacts({contact})")).headers["ETag"]
    assert (await api.get(f"contacts({contact})", If_None_Match=etag)).status_code == 304


async def test_one_property_can_be_set_and_cleared(api):
    contact = await api.create("contacts", {"firstname": "Ann"})
    await api.send("PUT", f"contacts({contact})/jobtitle", {"value": "Dentist"})
    assert (await api.row(f"contacts({contact})/jobtitle"))["value"] == "Dentist"
    await api.delete(f"contacts({contact})/jobtitle")
    assert (await api.row(f"contacts({contact})"))["jobtitle"] is None


async def test_a_lookup_is_bound_cleared_and_read_with_annotations(api):
    account = await api.create("accounts", {"name": "Smile"})
    contact = await api.create(
        "contacts", {"firstname": "A", "parentcustomerid_account@odata.bind": f"/accounts({account})"}
    )
    row = (await api.get(f"contacts({contact})", Prefer='odata.include-annotations="*"')).json()
    name = "_parentcustomerid_value"
    assert row[name] == account
    assert row[f"{name}@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row[f"{name}@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "parentcustomerid_account"
    assert row[f"{name}@OData.Community.Display.V1.FormattedValue"] == "Smile"
    answer = await api.patch(f"contacts({contact})", {"parentcustomerid_account@odata.bind": None})
    assert answer.status_code == 204
    assert (await api.row(f"contacts({contact})"))[name] is None


@pytest.mark.parametrize("name", ["parentcustomerid", "ParentCustomerId_Account", "nosuchthing"])
async def test_a_navigation_property_of_the_wrong_name_or_case_is_refused(api, error, name):
    answer = await api.post("contacts", {f"{name}@odata.bind": f"/accounts({MISSING})"})
    assert error(answer) == (400, "0x80048d19")
    assert "undeclared property" in answer.json()["error"]["message"]


async def test_a_missing_target_is_told_from_a_missing_record(api, error):
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({MISSING})"}
    assert error(await api.post("contacts", bound)) == (404, "0x80040217")
    assert error(await api.get(f"contacts({MISSING})")) == (404, "")


async def test_a_lookup_cannot_be_bound_to_another_table(api, error):
    contact = await api.create("contacts", {"firstname": "A"})
    bound = {"parentcustomerid_account@odata.bind": f"/contacts({contact})"}
    assert error(await api.post("contacts", bound)) == (400, "0x80048d19")


async def test_unknown_names_are_refused_everywhere(api, error):
    assert error(await api.post("contacts", {"nosuch": 1})) == (400, "0x80048d19")
    assert error(await api.get("contacts?$select=nosuch")) == (400, "0x0")
    assert error(await api.get("Contacts")) == (404, "0x8006088a")
    assert (await api.get("Account")).json()["error"]["message"] == "Resource not found for the segment 'Account'."
    assert error(await api.post("WhoAmI")) == (404, "")


async def test_children_inside_a_row_are_created_with_it_or_not_at_all(api):
    contact = await api.create("contacts", {"firstname": "Ann"})
    call = await api.create(
        "phonecalls",
        {
            "subject": "Recall",
            "regardingobjectid_contact_phonecall@odata.bind": f"/contacts({contact})",
            "phonecall_activity_parties": [
                {"partyid_contact@odata.bind": f"/contacts({contact})", "participationtypemask": 2},
                {"addressused": "x@example.com", "participationtypemask": 1},
            ],
        },
    )
    row = await api.row(f"phonecalls({call})?$expand=phonecall_activity_parties($orderby=participationtypemask)")
    assert [party["participationtypemask"] for party in row["phonecall_activity_parties"]] == [1, 2, 8, 9]
    refused = await api.post(
        "accounts", {"name": "half", "contact_customer_accounts": [{"firstname": "a"}, {"gendercode": 99}]}
    )
    assert refused.status_code == 400
    assert (await api.row("accounts?$filter=name eq 'half'"))["value"] == []


async def test_activity_parties_do_not_exist_alone(api, error):
    assert error(await api.post("activityparties", {"participationtypemask": 1}))[0] == 400


async def test_a_circle_of_parents_is_refused(api, error):
    top = await api.create("accounts", {"name": "top"})
    below = await api.create("accounts", {"name": "below", "parentaccountid@odata.bind": f"/accounts({top})"})
    answer = await api.patch(f"accounts({top})", {"parentaccountid@odata.bind": f"/accounts({below})"})
    assert error(answer) == (400, "0x80040507")


async def test_the_primary_contact_of_an_account_may_point_back(api):
    account = await api.create("accounts", {"name": "a"})
    contact = await api.create("contacts", {"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    await api.patch(f"accounts({account})", {"primarycontactid@odata.bind": f"/contacts({contact})"})
    row = await api.row(f"accounts({account})?$select=name&$expand=contact_customer_accounts($select=contactid)")
    assert [found["contactid"] for found in row["contact_customer_accounts"]] == [contact]


async def test_rows_are_joined_many_to_many(api, error):
    role = (await api.row("roles?$filter=name eq 'System Administrator'"))["value"][0]["roleid"]
    user = (await api.row("WhoAmI"))["UserId"]
    link = f"systemusers({user})/systemuserroles_association"
    reference = {"@odata.id": f"{api.server.api}/roles({role})"}
    assert (await api.post(f"{link}/$ref", reference)).status_code == 204
    assert error(await api.post(f"{link}/$ref", reference)) == (412, "0x80040237")
    assert len((await api.row(link))["value"]) == 2
    assert (await api.delete(f"{link}({role})/$ref")).status_code == 204
    assert len((await api.row(link))["value"]) == 1


async def test_what_is_not_simulated_says_so(api, error):
    assert error(await api.get("contacts?$search=x")) == (501, "0x80040219")
    assert (await api.get("contacts", Prefer="odata.track-changes")).status_code == 501
