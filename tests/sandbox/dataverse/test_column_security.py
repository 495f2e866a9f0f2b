"""Secured columns: null to read, refused to write, open to members of a profile."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

ALLOWED = {"canread": 4, "cancreate": 4, "canupdate": 4}
ADMINISTRATORS = "572329c1-a042-4e22-be47-367c6374ea45"
SALES = {
    "systemuserid": "70000000-0000-4000-a000-000000000001",
    "fullname": "Sal Es",
    "internalemailaddress": "sal@example.com",
    "roles": ["Salesperson"],
}
ADMIN = {
    "systemuserid": "70000000-0000-4000-a000-000000000002",
    "fullname": "Ad Min",
    "internalemailaddress": "admin@example.com",
    "roles": ["System Administrator"],
}


async def token_of(api: Any, user: dict[str, Any]) -> dict[str, str]:
    answer = await api.http.post(f"{api.url}/sandbox/users", json=user)
    return {"Authorization": f"Bearer {answer.json()['tokens'][0]}"}


async def as_user(api: Any, user: dict[str, Any]) -> Any:
    """The same organisation, asked by somebody else."""
    mine = httpx.AsyncClient(base_url=api.http.base_url, headers=await token_of(api, user), timeout=60)
    return type(api)(api.server, mine)


async def profile(api: Any, *columns: str, table: str = "bw_visit", **verbs: int) -> str:
    made: str = await api.create("fieldsecurityprofiles", {"name": "Health"})
    for name in columns:
        body = {"entityname": table, "attributelogicalname": name, **ALLOWED, **verbs}
        body["fieldsecurityprofileid@odata.bind"] = f"/fieldsecurityprofiles({made})"
        await api.create("fieldpermissions", body)
    return made


async def join(api: Any, profile_id: str, user_id: str) -> None:
    user = {"@odata.id": f"{api.server.api}/systemusers({user_id})"}
    answer = await api.post(f"fieldsecurityprofiles({profile_id})/systemuserprofiles_association/$ref", user)
    assert answer.status_code == 204, answer.text


@pytest.fixture
async def visits(start: Any, attribute: Any) -> Any:
    """A table with a secured text and amount, which our application may write."""
    api = await start()
    await api.publisher()
    await api.define(
        "bw_Visit",
        attribute("bw_Finding", "String", MaxLength=200, IsSecured=True),
        attribute("bw_Score", "Integer", IsSecured=True),
        attribute("bw_Room", "String", MaxLength=20),
    )
    me = (await api.row("WhoAmI"))["UserId"]
    await join(api, await profile(api, "bw_finding", "bw_score"), me)
    return api


async def test_n22_a_secured_column_says_so_in_its_definition(visits):
    path = "EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_finding')"
    found = await visits.row(path)
    assert found["IsSecured"]
    assert all(found[f"CanBeSecuredFor{verb}"] for verb in ("Read", "Create", "Update"))
    assert not (await visits.row(path.replace("bw_finding", "bw_name")))["CanBeSecuredForRead"]
    listed = await visits.row("EntityDefinitions(LogicalName='bw_visit')/Attributes?$filter=IsSecured eq true")
    assert {one["LogicalName"] for one in listed["value"]} == {"bw_finding", "bw_score"}


async def test_n22_whoever_has_no_profile_reads_null_wherever_he_looks(visits):
    for number, room in enumerate("ab"):
        await visits.create("bw_visits", {"bw_name": room, "bw_finding": f"caries {room}", "bw_score": number + 1})
    sales = await as_user(visits, SALES)
    rows = (await sales.row("bw_visits?$select=bw_name,bw_finding,bw_score"))["value"]
    assert [(row["bw_name"], row["bw_finding"], row["bw_score"]) for row in rows] == [
        ("a", None, None),
        ("b", None, None),
    ]
    one = await sales.row(f"bw_visits({rows[0]['bw_visitid']})")
    assert one["bw_finding"] is None
    assert (await sales.get(f"bw_visits({rows[0]['bw_visitid']})/bw_finding")).status_code == 204
    fetch = "<fetch><entity name='bw_visit'><attribute name='bw_finding'/></entity></fetch>"
    found = await sales.row(f"bw_visits?fetchXml={quote(fetch)}")
    assert [row["bw_finding"] for row in found["value"]] == [None, None]
    found = await sales.row("bw_visits?sql=" + quote("SELECT bw_finding FROM bw_visit"))
    assert [row["bw_finding"] for row in found["value"]] == [None, None]
    owner = await sales.row(
        f"systemusers({(await visits.row('WhoAmI'))['UserId']})?$expand=user_bw_visit($select=bw_finding)"
    )
    assert [row["bw_finding"] for row in owner["user_bw_visit"]] == [None, None]
    assert (await visits.row("bw_visits?$select=bw_finding"))["value"][0]["bw_finding"] == "caries a"


async def test_n22_a_secured_lookup_leads_nowhere_from_either_end(visits, labelled):
    link = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "SchemaName": "bw_contact_visit",
        "ReferencedEntity": "contact",
        "ReferencingEntity": "bw_visit",
        "Lookup": {"SchemaName": "bw_PatientId", "DisplayName": labelled("Patient"), "IsSecured": True},
    }
    assert (await visits.post("RelationshipDefinitions", link)).status_code == 204
    await join(visits, await profile(visits, "bw_patientid"), (await visits.row("WhoAmI"))["UserId"])
    patient = await visits.create("contacts", {"lastname": "Doe"})
    kept = await visits.create("bw_visits", {"bw_PatientId@odata.bind": f"/contacts({patient})"})
    sales = await as_user(visits, SALES)
    for api, seen in ((visits, True), (sales, False)):
        row = await api.row(f"bw_visits({kept})?$expand=bw_PatientId($select=lastname)")
        assert (row["_bw_patientid_value"] == patient, row["bw_PatientId"] is not None) == (seen, seen)
        assert (await api.get(f"bw_visits({kept})/bw_PatientId")).status_code == (200 if seen else 204)
        assert (await api.get(f"bw_visits({kept})/bw_PatientId/$ref")).status_code == (200 if seen else 204)
        assert len((await api.row(f"contacts({patient})/bw_contact_visit"))["value"]) == seen
        fetch = (
            "<fetch><entity name='contact'><link-entity name='bw_visit' from='bw_patientid' to='contactid'/>"
            "</entity></fetch>"
        )
        assert len((await api.row(f"contacts?fetchXml={quote(fetch)}"))["value"]) == seen


async def test_n22_a_filter_a_sort_and_a_sum_take_what_may_not_be_read_for_null(visits):
    for name, score in (("a", 3), ("b", 2), ("c", 1)):
        await visits.create("bw_visits", {"bw_name": name, "bw_finding": "caries", "bw_score": score})
    sales = await as_user(visits, SALES)

    async def names(api: Any, query: str) -> str:
        return "".join(row["bw_name"] for row in (await api.row(f"bw_visits?$select=bw_name&{query}"))["value"])

    for query in ("$filter=bw_finding eq 'caries'", "$filter=contains(bw_finding,'car')", "$filter=bw_score gt 0"):
        assert (await names(visits, query), await names(sales, query)) == ("abc", "")
    assert await names(sales, "$filter=bw_finding eq null") == "abc"
    assert (await names(visits, "$orderby=bw_score"), await names(sales, "$orderby=bw_score")) == ("cba", "abc")
    total = "bw_visits?$apply=aggregate(bw_score with sum as total)"
    assert (await visits.row(total))["value"][0]["total"] == 6
    assert not (await sales.row(total))["value"][0]["total"]
    fetch = "<fetch><entity name='bw_visit'><filter><condition attribute='bw_score' operator='gt' value='0'/></filter>"
    found = await sales.row(f"bw_visits?fetchXml={quote(fetch + '</entity></fetch>')}")
    assert found["value"] == []


async def test_n22_writing_a_secured_column_without_permission_is_refused_whole(visits, error):
    kept = await visits.create("bw_visits", {"bw_name": "kept", "bw_finding": "x"})
    sales = await as_user(visits, SALES)
    assert error(await sales.post("bw_visits", {"bw_name": "n", "bw_finding": "x"})) == (403, "0x8004f502")
    assert error(await sales.patch(f"bw_visits({kept})", {"bw_finding": "y"})) == (403, "0x8004f507")
    assert error(await sales.send("PUT", f"bw_visits({kept})/bw_finding", {"value": "y"})) == (403, "0x8004f507")
    targets = [{"bw_name": "one"}, {"bw_name": "two", "bw_finding": "x"}]
    assert error(await sales.bulk("bw_visits", "CreateMultiple", targets, "bw_visit")) == (403, "0x8004f502")
    assert (await sales.post("bw_visits", {"bw_name": "plain"})).status_code == 204
    rows = (await visits.row("bw_visits?$select=bw_name,bw_finding"))["value"]
    assert [(row["bw_name"], row["bw_finding"]) for row in rows] == [("kept", "x"), ("plain", None)]


async def test_n22_a_permission_opens_one_verb_to_members_by_themselves_or_by_their_team(visits, error):
    kept = await visits.create("bw_visits", {"bw_name": "kept", "bw_finding": "x"})
    sales = await as_user(visits, SALES)
    reading = await profile(visits, "bw_finding", cancreate=0, canupdate=0)
    team = (await visits.row("teams"))["value"][0]["teamid"]
    at = f"{visits.server.api}/teams({team})"
    await visits.post(f"fieldsecurityprofiles({reading})/teamprofiles_association/$ref", {"@odata.id": at})
    assert (await sales.row(f"bw_visits({kept})"))["bw_finding"] is None
    user = {"@odata.id": f"{visits.server.api}/systemusers({SALES['systemuserid']})"}
    await visits.post(f"teams({team})/teammembership_association/$ref", user)
    assert (await sales.row(f"bw_visits({kept})"))["bw_finding"] == "x"
    assert error(await sales.patch(f"bw_visits({kept})", {"bw_finding": "y"})) == (403, "0x8004f507")
    await join(visits, await profile(visits, "bw_finding", canread=0, cancreate=0), SALES["systemuserid"])
    assert (await sales.patch(f"bw_visits({kept})", {"bw_finding": "y"})).status_code == 204


async def test_n22_administrators_need_no_profile(visits):
    kept = await visits.create("bw_visits", {"bw_finding": "x"})
    admin = await as_user(visits, ADMIN)
    assert (await admin.row(f"bw_visits({kept})"))["bw_finding"] == "x"
    assert (await admin.post("bw_visits", {"bw_finding": "y"})).status_code == 204
    path = f"fieldpermissions?$filter=_fieldsecurityprofileid_value eq {ADMINISTRATORS}"
    assert len((await admin.row(path))["value"]) == 2


async def test_acting_for_another_needs_both_to_be_allowed(visits, error):
    await visits.http.post(f"{visits.url}/sandbox/users", json=SALES)
    as_sales = {"MSCRMCallerID": SALES["systemuserid"]}
    assert error(await visits.post("bw_visits", {"bw_finding": "x"}, **as_sales)) == (403, "0x8004f502")
    kept = await visits.create("bw_visits", {"bw_finding": "x"})
    assert (await visits.send("GET", f"bw_visits({kept})", **as_sales)).json()["bw_finding"] is None


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [("contact", "governmentid", 204), ("contact", "lastname", 204), ("contact", "fullname", 400),
     ("contact", "statecode", 400), ("contact", "overriddencreatedon", 400), ("annotation", "notetext", 400)],
)  # fmt: skip
async def test_a_standard_column_is_secured_if_people_fill_it_in(api, table, column, expected):
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes(LogicalName='{column}')"
    definition = (await api.row(path)) | {"IsSecured": True}
    answer = await api.send("PUT", path, definition)
    assert answer.status_code == expected, answer.text
    assert expected == 204 or answer.json()["error"]["code"] in ("0x8004f501", "0x80040203")
    assert (await api.row(path))["IsSecured"] is (expected == 204)


async def test_keys_and_secured_columns_exclude_each_other(visits, error, attribute):
    assert error(await visits.key("bw_visit", "bw_finding")) == (400, "0x80060896")
    assert (await visits.key("bw_visit", "bw_room")).status_code == 204
    path = "EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_room')"
    secured = attribute("bw_Room", MaxLength=20, IsSecured=True)
    assert error(await visits.send("PUT", path, secured)) == (400, "0x80060896")


async def test_a_permission_is_for_a_secured_column_and_given_once(visits, error):
    made = await profile(visits, "bw_finding")
    body = {"entityname": "bw_visit", "fieldsecurityprofileid@odata.bind": f"/fieldsecurityprofiles({made})", **ALLOWED}
    again = await visits.post("fieldpermissions", {**body, "attributelogicalname": "bw_finding"})
    assert error(again) == (412, "0x80040237")
    plain = await visits.post("fieldpermissions", {**body, "attributelogicalname": "bw_room"})
    assert error(plain) == (400, "0x8004f508")
    wrong = await visits.post("fieldpermissions", {**body, "attributelogicalname": "bw_score", "canread": 1})
    assert error(wrong) == (400, "0x8004431a")
    assert error(await visits.delete(f"fieldsecurityprofiles({ADMINISTRATORS})")) == (400, "0x8004022e")


async def test_opening_a_column_again_takes_its_permissions_along(visits, attribute):
    path = "EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_finding')"
    opened = attribute("bw_Finding", MaxLength=200, IsSecured=False)
    assert (await visits.send("PUT", path, opened)).status_code == 204
    left = (await visits.row("fieldpermissions"))["value"]
    assert {row["attributelogicalname"] for row in left} == {"bw_score"}
    sales = await as_user(visits, SALES)
    assert (await sales.post("bw_visits", {"bw_finding": "x"})).status_code == 204


async def test_deleting_a_profile_shuts_its_members_out(visits, error):
    mine = (await visits.row("fieldsecurityprofiles?$filter=name eq 'Health'"))["value"][0]["fieldsecurityprofileid"]
    assert (await visits.delete(f"fieldsecurityprofiles({mine})")).status_code == 204
    assert error(await visits.post("bw_visits", {"bw_finding": "x"})) == (403, "0x8004f502")
    left = (await visits.row("fieldpermissions"))["value"]
    assert {row["_fieldsecurityprofileid_value"] for row in left} == {ADMINISTRATORS}


async def test_lifting_security_can_be_made_to_need_the_permission(start, error, attribute):
    from sandbox.dataverse.behaviour import calm

    api = await start(calm(unsecure_needs_permission=True))
    await api.publisher()
    await api.define("bw_Visit", attribute("bw_Finding", MaxLength=200, IsSecured=True))
    path = "EntityDefinitions(LogicalName='bw_visit')/Attributes(LogicalName='bw_finding')"
    opened = attribute("bw_Finding", MaxLength=200, IsSecured=False)
    assert error(await api.send("PUT", path, opened)) == (403, "0x8004f50d")


async def test_a_secured_file_is_neither_downloaded_nor_replaced(visits, error, attribute):
    one = attribute("bw_Scan", "File", IsSecured=True)
    assert (await visits.post("EntityDefinitions(LogicalName='bw_visit')/Attributes", one)).status_code == 204
    await join(visits, await profile(visits, "bw_scan"), (await visits.row("WhoAmI"))["UserId"])
    kept = await visits.create("bw_visits", {})
    name = {"x-ms-file-name": "a.bin", "Content-Type": "application/octet-stream"}
    put = await visits.http.patch(f"bw_visits({kept})/bw_scan", content=b"secret", headers=name)
    assert put.status_code == 204
    sales = await as_user(visits, SALES)
    assert error(await sales.get(f"bw_visits({kept})/bw_scan/$value")) == (403, "0x8004f504")
    put = await sales.http.patch(f"bw_visits({kept})/bw_scan", content=b"other", headers=name)
    assert error(put) == (403, "0x8004f507")
    row = await sales.row(f"bw_visits({kept})")
    assert (row["bw_scan"], row["bw_scan_name"]) == (None, None)


async def test_a_salesperson_may_not_customize_nor_give_himself_a_profile(visits, error, attribute):
    sales = await as_user(visits, SALES)
    assert (await sales.row("WhoAmI"))["UserId"] == SALES["systemuserid"]
    refused = await sales.post("EntityDefinitions(LogicalName='contact')/Attributes", attribute("bw_X", MaxLength=5))
    assert error(refused) == (403, "0x80040220")
    assert error(await sales.post("fieldsecurityprofiles", {"name": "mine"})) == (403, "0x80040220")
