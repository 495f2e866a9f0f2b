"""HTTP triggers: routes, keys, answers, time limits; settings; timers; the identity an app finds."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.host.functions import AppRefused
from sandbox.host.jumps import OFFSET
from sandbox.host.settings import SettingsRefused
from sandbox.host.store.database import Database
from sandbox.identity import endpoint, keyfile, tokens

SETTINGS = {"HUB": "FrontHub", "SCHEDULE": "0 0 0 1 1 *"}


@contextlib.asynccontextmanager
async def front(hosting: Any, **options: Any) -> AsyncIterator[tuple[Any, httpx.AsyncClient]]:
    options["env"] = {**SETTINGS, **options.get("env", {})}
    async with hosting("front", **options) as host, httpx.AsyncClient(base_url=host.url, timeout=20) as client:
        yield host, client


@pytest.mark.parametrize(
    ("path", "opened_by"),
    [
        ("open", {"nothing", "function", "master", "system", "wrong"}),
        ("keyed", {"function", "master"}),
        ("admins", {"master"}),
    ],
)
async def test_an_auth_level_opens_to_its_keys_only(hosting, path, opened_by):
    async with front(hosting) as (host, client):
        keys = {
            "nothing": None,
            "wrong": "wrong",
            "function": host.keys.function,
            "master": host.keys.master,
            "system": host.keys.system,
        }
        for name, key in keys.items():
            by_header = await client.get(f"/v1/{path}", headers={"x-functions-key": key} if key else {})
            by_query = await client.get(f"/v1/{path}", params={"code": key} if key else {})
            expected = 200 if name in opened_by else 401
            assert (by_header.status_code, by_query.status_code) == (expected, expected), name


async def test_keys_survive_a_restart_and_can_be_given(hosting):
    async with front(hosting) as (host, _):
        keys = host.keys
    async with front(hosting) as (host, _):
        assert host.keys == keys
    async with front(hosting, function_key="mine") as (_, client):
        assert (await client.get("/v1/keyed?code=mine")).status_code == 200


async def test_a_function_sees_the_whole_request_and_its_answer_arrives_whole(hosting, worker):
    async with front(hosting, worker=worker) as (_, client):
        answer = await client.put("/v1/things/7/caf%C3%A9?a=1&a=2&b=x%20y", content="péché", headers={"X-Test": "yes"})
        assert answer.status_code == 201
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert set(answer.headers["set-cookie"].split("; ")) == {"a=b", "Path=/", "HttpOnly"}
        assert answer.json() == {
            "route": {"id": "7", "part": "café"},
            "query": {"a": "1,2", "b": "x y"},
            "body": "péché",
            "method": "PUT",
            "header": "yes",
            "path": "v1/things/7/caf%C3%A9",
        }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "things/7", 201),
        ("PUT", "THINGS/7/", 201),
        ("PUT", "things/x", 404),
        ("GET", "things/7", 404),
        ("PUT", "things/special", 200),
        ("GET", "nothing", 404),
        ("GET", "breaks", 500),
        ("GET", "../api/open", 404),
    ],
)
async def test_routes_match_by_template_constraint_and_method(hosting, method, path, status):
    async with front(hosting) as (_, client):
        assert (await client.request(method, f"/v1/{path}")).status_code == status


async def test_a_function_slower_than_its_time_limit_fails(hosting, worker, caplog):
    async with front(hosting, worker=worker) as (_, client):
        assert (await client.get("/v1/slow?seconds=60")).status_code == 500
        assert "Timeout value of 00:00:01 exceeded by function 'Functions.slow'" in caplog.text


async def test_an_answer_slower_than_the_load_balancer_is_a_504(hosting):
    async with front(hosting, http_seconds=0.05) as (_, client):
        assert (await client.get("/v1/slow?seconds=0.5")).status_code == 504


async def test_a_failure_is_logged_by_name_and_text_without_the_request(hosting, caplog):
    async with front(hosting) as (_, client):
        await client.get("/v1/breaks?patient=Ada")
        assert "Function 'breaks' failed: RuntimeError: broken on purpose" in caplog.text
        assert "Ada" not in "".join(record.getMessage() for record in caplog.records if "sandbox" in record.name)


async def test_a_body_over_the_limit_is_refused_unread(hosting):
    async with front(hosting) as (host, _):
        reader, writer = await asyncio.open_connection(*host.url.removeprefix("http://").split(":"))
        length = 100 * 1024 * 1024 + 1
        writer.write(f"PUT /v1/things/7 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 413 " in await reader.readline()
        writer.close()


async def test_settings_come_from_the_file_and_the_environment_wins(hosting, apps, tmp_path):
    app = tmp_path / "app"
    shutil.copytree(apps / "front", app)
    (app / "local.settings.json.example").rename(app / "local.settings.json")
    names = "COLOUR,HUB,SCHEDULE,WEBSITE_HOSTNAME"
    async with hosting(app, env={**SETTINGS, "HUB": "Other"}) as host, httpx.AsyncClient() as client:
        seen = (await client.get(f"{host.url}/v1/environment?names={names}")).json()
    assert seen == {
        "COLOUR": "blue",
        "HUB": "Other",
        "SCHEDULE": "0 0 0 1 1 *",
        "WEBSITE_HOSTNAME": host.url.removeprefix("http://"),
    }


async def test_a_missing_setting_is_named(hosting):
    with pytest.raises(SettingsRefused, match="'%HUB%' does not resolve"):
        async with hosting("front"):
            pass
    with pytest.raises(AppRefused, match="field"):
        async with front(hosting, env={"SCHEDULE": "every day"}):
            pass


@pytest.fixture
def ticks(eventually: Any) -> Any:
    """`await ticks(client, count)`: the timer runs that the app has seen, once there are so many."""

    async def seen(client: httpx.AsyncClient, count: int) -> Any:
        async def enough() -> Any:
            runs = (await client.get("/v1/ticks")).json()
            return runs if len(runs) >= count else None

        return await eventually(enough)

    return seen


async def test_a_timer_runs_at_startup_on_schedule_and_on_request(hosting, worker, ticks):
    async with front(hosting, worker=worker) as (host, client):
        assert await ticks(client, 1) == [{"name": "at_start", "past_due": False}]
        host.clock.advance(6 * 3600)
        assert (await ticks(client, 2))[1]["name"] == "six_hourly"
        url = "/admin/functions/six_hourly"
        assert (await client.post(url, json={"input": ""})).status_code == 401
        fired = await client.post(url, json={"input": ""}, headers={"x-functions-key": host.keys.master})
        assert fired.status_code == 202
        assert (await ticks(client, 3))[2] == {"name": "six_hourly", "past_due": False}


async def test_a_disabled_timer_runs_only_on_request(hosting, ticks):
    async with front(hosting, env={"AzureWebJobs.six_hourly.Disabled": "true"}) as (host, client):
        await ticks(client, 1)
        host.clock.advance(6 * 3600)
        await asyncio.sleep(0.3)  # the schedule would have fired at once
        assert [one["name"] for one in await ticks(client, 1)] == ["at_start"]
        key = {"x-functions-key": host.keys.master}
        assert (await client.post("/admin/functions/six_hourly", json={"input": ""}, headers=key)).status_code == 202
        names = [one["name"] for one in await ticks(client, 2)]
        assert names == ["at_start", "six_hourly"]


async def test_runs_missed_while_the_host_was_down_become_one_past_due_run(hosting, tmp_path, ticks):
    async with front(hosting) as (_, client):
        await ticks(client, 1)
    database = Database(tmp_path / "hub.db")
    database.keep_setting(OFFSET, str(25 * 3600))  # the night passes
    database.close()
    async with front(hosting) as (_, client):
        seen = await ticks(client, 2)
        assert {"name": "six_hourly", "past_due": True} in seen
        assert {"name": "at_start", "past_due": False} in seen


async def test_the_clock_moves_only_when_asked_for_and_stays_moved(hosting):
    async with front(hosting) as (_, client):
        assert (await client.post("/sandbox/clock", json={"advance_seconds": 1})).status_code == 404
    async with front(hosting, clock_control=True) as (_, client):
        for body in ({"advance_seconds": -1}, {"advance_seconds": "x"}, {}, [], {"advance_seconds": float("1e12")}):
            assert (await client.post("/sandbox/clock", json=body)).status_code == 400
        moved = (await client.post("/sandbox/clock", json={"advance_seconds": 48 * 3600})).json()
        assert moved["offset_seconds"] == 48 * 3600
    async with front(hosting, clock_control=True) as (_, client):
        assert (await client.get("/sandbox/clock")).json()["offset_seconds"] == 48 * 3600


async def test_msal_gets_a_token_from_the_managed_identity_endpoint(hosting, tmp_path, worker):
    async with front(hosting, identity_key=tmp_path / "key", worker=worker) as (_, client):
        key = keyfile.read_or_create(tmp_path / "key")
        for query, client_id in (("", endpoint.SYSTEM_ASSIGNED), ("&client_id=abc", "abc")):
            answer = (await client.get(f"/v1/token?resource=https://org.example/{query}")).json()
            claims = tokens.verify(answer["access_token"], key=key, now=time.time())
            assert claims is not None
            assert (claims.aud, claims.appid) == ("https://org.example", client_id)


async def test_loaded_functions_are_listed_for_the_master_key(hosting):
    async with front(hosting) as (host, client):
        assert (await client.get("/admin/host/ping")).status_code == 200
        assert (await client.get("/admin/functions")).status_code == 401
        listed = await client.get("/admin/functions", headers={"x-functions-key": host.keys.master})
        assert {"anyone", "six_hourly"} <= {function["name"] for function in listed.json()}
