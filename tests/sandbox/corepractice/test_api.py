"""The API does over HTTP what the contract says, refusals included."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from sandbox.corepractice.app import RunningServer, running
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.corepractice.rate import Bucket
from sandbox.corepractice.shapes import OBJECTS
from sandbox.faults import Fault

Call = Any


async def test_the_root_counts_what_lists_can_return(call: Call, practice: Practice) -> None:
    about = (await call.get("/v1")).json()
    assert about["practice"] == {"name": "Harbour Lane Dental", "timezone": "Australia/Sydney"}
    assert [entry["name"] for entry in about["objects"]] == list(OBJECTS)
    for entry in about["objects"]:
        listed = await call.all(entry["name"])
        everything = await call.all(entry["name"], include_archived="true")
        assert (entry["count"], entry["archived"]) == (len(listed), len(everything) - len(listed))
        assert everything == list(practice.all(entry["name"]))


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer wrong", "Basic dG93bg==", "Bearer tøken"])
@pytest.mark.parametrize("path", ["/v1", "/v1/patients", "/v1/patients/p-000000001", "/v1/files/file-000000001"])
async def test_without_the_token_nothing_is_told(server: RunningServer, token: str | None, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        headers = {} if token is None else {"Authorization": token.encode()}
        answer = await http.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


async def test_pages_hold_as_many_records_as_asked_for(call: Call) -> None:
    assert {len(page) for page in (await call.pages("appointments"))[:-1]} == {200}
    assert {len(page) for page in (await call.pages("appointments", limit=100))[:-1]} == {100}
    pages = await call.pages("staff", limit=25)
    assert [len(page) for page in pages] == [25], "a full last page says so itself"


async def test_lists_are_ordered_by_id_and_by_update_when_asked_for_changes(call: Call) -> None:
    ids = [record["id"] for record in await call.all("patients")]
    assert ids == sorted(ids)
    changed = await call.all("patients", updated_since="2023-07-01T00:00:00+10:00")
    assert [r["id"] for r in sorted(changed, key=lambda r: r["id"])] == ids
    pages = await call.pages("patients", updated_since="2024-12-31T13:00:00Z", limit=7)
    expected = [r for r in changed if r["updated_at"] >= "2025-01-01"]
    assert [record for page in pages for record in page] == expected


async def test_updated_since_includes_its_own_moment(call: Call) -> None:
    record = (await call.all("appointments"))[300]
    changed = await call.all("appointments", updated_since=record["updated_at"])
    assert record in changed
    assert all(r["updated_at"] >= record["updated_at"][:10] for r in changed)


async def test_archived_patients_come_only_when_asked_for(call: Call, practice: Practice) -> None:
    truth = practice.truth("patients")
    assert truth.archived_ids
    assert not {r["id"] for r in await call.all("patients")} & set(truth.archived_ids)
    everything = await call.all("patients", include_archived="true")
    assert {r["id"] for r in everything if r["status"] == "archived"} == set(truth.archived_ids)
    since = await call.all("patients", include_archived="true", updated_since="2020-01-01T00:00:00Z")
    assert {r["id"] for r in since} == set(truth.ids)


async def test_hidden_patients_are_in_no_list_but_answer_to_their_id(call: Call, practice: Practice) -> None:
    truth = practice.truth("patients")
    listed = {r["id"] for r in await call.all("patients", include_archived="true")}
    assert truth.hidden_ids
    for hidden in truth.hidden_ids:
        assert hidden not in listed
        assert (await call.get(f"/v1/patients/{hidden}")).json()["id"] == hidden
    for gone in truth.gone_ids:
        assert (await call.get(f"/v1/patients/{gone}")).status_code == 404


@pytest.mark.parametrize("name", OBJECTS)
async def test_a_record_by_id_is_the_record_in_the_list(call: Call, name: str) -> None:
    record = (await call.all(name))[-1]
    assert (await call.get(f"/v1/{name}/{record['id']}")).json() == record


@pytest.mark.parametrize(
    "path",
    [
        "/v1/unicorns",
        "/v1/unicorns/u-1",
        "/v1/patients/p-999999999",
        "/v1/patients/s-000000001",
        "/v1/patients/p-1",
        "/v1/patients/p-٠٠٠٠٠٠٠٠١",
        "/v1/files/file-000099999",
        "/v1/files/x",
        "/v2",
        "/",
    ],
)
async def test_what_does_not_exist_is_404_in_json(call: Call, path: str) -> None:
    answer = await call.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"limit": "0"}, "limit must be"),
        ({"limit": "501"}, "limit must be"),
        ({"limit": "many"}, "limit must be"),
        ({"limit": "-1"}, "limit must be"),
        ({"cursor": "nonsense"}, "cursor is not one of ours"),
        ({"cursor": "é"}, "cursor is not one of ours"),
        ({"cursor": ""}, "cursor is not one of ours"),
        ({"cursor": "WzFd"}, "cursor is not one of ours"),
        ({"updated_since": "yesterday"}, "updated_since must be"),
        ({"updated_since": "2024-01-01"}, "updated_since must be"),
        ({"updated_since": "2024-01-01T00:00:00 10:00"}, "%2B"),
        ({"include_archived": "yes"}, "include_archived must be"),
        ({"page": "2"}, "unknown parameter: page"),
    ],
)
async def test_a_doubtful_list_request_is_400_with_the_reason(
    call: Call, parameters: dict[str, str], complaint: str
) -> None:
    answer = await call.get("/v1/patients", **parameters)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"
    assert complaint in answer.json()["error"]["message"]


async def test_a_cursor_remembers_its_list_and_is_refused_by_another(call: Call) -> None:
    first = (await call.get("/v1/patients", limit=5, include_archived="true")).json()
    cursor = first["next_cursor"]
    bare = await call.get("/v1/patients", limit=300, cursor=cursor)
    full = await call.get("/v1/patients", limit=300, cursor=cursor, include_archived="true")
    assert bare.json() == full.json()
    assert (await call.get("/v1/staff", cursor=cursor)).status_code == 400
    assert (await call.get("/v1/patients", cursor=cursor, include_archived="false")).status_code == 400
    contradiction = await call.get("/v1/patients", cursor=cursor, updated_since="2024-01-01T00:00:00Z")
    assert contradiction.status_code == 400


async def test_a_parameter_given_twice_is_not_guessed_at(call: Call) -> None:
    assert (await call.http.get("/v1/patients?limit=5&limit=6")).status_code == 400


async def test_only_reading_is_offered(call: Call) -> None:
    answer = await call.http.post("/v1/patients", json={})
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_files_come_with_type_name_and_tag(call: Call) -> None:
    for record in (await call.all("attachments"))[:4]:
        answer = await call.get(f"/v1/files/{record['file_id']}")
        assert hashlib.sha256(answer.content).hexdigest() == record["sha256"]
        assert answer.headers["Content-Type"] == record["content_type"]
        assert answer.headers["ETag"] == f'"{record["sha256"]}"'
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        again = await call.http.get(f"/v1/files/{record['file_id']}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=300-9999", 206, slice(300, None)),
        ("bytes=9999-", 416, None),
        ("bytes=a-b", 400, None),
        ("bytes=0-1,4-5", 501, None),
    ],
)
async def test_a_range_of_a_file(call: Call, wanted: str, status: int, part: slice | None) -> None:
    whole = (await call.get("/v1/files/file-000000000")).content
    answer = await call.http.get("/v1/files/file-000000000", headers={"Range": wanted})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == whole[part]
        assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")


async def test_a_range_of_another_version_is_the_whole_file(call: Call) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"old"'}
    assert (await call.http.get("/v1/files/file-000000000", headers=headers)).status_code == 200


async def test_the_polite_limit_says_when_to_come_again() -> None:
    authorization = {"Authorization": "Bearer t"}
    async with (
        running(Practice(Clinic(50)), token="t", rate_limit=2) as server,
        httpx.AsyncClient(base_url=server.url, headers=authorization) as http,
    ):
        answers = [await http.get("/v1/locations") for _ in range(6)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert answers[0].status_code == answers[1].status_code == 200
        assert refused
        assert refused[0].json()["error"]["code"] == "rate_limited"
        assert int(refused[0].headers["Retry-After"]) >= 1
        assert (await http.get("/sandbox/faults")).status_code == 200, "the town's own paths have no limit"


def test_the_bucket_refills_with_time() -> None:
    now = 0.0
    bucket = Bucket(2, clock=lambda: now)
    assert [bucket.wait() for _ in range(3)] == [None, None, 1]
    now = 0.5
    assert [bucket.wait() for _ in range(2)] == [None, 1]
    now = 100
    assert [bucket.wait() for _ in range(3)] == [None, None, 1]


async def test_faults_strike_the_api_and_leave_it_whole(call: Call, server: RunningServer) -> None:
    server.faults.add(
        [
            Fault("throttle", match=r"^GET /v1/patients$", at=(1,), retry_after=0),
            Fault("error", match=r"^GET /v1/patients$", at=(2,)),
            Fault("expire", match=r"^GET /v1/patients$", at=(3,)),
            Fault("drop_after", match=r"^GET /v1/patients$", at=(4,)),
        ]
    )
    assert [(await call.get("/v1/patients")).status_code for _ in range(3)] == [429, 503, 401]
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await call.get("/v1/patients")
    assert (await call.get("/v1/patients")).status_code == 200
