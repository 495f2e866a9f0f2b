"""The API client is polite, patient up to a point, and sends its token nowhere else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web

from sandbox.corepractice.app import RunningServer, running
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from sandbox.faults import Fault
from shared.corepractice.client import ApiSource, checked_base
from shared.corepractice.source import Record
from shared.errors import AskPerson, Failure, Stop, TryAgain

TOKEN = "town-secret"
ReadAll = Callable[..., Awaitable[list[Record]]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def odd_server(answer: Answer) -> AsyncIterator[str]:
    """A source that answers every request with ``answer``."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def always(body: Any = None, **more: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, **more) if not isinstance(body, bytes) else web.Response(body=body, **more)

    return answer


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", every=2, retry_after="0.01"),
        Fault("drop", every=2),
        Fault("drop_after", every=3),
        Fault("error", every=2, status=500),
        Fault("error", at=(1, 2, 3), status=503, retry_after="0"),
    ],
    ids=lambda fault: fault.kind,
)
async def test_what_passes_is_borne_and_no_record_is_lost(
    server: RunningServer, api: ApiSource, read_all: ReadAll, fault: Fault
) -> None:
    server.faults.add([fault])
    found = await read_all(api, "patients", limit=60)
    assert [record["id"] for record in found] == server.practice.truth("patients").ids
    assert server.faults.counts()[0]["struck"] > 0


async def test_records_that_change_between_pages_are_neither_lost_nor_doubled(
    server: RunningServer, api: ApiSource
) -> None:
    ids: list[str] = []
    cursor = None
    while True:
        page = await api.page("patients", cursor=cursor, limit=50)
        ids += [record["id"] for record in page.records]
        server.practice.edit("patients", ids[0], {"mobile": "0400 000 000"})
        cursor = page.next_cursor
        if cursor is None:
            break
    assert ids == server.practice.truth("patients").ids


async def test_the_polite_limit_of_the_source_is_kept(http: httpx.AsyncClient, read_all: ReadAll) -> None:
    practice = Practice(Clinic(60))
    async with running(practice, token=TOKEN, rate_limit=20) as limited:
        found = await read_all(ApiSource(limited.url, TOKEN, http=http), "patients", limit=2)
    assert len(found) == len(practice.truth("patients").ids)


@pytest.mark.parametrize(
    ("fault", "code", "after"),
    [
        (Fault("throttle", retry_after=90), "source-unavailable", 90.0),
        (Fault("throttle", retry_after="inf"), "source-unavailable", None),
        (Fault("error", status=502), "source-unavailable", None),
        (Fault("error", status=503, retry_after=120), "source-unavailable", 120.0),
    ],
)
async def test_longer_waits_go_back_to_the_story(
    server: RunningServer, http: httpx.AsyncClient, fault: Fault, code: str, after: float | None
) -> None:
    server.faults.add([fault])
    with pytest.raises(TryAgain) as failure:
        await ApiSource(server.url, TOKEN, http=http, patience=0.3).describe()
    assert failure.value.code == code
    assert after is None or failure.value.after == after


async def test_a_source_that_never_answered_needs_a_person(http: httpx.AsyncClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(AskPerson) as failure:
            await ApiSource(f"http://127.0.0.1:{port}", TOKEN, http=http, patience=0.2).describe()
    assert failure.value.code == "source-unreachable"


async def test_a_source_that_fell_silent_is_tried_again_later(http: httpx.AsyncClient) -> None:
    async with running(Practice(Clinic(30)), token=TOKEN) as served:
        api = ApiSource(served.url, TOKEN, http=http, patience=0.2)
        await api.describe()
    with pytest.raises(TryAgain) as failure:
        await api.describe()
    assert failure.value.code == "source-unavailable"


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_need_a_person_at_once(http: httpx.AsyncClient, status: int) -> None:
    async with odd_server(always({"error": {"code": "unauthorized"}}, status=status)) as url:
        with pytest.raises(AskPerson) as failure:
            await ApiSource(url, "wrong", http=http).describe()
    assert failure.value.code == "source-credentials-refused"
    assert "wrong" not in failure.value.message


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "schlüssel"])
async def test_a_secret_that_is_no_token_is_never_sent(http: httpx.AsyncClient, token: str) -> None:
    with pytest.raises(AskPerson) as failure:
        ApiSource("https://api.example.com", token, http=http)
    assert failure.value.code == "source-credentials-refused"


DESCRIPTION = {"practice": {"name": "P", "timezone": "UTC"}, "objects": [{"name": "staff", "count": 1}]}


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        b"",
        [],
        {"objects": []},
        {"practice": {"name": "P"}, "objects": []},
        {**DESCRIPTION, "objects": [{"name": "../staff", "count": 1}]},
        {**DESCRIPTION, "objects": [{"name": "staff", "count": -1}]},
        {**DESCRIPTION, "objects": [{"name": "staff", "count": True}]},
        {**DESCRIPTION, "objects": DESCRIPTION["objects"] * 2},
        {**DESCRIPTION, "objects": ["staff"]},
    ],
)
async def test_a_description_that_is_none_is_refused(http: httpx.AsyncClient, body: Any) -> None:
    async with odd_server(always(body)) as url:
        with pytest.raises(Stop) as failure:
            await ApiSource(url, TOKEN, http=http).describe()
    assert failure.value.code == "source-answer-malformed"


@pytest.mark.parametrize(
    "body",
    [
        {"data": None, "next_cursor": None},
        {"data": {"id": "1"}, "next_cursor": None},
        {"data": [7], "next_cursor": None},
        {"data": [{"name": "Canary"}], "next_cursor": None},
        {"data": [{"id": 7}], "next_cursor": None},
        {"data": [{"id": ""}], "next_cursor": None},
        {"data": [{"id": "1", "address": {"street": "Canary"}}], "next_cursor": None},
        {"data": [{"id": "1", "custom_fields": "Canary"}], "next_cursor": None},
        {"data": [{"id": "1", "custom_fields": {"colours": ["Canary"]}}], "next_cursor": None},
        {"data": [], "next_cursor": 7},
        {"data": [], "next_cursor": "same"},
    ],
)
async def test_a_page_that_is_none_is_refused_without_its_content(http: httpx.AsyncClient, body: Any) -> None:
    async with odd_server(always(body)) as url:
        with pytest.raises(Stop) as failure:
            await ApiSource(url, TOKEN, http=http).page("staff", cursor="same")
    assert failure.value.code == "source-answer-malformed"
    assert "Canary" not in failure.value.message


async def test_an_answer_without_end_is_not_read_to_its_end(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.corepractice.client.LARGEST_ANSWER", 1000)
    async with odd_server(always(b" " * 100_000)) as url:
        with pytest.raises(Stop, match="1000 bytes"):
            await ApiSource(url, TOKEN, http=http).describe()


async def test_the_token_does_not_follow_a_redirect(http: httpx.AsyncClient) -> None:
    async with odd_server(always({}, status=302, headers={"Location": "https://elsewhere.example"})) as url:
        with pytest.raises(Stop) as failure:
            await ApiSource(url, TOKEN, http=http).describe()
    assert failure.value.code == "source-redirected"


async def test_a_refused_request_is_not_repeated(http: httpx.AsyncClient) -> None:
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({"error": {"code": "bad_request"}}, status=400)

    async with odd_server(answer) as url:
        with pytest.raises(Stop) as failure:
            await ApiSource(url, TOKEN, http=http).page("staff", cursor="odd")
    assert failure.value.code == "source-request-refused"
    assert asked == ["/v1/staff"]


async def test_ids_and_cursors_stay_within_their_place_in_the_address(http: httpx.AsyncClient) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        return web.json_response({"error": {}}, status=404)

    async with odd_server(answer) as url:
        found: Record | None = await ApiSource(url, TOKEN, http=http).record("staff", "../patients?x=1#y")
    assert found is None
    assert asked == ["/v1/staff/..%2Fpatients%3Fx%3D1%23y"]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "ftp://api.example.com",
        "https://user:secret@api.example.com",
        "https://@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "https://",
        "https://api.example.com:99999",
        "https://[::1",
        "api.example.com",
        "",
    ],
)
def test_an_address_that_a_token_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(Failure) as failure:
        checked_base(url)
    assert failure.value.code == "source-address-invalid"


@pytest.mark.parametrize(
    "url", ["https://api.example.com", "https://api.example.com:8443/cp/", "http://127.0.0.1:80", "http://localhost"]
)
def test_https_and_this_very_machine_are_fine(url: str) -> None:
    assert checked_base(url) == url.rstrip("/")
