"""Acting for another user: on a request, on a whole $batch, on one part of it."""

from __future__ import annotations

from typing import Any

import pytest

JANE = {
    "systemuserid": "70000000-0000-4000-a000-000000000001",
    "azureactivedirectoryobjectid": "AAAAAAAA-0000-4000-a000-000000000001",
    "fullname": "Jane Doe",
    "internalemailaddress": "jane@example.com",
}
GONE = {**JANE, "systemuserid": "70000000-0000-4000-a000-000000000002", "isdisabled": True, "fullname": "Gone",
        "azureactivedirectoryobjectid": "aaaaaaaa-0000-4000-a000-000000000002"}  # fmt: skip
JOHN = {**JANE, "systemuserid": "70000000-0000-4000-a000-000000000003", "fullname": "John",
        "azureactivedirectoryobjectid": "aaaaaaaa-0000-4000-a000-000000000003"}  # fmt: skip
WHO = "_createdby_value,_createdonbehalfby_value,_modifiedby_value,_modifiedonbehalfby_value"


@pytest.fixture
async def town(start: Any) -> Any:
    return await start(seeded={"users": [JANE, GONE, JOHN]})


def part(body: str, **headers: str) -> str:
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"POST /api/data/v9.2/contacts HTTP/1.1\r\nContent-Type: application/json\r\n{named}\r\n{body}\r\n"
    )


async def batch(api: Any, *parts: str, **headers: str) -> Any:
    body = "".join(parts) + "--b--\r\n"
    kind = {"Content-Type": "multipart/mixed; boundary=b", "Prefer": "odata.continue-on-error", **headers}
    return await api.http.post("$batch", content=body, headers=kind)


async def made_by(api: Any) -> dict[str, tuple[str | None, str | None]]:
    rows = (await api.row(f"contacts?$select=lastname,{WHO}"))["value"]
    return {row["lastname"]: (row["_createdby_value"], row["_createdonbehalfby_value"]) for row in rows}


@pytest.mark.parametrize(
    "header", [{"CallerObjectId": JANE["azureactivedirectoryobjectid"]}, {"MSCRMCallerID": JANE["systemuserid"]}]
)
async def test_a_row_is_made_and_changed_by_whom_one_acts_for_and_on_behalf_by_oneself(town, header):
    me = (await town.row("WhoAmI"))["UserId"]
    answer = await town.post("contacts", {"lastname": "x"}, **header)
    address = answer.headers["OData-EntityId"]
    first = (await town.get(f"{address}?$select={WHO}")).json()
    assert [first[name] for name in WHO.split(",")] == [JANE["systemuserid"], me, JANE["systemuserid"], me]
    assert (await town.patch(address, {"lastname": "y"})).status_code == 204
    second = (await town.get(f"{address}?$select={WHO}")).json()
    assert [second[name] for name in WHO.split(",")] == [JANE["systemuserid"], me, me, None]
    assert (await town.patch(address, {"lastname": "z"}, **header)).status_code == 204
    third = (await town.get(f"{address}?$select={WHO}")).json()
    assert (third["_modifiedby_value"], third["_modifiedonbehalfby_value"]) == (JANE["systemuserid"], me)


async def test_a_batch_acts_for_one_user_and_a_part_of_it_for_another(town):
    me = (await town.row("WhoAmI"))["UserId"]
    john = part('{"lastname":"by john"}', MSCRMCallerID=JOHN["systemuserid"])
    outer = {"CallerObjectId": JANE["azureactivedirectoryobjectid"]}
    assert (await batch(town, part('{"lastname":"by jane"}'), john, **outer)).text.count(" 204 ") == 2
    assert (await batch(town, part('{"lastname":"by me"}'), john.replace("by john", "john"))).text.count(" 204 ") == 2
    assert await made_by(town) == {
        "by jane": (JANE["systemuserid"], me),
        "by john": (JOHN["systemuserid"], me),
        "by me": (me, None),
        "john": (JOHN["systemuserid"], me),
    }


async def test_a_part_that_may_not_act_for_somebody_fails_alone(town):
    nobody = part('{"lastname":"b"}', CallerObjectId="bbbbbbbb-0000-4000-a000-000000000009")
    gone = part('{"lastname":"c"}', CallerObjectId=GONE["azureactivedirectoryobjectid"])
    answer = await batch(town, part('{"lastname":"a"}'), nobody, gone)
    assert [answer.text.count(text) for text in (" 204 ", " 403 ", "0x80072560", "0x80040225")] == [1, 2, 1, 1]
    assert set(await made_by(town)) == {"a"}


async def test_a_part_needs_the_privilege_to_act_for_another(start):
    api = await start(seeded={"users": [JANE], "privileges_missing": ["prvActOnBehalfOfAnotherUser"]})
    jane = part('{"lastname":"a"}', MSCRMCallerID=JANE["systemuserid"])
    answer = await batch(api, jane, part('{"lastname":"b"}'))
    assert [answer.text.count(text) for text in ("0x80040220", " 204 ")] == [1, 1]


async def test_a_person_signs_in_with_a_token_of_his_own(start, error):
    api = await start(key=b"k" * 40)
    answer = await api.http.post(f"{api.url}/sandbox/users", json=[JANE, GONE])
    jane, gone = answer.json()["tokens"]
    signed_in = await api.http.get("WhoAmI", headers={"Authorization": f"Bearer {jane}"})
    assert signed_in.json()["UserId"] == JANE["systemuserid"]
    refused = await api.http.get("WhoAmI", headers={"Authorization": f"Bearer {gone}"})
    assert error(refused) == (403, "0x80040225")
    assert (await api.http.get("WhoAmI", headers={"Authorization": "Bearer x.y.z"})).status_code == 401
