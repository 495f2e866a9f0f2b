"""Questions: filters, order, pages, counts, expansions, aggregates, FetchXML, SQL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ["Ann", "bea", "Cé", "O'Brien", None]


@pytest.fixture
async def people(api):
    """Five contacts, the first two of an account, with children 0 to 4."""
    account = await api.create("accounts", {"name": "Smile Dental"})
    for number, name in enumerate(NAMES):
        body: dict[str, Any] = {"firstname": name, "numberofchildren": number, "birthdate": f"198{number}-01-01"}
        if number < 2:
            body["parentcustomerid_account@odata.bind"] = f"/accounts({account})"
        await api.create("contacts", body)
    return api


async def children(api, filter_: str, **more: str) -> list[int]:
    answer = await api.http.get("contacts", params={"$select": "numberofchildren", "$filter": filter_, **more})
    assert answer.status_code == 200, answer.text
    return [row["numberofchildren"] for row in answer.json()["value"]]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("firstname eq 'ANN'", [0]),
        ("firstname eq 'O''Brien'", [3]),
        ("firstname ne 'ann'", [1, 2, 3, 4]),
        ("firstname eq null", [4]),
        ("firstname ne null", [0, 1, 2, 3]),
        ("numberofchildren gt 1 and numberofchildren le 3", [2, 3]),
        ("numberofchildren lt 1 or numberofchildren ge 4", [0, 4]),
        ("not (numberofchildren eq 1)", [0, 2, 3, 4]),
        ("contains(firstname,'B')", [1, 3]),
        ("not contains(firstname,'B')", [0, 2, 4]),
        ("startswith(firstname,'b') or endswith(firstname,'n')", [0, 1, 3]),
        ("birthdate ge 1983-01-01", [3, 4]),
        ("parentcustomerid_account/name eq 'smile dental'", [0, 1]),
        ("_parentcustomerid_value ne null and statecode eq 0", [0, 1]),
        ("numberofchildren eq 0 or numberofchildren eq 3 or numberofchildren eq 9", [0, 3]),
        ("createdon gt 2020-01-01T00:00:00Z", [0, 1, 2, 3, 4]),
    ],
)
async def test_filters_find_what_they_say(people, filter_, expected):
    assert await children(people, filter_) == expected


async def test_collections_are_asked_with_any_and_all(people):
    for question, count in (("any()", 1), ("any(c:c/firstname eq 'bea')", 1), ("all(c:c/numberofchildren eq 0)", 0)):
        found = await people.row(f"accounts?$filter=contact_customer_accounts/{question}")
        assert len(found["value"]) == count


async def test_a_list_of_values_is_one_condition(people):
    rows = (await people.row("contacts?$select=contactid&$top=2"))["value"]
    values = '","'.join(row["contactid"] for row in rows)
    function = "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)"
    found = await children(people, function, **{"@p1": "'contactid'", "@p2": f'["{values}"]'})
    assert found == [0, 1]


@pytest.mark.parametrize(
    "filter_",
    ["nosuch eq 1", "firstname eq 1", "numberofchildren eq 'x'", "parentcustomerid eq 1", "contactid eq 'quoted'",
     "firstname eq", "firstname like 'a'", "(firstname eq 'a'"],
)  # fmt: skip
async def test_a_filter_that_means_nothing_is_refused(people, filter_):
    answer = await people.http.get("contacts", params={"$filter": filter_})
    assert answer.status_code in (400, 501), answer.text


async def test_nulls_come_first_and_order_survives_pages(people):
    link, seen, pages = "contacts?$select=firstname&$orderby=firstname asc", [], 0
    while link:
        body = (await people.get(link, Prefer="odata.maxpagesize=2")).json()
        seen += [row["firstname"] for row in body["value"]]
        link, pages = body.get("@odata.nextLink"), pages + 1
    assert (seen, pages) == ([None, "Ann", "bea", "Cé", "O'Brien"], 3)


async def test_rows_that_come_and_go_move_no_page(people):
    first = (await people.get("contacts?$select=numberofchildren", Prefer="odata.maxpagesize=2")).json()
    await people.delete(f"contacts({first['value'][0]['contactid']})")
    await people.create("contacts", {"numberofchildren": 9})
    seen, link = [], first["@odata.nextLink"]
    while link:
        body = (await people.get(link, Prefer="odata.maxpagesize=2")).json()
        seen += [row["numberofchildren"] for row in body["value"]]
        link = body.get("@odata.nextLink")
    assert seen == [2, 3, 4, 9]


async def test_a_page_without_its_preference_is_a_page_of_five_thousand(api):
    targets = [{"firstname": "x"}] * 1000
    for _ in range(6):
        await api.bulk("contacts", "CreateMultiple", targets, "contact")
    body = await api.row("contacts?$select=contactid&$count=true")
    assert (len(body["value"]), body["@odata.count"]) == (5000, 5000)
    rest = await api.row(body["@odata.nextLink"])
    assert len(rest["value"]) == 1000
    total = 'odata.include-annotations="Microsoft.Dynamics.CRM.totalrecordcount,Microsoft.Dynamics.CRM.*"'
    body = (await api.get("contacts?$select=contactid&$count=true&$top=1", Prefer=total)).json()
    assert body["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] is True
    assert (await api.get("contacts/$count")).text.lstrip("\ufeff") == "5000"
    grouped = await api.row("contacts?$apply=filter(firstname eq 'x')/aggregate($count as n)")
    assert grouped["value"] == [{"n": 6000}]


async def test_a_token_that_was_tampered_with_is_refused(people, error):
    body = (await people.get("contacts", Prefer="odata.maxpagesize=2")).json()
    assert error(await people.get(body["@odata.nextLink"].replace("last%253D%2522", "last%253D%2522A")))[0] == 400


async def test_top_is_ignored_beside_a_page_size_and_skip_does_not_exist(people, error):
    body = (await people.get("contacts?$top=1", Prefer="odata.maxpagesize=3")).json()
    assert len(body["value"]) == 3
    assert len((await people.row("contacts?$top=1"))["value"]) == 1
    assert error(await people.get("contacts?$skip=1"))[0] == 400


async def test_aggregates_group_and_measure(people):
    body = await people.row(
        "contacts?$apply=groupby((_parentcustomerid_value),aggregate($count as n,numberofchildren with sum as total))"
    )
    assert sorted((line["n"], line["total"]) for line in body["value"]) == [(2, 1), (3, 9)]


async def fetch(api, xml: str) -> list[dict[str, Any]]:
    answer = await api.http.get("contacts", params={"fetchXml": xml})
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


async def test_fetchxml_filters_joins_and_aggregates(people):
    found = await fetch(
        people,
        """<fetch><entity name="contact"><attribute name="numberofchildren"/>
        <filter type="or"><condition attribute="firstname" operator="like" value="%b%"/>
        <condition attribute="numberofchildren" operator="in"><value>0</value><value>4</value></condition></filter>
        <link-entity name="account" from="accountid" to="parentcustomerid" link-type="outer" alias="a">
        <attribute name="name"/></link-entity></entity></fetch>""",
    )
    assert [(row["numberofchildren"], row.get("a.name")) for row in found] == [
        (0, "Smile Dental"), (1, "Smile Dental"), (3, None), (4, None),
    ]  # fmt: skip
    counted = await fetch(
        people,
        """<fetch aggregate="true"><entity name="contact"><attribute name="contactid" aggregate="count" alias="n"/>
        <attribute name="numberofchildren" aggregate="max" alias="most"/></entity></fetch>""",
    )
    assert counted == [{"n": 5, "most": 4}]


async def test_sql_selects_groups_and_only_reads(people, error):
    sql = "SELECT COUNT(*) AS n, MAX(numberofchildren) AS most FROM contact WHERE firstname IS NOT NULL"
    assert (await people.http.get("contacts", params={"sql": sql})).json()["value"] == [{"n": 4, "most": 3}]
    for bad in ("DELETE FROM contact", "SELECT nosuch FROM contact", "SELECT firstname FROM account"):
        assert (await people.http.get("contacts", params={"sql": bad})).status_code == 400


async def test_total_counts_come_from_an_old_snapshot(start):
    from sandbox.dataverse.behaviour import calm

    api = await start(calm(total_count_lag_seconds=3600))
    address = """RetrieveTotalRecordCount(EntityNames=@p1)?@p1=["contact","account"]"""

    async def counts() -> list[int]:
        return (await api.row(address))["EntityRecordCountCollection"]["Values"]

    assert await counts() == [0, 0]
    await api.create("contacts", {})
    assert await counts() == [0, 0]
    await api.http.post(f"{api.url}/sandbox/clock", json={"advance_seconds": 3601})
    assert await counts() == [1, 0]


async def test_plus_and_percent_are_read_as_clients_write_them(people):
    answer = await people.http.get(
        f"{people.server.api}/contacts?%24select=firstname%2CcontactId".replace("Id", "id")
        + "&%24filter=firstname+eq+%27O%27%27Brien%27"
    )
    assert [row["firstname"] for row in answer.json()["value"]] == ["O'Brien"]


async def test_the_schema_document_and_the_list_of_sets_are_there(api):
    answer = await api.get("$metadata")
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert '<EntityType Name="systemuser"><Key><PropertyRef Name="ownerid"/></Key>' in answer.text
    assert {"contacts", "accounts"} <= {entry["name"] for entry in (await api.row(""))["value"]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=40), st.integers(1, 7), st.booleans())
def test_pages_of_any_size_show_every_row_once_in_order(numbers, size, descending):
    order = "numberofchildren desc" if descending else "numberofchildren"
    expected = sorted(numbers, key=lambda n: (n is not None, n or 0), reverse=descending)
    assert paged(numbers, {"$orderby": order}, size) == expected


@pytest.mark.parametrize("ones", [0, 3, 30, 60])
def test_pages_of_a_filter_show_every_row_once_however_many_it_leaves_over(ones, monkeypatch):
    from sandbox.dataverse.tables import Table

    gathered = []
    having = Table.having
    monkeypatch.setattr(Table, "having", lambda self, *asked: gathered.append(asked[0]) or having(self, *asked))
    numbers = [1] * ones + [2] * (60 - ones)
    assert paged(numbers, {"$filter": "numberofchildren eq 1"}, size=7) == [1] * ones
    # All of the rows again for each page would take as long as the square of how many there are.
    assert ("numberofchildren" in gathered) == (ones <= 30)


def paged(numbers, query, size):
    """What the pages of a question show of contacts with so many children."""
    from sandbox.dataverse.behaviour import calm
    from sandbox.dataverse.organisation import Organisation
    from sandbox.dataverse.people import Caller
    from sandbox.dataverse.queries import list_rows
    from sandbox.dataverse.records import create
    from sandbox.dataverse.wire import Request, split_url

    org = Organisation.seeded(calm())
    caller: Caller = org.system_caller()
    table = org.catalogue.tables["contact"]
    with org.work(caller) as work:
        for number in numbers:
            create(work, table, {"numberofchildren": number})
    seen = []
    while True:
        request = Request("GET", "contacts", query, {"prefer": f"odata.maxpagesize={size}"}, b"", "http://x", caller)
        body = list_rows(org, table, request).body
        seen += [row["numberofchildren"] for row in body["value"]]
        assert len(body["value"]) <= size
        if "@odata.nextLink" not in body:
            return seen
        query = split_url(body["@odata.nextLink"].replace("http://x/", "/api/data/v9.2/"))[1]


async def test_a_long_address_is_read_and_a_too_long_one_refused(people):
    def question(count: int) -> dict[str, str]:
        return {"$filter": " or ".join(f"firstname eq 'nobody {n}'" for n in range(count)) + " or firstname eq 'ann'"}

    assert len((await people.http.get("contacts", params=question(600))).json()["value"]) == 1
    assert (await people.http.get("contacts", params=question(1200))).status_code == 414
