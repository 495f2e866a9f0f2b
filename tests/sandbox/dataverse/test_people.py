"""Tokens, users, owners and privileges."""

from __future__ import annotations

import time

import pytest

from sandbox.identity.tokens import issue

KEY = b"k" * 40
APP = "66666666-0000-4000-a000-000000000006"
USERS = [
    {"systemuserid": f"70000000-0000-4000-a000-00000000000{n}", "fullname": name,
     "internalemailaddress": f"{name}@example.com", **more}
    for n, (name, more) in enumerate(
        [("able", {}), ("gone", {"isdisabled": True}), ("roleless", {"roles": []}), ("free", {"licensed": False})]
    )
]  # fmt: skip


async def test_a_token_is_for_this_organisation_and_this_hour(start):
    api = await start(key=KEY)
    now = time.time()

    async def status(**claims: object) -> int:
        given = {"resource": api.url, "client_id": APP, "key": KEY, "now": now, **claims}
        token = issue(**given)  # type: ignore[arg-type]
        return (await api.http.get("WhoAmI", headers={"Authorization": f"Bearer {token}"})).status_code

    assert await status() == 200
    assert await status(resource=f"{api.url}/") == 200
    assert await status(resource="https://other.crm.dynamics.com") == 401
    assert await status(key=b"x" * 40) == 401
    assert await status(now=now - 7200) == 401
    assert (await api.get("WhoAmI")).status_code == 401
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 3601})
    assert await status() == 401


async def test_a_call_without_a_token_is_refused(api):
    del api.http.headers["Authorization"]
    answer = await api.get("WhoAmI")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


async def test_an_application_becomes_a_user_with_the_migration_role(start):
    api = await start(key=KEY)
    token = issue(resource=api.url, client_id=APP, key=KEY, now=time.time())
    api.http.headers["Authorization"] = f"Bearer {token}"
    user = (await api.row("WhoAmI"))["UserId"]
    row = await api.row(f"systemusers({user})?$expand=systemuserroles_association($select=name)")
    assert row["applicationid"] == APP
    assert [role["name"] for role in row["systemuserroles_association"]] == ["Bridgework Migration"]


async def test_missing_privileges_are_listed_and_enforced(start, error):
    api = await start(seeded={"privileges_missing": ["prvCreateContact", "prvReadAccount"]})
    user = (await api.row("WhoAmI"))["UserId"]
    body = await api.row(f"systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()")
    names = {one["PrivilegeName"] for one in body["RolePrivileges"]}
    assert {"prvReadContact", "prvCreateAccount", "prvOverrideCreatedOnCreatedBy"} <= names
    assert not {"prvCreateContact", "prvReadAccount"} & names
    for answer in (
        await api.post("contacts", {}),
        await api.bulk("contacts", "CreateMultiple", [{}], "contact"),
        await api.get("accounts"),
    ):
        assert error(answer) == (403, "0x80040220")
    granted = await api.http.post(f"{api.url}/sandbox/privileges", json={"missing": []})
    assert granted.status_code == 200
    assert (await api.post("contacts", {})).status_code == 204


@pytest.mark.parametrize(
    ("user", "status", "code"),
    [(0, 204, None), (1, 400, "0x8004022b"), (2, 400, "0x80042f09"), (3, 403, "0x8004d24b")],
)
async def test_an_owner_must_be_able_to_own(start, error, user, status, code):
    api = await start(seeded={"users": USERS})
    owner = {"ownerid@odata.bind": f"/systemusers({USERS[user]['systemuserid']})"}
    contact = await api.create("contacts", {})
    for answer in (await api.post("contacts", owner), await api.patch(f"contacts({contact})", owner)):
        assert answer.status_code == status
        assert code is None or error(answer) == (status, code)


async def test_a_team_owns_and_the_columns_follow(api):
    team = (await api.row("teams"))["value"][0]["teamid"]
    contact = await api.create("contacts", {"ownerid@odata.bind": f"/teams({team})"})
    row = await api.row(f"contacts({contact})?$select=_ownerid_value,_owningteam_value,_owninguser_value")
    assert (row["_ownerid_value"], row["_owningteam_value"], row["_owninguser_value"]) == (team, team, None)


async def test_users_are_found_by_address_and_added_while_it_runs(api):
    await api.http.post(f"{api.url}/sandbox/users", json=USERS)
    found = await api.row("systemusers?$select=fullname,isdisabled&$filter=internalemailaddress eq 'GONE@example.com'")
    assert [(row["fullname"], row["isdisabled"]) for row in found["value"]] == [("gone", True)]
    assert (await api.http.post(f"{api.url}/sandbox/users", json={"systemuserid": "x"})).status_code == 400


async def test_acting_for_another_needs_the_privilege_and_never_gives_more(start, error):
    lacking = {"users": USERS, "privileges_missing": ["prvActOnBehalfOfAnotherUser"]}
    api = await start(seeded=lacking)
    answer = await api.get("WhoAmI", MSCRMCallerID=USERS[0]["systemuserid"])
    assert error(answer) == (403, "0x80040220")
    nobody = await (await start()).get("WhoAmI", MSCRMCallerID=APP)
    assert error(nobody) == (403, "0x80072560")


async def test_bypassing_custom_logic_needs_its_privilege(start, error):
    api = await start(seeded={"privileges_missing": ["prvBypassCustomBusinessLogic"]})
    header = {"MSCRM.BypassBusinessLogicExecution": "CustomSync,CustomAsync"}
    refused = await api.http.post("contacts", json={}, headers=header)
    assert error(refused) == (403, "0x80040220")
    allowed = await (await start()).http.post("contacts", json={}, headers=header)
    assert allowed.status_code == 204
