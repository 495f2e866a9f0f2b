"""Reading where environments differ, told by script. The rest runs against the simulator."""

from __future__ import annotations

import httpx
import pytest

from shared.errors import AskPerson, Stop
from shared.schema.model import Table

TABLE = Table("contact", "contacts", "contactid", "fullname")


async def test_more_rows_than_an_aggregate_may_count_are_counted_by_the_page(environment, answers) -> None:
    page = [{"contactid": str(n)} for n in range(3)]
    link = "https://org.crm6.dynamics.com/api/data/v9.2/contacts?$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
    environment.script = [
        answers.refused(400, "0x8004e023"),
        httpx.Response(200, json={"value": page, "@odata.nextLink": link}),
        answers.found(page[:2]),
    ]
    assert await environment.client().count(TABLE, "statecode eq 0") == 5
    assert str(environment.seen[2].url) == link
    assert [request.headers.get("prefer") for request in environment.seen[1:]] == ["odata.maxpagesize=5000"] * 2


async def test_an_empty_table_counts_nothing(environment, answers) -> None:
    environment.script = [answers.found([])]
    assert await environment.client().count(TABLE) == 0


async def test_privileges_without_names_are_looked_up(environment, answers) -> None:
    environment.script = [
        httpx.Response(200, json={"RolePrivileges": [
            {"PrivilegeId": "A1", "PrivilegeName": "prvReadContact"}, {"PrivilegeId": "B2"},
        ]}),
        answers.found([{"privilegeid": "b2", "name": "prvCreateContact"}, {"privilegeid": "c3", "name": "prvOther"}]),
    ]  # fmt: skip
    assert await environment.client().privileges("u") == {"prvReadContact", "prvCreateContact"}


async def test_a_user_s_name_is_told_where_it_may_be_read(environment, answers) -> None:
    environment.script = [
        httpx.Response(200, json={"systemuserid": "u", "fullname": "Front Desk"}),
        answers.refused(404, "0x80040217"),
        answers.refused(403, "0x80040220"),
    ]
    client = environment.client()
    assert [await client.user_name("u") for _ in range(3)] == ["Front Desk", None, None]
    assert environment.seen[0].url.path.endswith("/systemusers(u)")


async def test_managed_and_intersect_tables_do_not_count_against_the_licence(environment, answers) -> None:
    environment.script = [answers.found([
        {"LogicalName": "bw_visit", "IsManaged": False, "IsIntersect": False},
        {"LogicalName": "msdyn_x", "IsManaged": True, "IsIntersect": False},
        {"LogicalName": "bw_a_b", "IsManaged": False, "IsIntersect": True},
    ])]  # fmt: skip
    assert await environment.client().custom_table_count() == 1


async def test_ids_are_matched_whatever_their_case(environment, answers) -> None:
    environment.script = [answers.found([{"contactid": "ABCD", "@odata.etag": 'W/"1"'}])]
    assert set(await environment.client().rows(TABLE, ["AbCd", "abcd"], select=[])) == {"abcd"}
    assert str(environment.seen[0].url).count("abcd") == 1


async def test_what_rows_point_at_is_told_with_who_points(environment, answers) -> None:
    environment.script = [
        answers.found([
            {"contactid": "C1", "_parentcustomerid_value": "A1"}, {"contactid": "c2", "_parentcustomerid_value": "a1"},
        ]),
    ]  # fmt: skip
    found = await environment.client().pointed_at(TABLE, "parentcustomerid", ["a1", "a2"])
    assert found == {"a1": {"c1", "c2"}}


async def test_where_nothing_points_anywhere_many_rows_take_one_question(environment, answers) -> None:
    environment.script = [answers.found([])]
    assert await environment.client().pointed_at(TABLE, "parentcustomerid", [f"a{n}" for n in range(1_000)]) == {}
    [question] = environment.seen
    assert question.url.params["$filter"] == "_parentcustomerid_value ne null"
    assert question.url.params["$top"] == "1"


async def test_where_something_points_somewhere_all_of_many_rows_are_asked_about(environment, answers) -> None:
    there = {"contactid": "c1", "_parentcustomerid_value": "a7"}
    environment.script = [answers.found([there]), answers.found([there]), answers.found([])]
    ids = [f"a{n}" for n in range(150)]
    assert await environment.client().pointed_at(TABLE, "parentcustomerid", ids) == {"a7": {"c1"}}
    asked = " or ".join(one.url.params["$filter"] for one in environment.seen[1:])
    assert all(f"eq {id_}" in asked for id_ in ids)


async def test_nothing_is_asked_about_no_rows(environment) -> None:
    assert await environment.client().pointed_at(TABLE, "parentcustomerid", []) == {}
    assert environment.seen == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [(httpx.Response(200, content=b"<html>"), Stop), (httpx.Response(400, json={"error": {"code": "0x0"}}), Stop),
     (httpx.Response(403, json={"error": {"code": "0x80072560"}}), AskPerson)],
)  # fmt: skip
async def test_answers_that_make_no_sense_or_need_a_person_say_so(environment, answer, error) -> None:
    environment.script = [answer]
    with pytest.raises(error):
        await environment.client().who_am_i()
