"""The durable client and the management webhooks do to instances what the extension's do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

WEBHOOKS = "/runtime/webhooks/durabletask"


@contextlib.asynccontextmanager
async def patterns(hosting: Any, **options: Any) -> AsyncIterator[tuple[Any, httpx.AsyncClient]]:
    async with hosting("patterns", **options) as host, httpx.AsyncClient(base_url=host.url, timeout=20) as client:
        yield host, client


async def running(host: Any, instance_id: str) -> None:
    await host.engine.until(instance_id, lambda instance: instance.status == "Running")


async def test_a_start_answers_202_with_links_that_work(hosting, worker):
    async with patterns(hosting, worker=worker) as (host, client):
        started = await client.post("/api/orchestrators/fan_out", content="4")
        links = started.json()
        assert started.status_code == 202
        assert started.headers["Location"] == links["statusQueryGetUri"]
        await host.engine.finished(links["id"])
        status = (await client.get(links["statusQueryGetUri"])).json()
        assert (status["name"], status["runtimeStatus"], status["output"]) == ("fan_out", "Completed", 14)
        assert (await client.delete(links["purgeHistoryDeleteUri"])).json() == {"instancesDeleted": 1}
        assert (await client.get(links["statusQueryGetUri"])).status_code == 404


async def test_a_running_instance_answers_202_to_a_status_query(hosting):
    async with patterns(hosting) as (host, client):
        links = (await client.post("/api/orchestrators/approval")).json()
        await running(host, links["id"])
        status = await client.get(links["statusQueryGetUri"])
        assert (status.status_code, status.json()["runtimeStatus"]) == (202, "Running")
        sent = await client.post(links["sendEventPostUri"].replace("{eventName}", "approve"), json={"by": "Ada"})
        assert sent.status_code == 202
        assert json.loads((await host.engine.finished(links["id"])).output) == {"answer": {"by": "Ada"}}
        assert (await client.post(links["sendEventPostUri"].replace("{eventName}", "x"), json=1)).status_code == 410


async def test_webhooks_need_the_system_key(hosting):
    async with patterns(hosting) as (host, client):
        at = f"{WEBHOOKS}/instances/none"
        assert (await client.get(at)).status_code == 401
        assert (await client.get(at, params={"code": host.keys.function})).status_code == 401
        assert (await client.get(at, params={"code": host.keys.system})).status_code == 404
        assert (await client.get(at, params={"code": host.keys.master})).status_code == 404


async def test_a_webhook_start_can_wait_for_the_output(hosting):
    async with patterns(hosting) as (host, client):
        at = f"{WEBHOOKS}/orchestrators/chaining"
        done = await client.post(at, params={"code": host.keys.system, "timeout": "10", "pollingInterval": "1"})
        assert (done.status_code, len(done.json())) == (200, 3)
        late = await client.post(
            f"{WEBHOOKS}/orchestrators/approval",
            params={"code": host.keys.system, "timeout": "0.05", "pollingInterval": "1"},
        )
        assert late.status_code == 202


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("orchestrators/nobody", 400, "known orchestrator functions: 'chaining'"),
        ("orchestrators/chaining/@x", 400, "must not start with"),
        ("orchestrators/chaining/" + "x" * 101, 400, "longer than 100"),
        ("orchestrators/approval/taken", 409, "with the status Running already exists"),
    ],
)
async def test_a_start_that_cannot_be_is_refused(hosting, path, status, text):
    async with patterns(hosting) as (host, client):
        host.operations.start("approval", instance_id="taken")
        await running(host, "taken")
        answer = await client.post(f"{WEBHOOKS}/{path}", params={"code": host.keys.system})
        assert answer.status_code == status
        assert text in answer.json()["ExceptionMessage"]


async def test_a_finished_instance_is_replaced_by_a_start_with_its_id(hosting):
    async with patterns(hosting) as (host, _):
        for count, expected in (("3", 5), ("4", 14)):
            host.operations.start("fan_out", instance_id="same", input_json=json.dumps(count))
            assert json.loads((await host.engine.finished("same")).output) == expected


async def test_the_client_terminates_suspends_resumes_and_waits(hosting, worker):
    async with patterns(hosting, worker=worker) as (host, client):
        await client.post("/api/orchestrators/approval?id=one")
        await running(host, "one")
        await client.post("/api/instances/one/suspend")
        await host.engine.until("one", lambda instance: instance.status == "Suspended")
        await client.post("/api/instances/one/approve", json="held")
        await client.post("/api/instances/one/resume")
        waited = await client.post("/api/instances/one/wait")
        assert (waited.status_code, waited.json()) == (200, {"answer": '"held"'})
        await client.post("/api/orchestrators/approval?id=two")
        await running(host, "two")
        await client.post("/api/instances/two/terminate")
        instance = await host.engine.finished("two")
        assert (instance.status, json.loads(instance.output)) == ("Terminated", "because")


async def test_a_suspended_instance_takes_nothing_until_it_is_resumed(hosting):
    async with patterns(hosting) as (host, _):
        host.operations.start("approval", instance_id="held")
        await running(host, "held")
        host.operations.suspend("held", None)
        host.operations.raise_event("held", "approve", "1")
        await host.engine.until("held", lambda instance: instance.status == "Suspended")
        host.operations.start("chaining", instance_id="other")
        await host.engine.finished("other")
        assert host.operations.instance("held").status == "Suspended"
        host.operations.resume("held", None)
        assert json.loads((await host.engine.finished("held")).output) == {"answer": 1}


async def test_a_terminated_child_fails_its_parent(hosting):
    async with patterns(hosting) as (host, _):
        host.operations.start("waits_for_child", instance_id="p")
        await host.engine.until("p", lambda instance: instance.status == "Running")
        host.operations.terminate("the-child", "stop")
        instance = await host.engine.finished("p")
        assert (instance.status, "stop" in instance.output) == ("Failed", True)


async def test_status_shows_input_output_and_history(hosting):
    async with patterns(hosting) as (host, client):
        await client.post("/api/orchestrators/fan_out?id=h", content="2")
        await host.engine.finished("h")
        assert (await client.post("/api/instances/h/status")).json()["output"] == 1
        query = {"code": host.keys.system, "showHistory": "true", "showHistoryOutput": "true"}
        status = (await client.get(f"{WEBHOOKS}/instances/h", params=query)).json()
        kinds = [event["EventType"] for event in status["historyEvents"]]
        assert kinds == ["ExecutionStarted", *["TaskCompleted"] * 3, "ExecutionCompleted"]
        assert status["historyEvents"][1]["FunctionName"] == "numbers"
        assert status["historyEvents"][1]["Result"] == [0, 1]
        assert status["input"] == "2"


async def test_instances_are_listed_by_page_status_and_prefix(hosting):
    async with patterns(hosting) as (host, client):
        for number in range(5):
            host.operations.start("chaining", instance_id=f"list-{number}")
            await host.engine.finished(f"list-{number}")
        host.operations.start("approval", instance_id="list-open")
        await running(host, "list-open")
        listed = (await client.get("/api/statuses?prefix=list-")).json()
        assert listed == [f"list-{number}" for number in range(5)]
        seen, token = [], None
        while True:
            page = await client.get(
                f"{WEBHOOKS}/instances",
                params={"code": host.keys.system, "top": 4},
                headers={"x-ms-continuation-token": token} if token else {},
            )
            seen += [each["instanceId"] for each in page.json()]
            token = page.headers.get("x-ms-continuation-token")
            if not token:
                break
        assert seen == [*listed, "list-open"]


async def test_purging_by_time_takes_finished_instances_only(hosting):
    async with patterns(hosting) as (host, client):
        host.operations.start("chaining", instance_id="done")
        host.operations.start("approval", instance_id="open")
        await host.engine.finished("done")
        await running(host, "open")
        query = {"code": host.keys.system, "createdTimeFrom": "2020-01-01T00:00:00Z"}
        assert (await client.delete(f"{WEBHOOKS}/instances", params={"code": host.keys.system})).status_code == 400
        assert (await client.delete(f"{WEBHOOKS}/instances", params=query)).json() == {"instancesDeleted": 1}
        assert (await client.delete(f"{WEBHOOKS}/instances", params=query)).status_code == 404
        refused = await client.delete(f"{WEBHOOKS}/instances/open", params={"code": host.keys.system})
        assert refused.status_code == 412


async def test_a_failed_instance_can_be_rewound_through_its_child(hosting, worker):
    async with patterns(hosting, worker=worker) as (host, client):
        instance_id = f"rewound-{worker}"
        host.operations.start("fails_once", instance_id=instance_id)
        assert (await host.engine.finished(instance_id)).status == "Failed"
        await client.post(f"/api/instances/{instance_id}/rewind")
        instance = await host.engine.finished(instance_id)
        assert (instance.status, json.loads(instance.output)) == ("Completed", ["Hello first!", 2])


async def test_a_restart_runs_the_same_input_again(hosting):
    async with patterns(hosting) as (host, client):
        await client.post("/api/orchestrators/fan_out?id=r", content="3")
        await host.engine.finished("r")
        again = (await client.post("/api/instances/r/restart")).json()["id"]
        assert again != "r"
        assert json.loads((await host.engine.finished(again)).output) == 5


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind", "restart", "raiseEvent/x"])
async def test_an_operation_on_nothing_is_a_404(hosting, operation):
    async with patterns(hosting) as (host, client):
        at = f"{WEBHOOKS}/instances/nobody/{operation}"
        assert (await client.post(at, params={"code": host.keys.system}, json={})).status_code == 404


async def test_an_event_that_is_not_json_is_refused(hosting):
    async with patterns(hosting) as (host, client):
        host.operations.start("approval", instance_id="e")
        at, query = f"{WEBHOOKS}/instances/e/raiseEvent/approve", {"code": host.keys.system}
        assert (await client.post(at, params=query, content="x")).status_code == 400
        wrong = await client.post(at, params=query, content="{", headers={"Content-Type": "application/json"})
        assert wrong.status_code == 400
