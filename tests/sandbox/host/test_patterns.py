"""The documented application patterns give the documented results, with the real worker library and the own invoker."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest


async def result_of(host: Any, name: str, given: Any = None, instance_id: str | None = None) -> Any:
    """Start as the Python client does (JSON inside JSON) and wait for the output."""
    held = None if given is None else json.dumps(json.dumps(given))
    instance = await host.engine.finished(host.operations.start(name, instance_id=instance_id, input_json=held))
    assert instance.status == "Completed", instance.output
    return json.loads(instance.output or "null")


async def settled(host: Any, instance_id: str, status: str) -> None:
    await host.engine.until(instance_id, lambda instance: instance.status == status)


async def timers(host: Any, instance_id: str, count: int) -> None:
    """Wait until so many durable timers have been created."""

    def created(_instance: Any) -> bool:
        return sum('"EventType":10,' in text for text in host.operations.history(instance_id)) >= count

    await host.engine.until(instance_id, created)


async def test_chained_activities_run_in_order_and_a_status_is_shown(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        assert await result_of(host, "chaining", instance_id="c") == ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]
        assert json.loads(host.operations.instance("c").custom_status) == {"greeted": 3}


async def test_a_fan_out_gathers_every_result(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        assert await result_of(host, "fan_out", 200) == sum(number * number for number in range(200))


async def test_a_fan_out_is_right_when_an_episode_takes_few_messages(hosting):
    async with hosting("patterns", batch=3) as host:
        assert await result_of(host, "fan_out", 50) == sum(number * number for number in range(50))


async def test_sub_orchestrations_know_their_parent_and_may_have_ids(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        words = await result_of(host, "parent", instance_id="p")
        assert words == ["Hello one! of p", "Hello two! of p", "Hello three! of p"]
        assert host.operations.instance("child-one").status == "Completed"


async def test_an_approval_in_time_cancels_the_deadline(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        instance_id = host.operations.start("approval")
        await settled(host, instance_id, "Running")
        host.operations.raise_event(instance_id, "approve", '"yes"')
        instance = await host.engine.finished(instance_id)
        assert json.loads(instance.output) == {"answer": "yes"}


async def test_an_approval_that_never_comes_escalates_after_three_days_of_the_clock(hosting):
    async with hosting("patterns") as host:
        instance_id = host.operations.start("approval")
        await settled(host, instance_id, "Running")
        host.clock.advance(72 * 3600 - 60)
        assert host.operations.instance(instance_id).status == "Running"
        host.clock.advance(120)
        assert json.loads((await host.engine.finished(instance_id)).output) == "escalated"


async def test_a_monitor_follows_the_clock_as_it_jumps(hosting):
    async with hosting("patterns") as host:
        instance_id = host.operations.start("monitor")
        for hour in range(1, 5):
            await timers(host, instance_id, hour)
            host.clock.advance(3600)
        instance = await host.engine.finished(instance_id)
        assert json.loads(instance.output) == {"polls": 5, "seconds": 18000}


async def test_continue_as_new_starts_over_with_a_new_input_and_a_short_history(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        assert await result_of(host, "eternal", {"left": 6, "total": 0}, "e") == 91
        assert len(host.operations.history("e")) == 4


async def test_retries_wait_their_interval_and_the_work_after_them_gets_its_own_result(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        instance_id = host.operations.start("retried", instance_id=f"r-{worker}", input_json='"3"')
        for attempt in (1, 2):
            await timers(host, instance_id, attempt)
            host.clock.advance(61)
        instance = await host.engine.finished(instance_id)
        assert json.loads(instance.output) == [3, "Hello afterwards!"]


async def test_an_exhausted_retry_fails_with_one_timer_more(hosting):
    async with hosting("patterns") as host:
        instance_id = host.operations.start("retried", instance_id="exhausted", input_json='"9"')
        for attempt in (1, 2):
            await timers(host, instance_id, attempt)
            host.clock.advance(61)
        instance = await host.engine.finished(instance_id)
        assert instance.status == "Failed"
        assert "attempt 3 went wrong" in instance.output
        await timers(host, instance_id, 3)


async def test_a_failed_activity_reaches_the_orchestrator_as_text(hosting, worker):
    async with hosting("patterns", worker=worker) as host:
        text = await result_of(host, "caught", instance_id=f"caught-{worker}")
        assert text.startswith("caught: Activity function 'flaky' failed:  ValueError: attempt 1 went wrong \n ")
        assert "System.Exception" in text


async def test_a_counter_entity_counts_answers_and_reports_errors(hosting, worker):
    async with hosting("patterns", worker=worker) as host, httpx.AsyncClient(base_url=host.url) as client:
        assert await result_of(host, "counting", "a") == [7, "no such luck"]
        assert (await client.get("/api/counters/a")).json() == {"exists": True, "state": 7}
        assert (await client.get("/api/counters/none")).json() == {"exists": False, "state": None}
        await client.post("/api/counters/a", json=5)
        assert await result_of(host, "counting", "a") == [19, "no such luck"]


async def test_a_durable_http_call_answers_status_and_content(hosting):
    async with hosting("patterns") as host:
        assert await result_of(host, "fetching", f"{host.url}/api/teapot") == [418, "short and stout"]


async def test_an_app_of_blueprints_with_generators_registered_in_a_loop_runs(hosting, worker):
    async with hosting("blueprint", worker=worker) as host:
        async with httpx.AsyncClient(base_url=host.url, headers={"x-functions-key": host.keys.function}) as client:
            assert (await client.get("/api/hello?name=Ada")).text == "Hello, Ada"
            started = await client.post("/api/greetings/brief", json="Ada")
        instance = await host.engine.finished(started.text)
        assert json.loads(instance.output) == "Hi, Ada"


@pytest.mark.parametrize("reason", ["suspended", "killed"])
async def test_work_that_is_not_finished_goes_on_with_the_next_host(hosting, reason):
    async with hosting("patterns") as host:
        instance_id = host.operations.start("approval", instance_id="over-night")
        await settled(host, instance_id, "Running")
        if reason == "suspended":
            host.operations.suspend(instance_id, "for the night")
            await settled(host, instance_id, "Suspended")
    async with hosting("patterns") as host:
        host.operations.raise_event(instance_id, "approve", "1")
        if reason == "suspended":
            host.operations.resume(instance_id, "good morning")
        assert json.loads((await host.engine.finished(instance_id)).output) == {"answer": 1}
