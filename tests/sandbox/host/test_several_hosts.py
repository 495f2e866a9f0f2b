"""Several hosts on one state file share the work, and when one of them is gone the others have it all."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.host.process import HostProcess
from tests.freezing import alive, freeze, thaw

LEASE_SECONDS = 1.5
LANES, STEPS = 6, 12
SUM = sum(lane * 100 + step for lane in range(LANES) for step in range(STEPS))

Several = Callable[[int], contextlib.AbstractAsyncContextManager[list[HostProcess]]]


@pytest.fixture
def several(apps: Path, tmp_path: Path) -> Several:
    """`several(n)`: so many hosts on one state file."""

    @contextlib.asynccontextmanager
    async def start(count: int) -> AsyncIterator[list[HostProcess]]:
        arguments = ["--master-key", "master", "--clock-control", "--lease", str(LEASE_SECONDS)]
        hosts = [
            HostProcess(
                apps / "shared_work",
                state=tmp_path / "hub.db",
                log=tmp_path / f"log-{number}",
                env={"MARKS": f"{tmp_path}/marks"},
                arguments=arguments,
            )
            for number in range(count)
        ]
        try:
            await asyncio.gather(*(host.start() for host in hosts))
            yield hosts
        finally:
            await asyncio.gather(*(host.kill() for host in hosts))

    return start


async def call(host: HostProcess, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=host.url, params={"code": "master"}, timeout=30) as client:
        return await client.request(method, f"/runtime/webhooks/durabletask/{path}", **more)


@pytest.fixture
def output(eventually: Any) -> Any:
    """`await output(host, instance_id)`: what an instance ended with, asked at that host."""

    async def wait(host: HostProcess, instance_id: str) -> Any:
        async def ended() -> Any:
            answer = await call(host, "GET", f"instances/{instance_id}")
            return answer if answer.status_code == 200 else None

        answer = await eventually(ended)
        assert answer.json()["runtimeStatus"] == "Completed", answer.text
        return answer.json()["output"]

    return wait


@pytest.fixture
def marks(tmp_path: Path) -> Callable[[], dict[str, list[int]]]:
    """What was done, and by which processes."""

    def read() -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        path = tmp_path / "marks"
        for line in path.read_text().splitlines() if path.exists() else []:
            what, process = line.split()
            found[what].append(int(process))
        return found

    return read


def done(found: dict[str, list[int]]) -> dict[int, list[int]]:
    return {int(what): processes for what, processes in found.items() if what.isdigit()}


@pytest.mark.parametrize("count", [2, 4])
async def test_a_fan_out_is_shared_and_each_piece_is_done_once(several, marks, output, count):
    async with several(count) as hosts:
        await call(hosts[0], "POST", "orchestrators/fan_out/run", content='"200"')
        assert await output(hosts[-1], "run") == sum(range(200))
        found = done(marks())
        assert set(found) == set(range(200))
        assert all(len(processes) == 1 for processes in found.values())
        workers = {processes[0] for processes in found.values()}
        assert workers == {host.process_id for host in hosts}


async def test_lanes_that_continue_as_new_are_run_by_all_and_counted_once(several, marks, output):
    async with several(2) as hosts:
        await call(hosts[1], "POST", "orchestrators/lanes/run", content=f'"{LANES}"')
        assert await output(hosts[0], "run") == SUM
        found = done(marks())
        assert len(found) == LANES * STEPS
        assert all(len(processes) == 1 for processes in found.values())
        assert {processes[0] for processes in found.values()} == {host.process_id for host in hosts}


async def test_what_a_killed_host_had_is_taken_over_and_nothing_is_lost(several, marks, output, eventually):
    async with several(2) as hosts:
        survivor, victim = hosts
        await call(victim, "POST", "orchestrators/lanes/run", content=f'"{LANES}"')

        async def victim_works() -> bool:
            return sum(victim.process_id in processes for processes in done(marks()).values()) >= 5

        await eventually(victim_works)
        await victim.kill()
        assert await output(survivor, "run") == SUM
        found = done(marks())
        assert len(found) == LANES * STEPS
        # A piece may be done twice only if the dead host had done it and could not say so.
        assert sum(len(processes) - 1 for processes in found.values()) <= LANES


async def test_a_host_that_comes_back_to_its_address_need_not_wait_for_its_own_lease(several, tmp_path, output):
    async with several(2) as hosts:
        port = int(hosts[1].url.rsplit(":", 1)[1])
        await hosts[1].kill()
        await hosts[1].start(port=port)
        assert len(alive(tmp_path / "hub.db")) == 2
        await call(hosts[1], "POST", "orchestrators/fan_out/run", content='"20"')
        assert await output(hosts[1], "run") == sum(range(20))


async def test_a_host_frozen_past_its_lease_loses_its_work_and_its_late_results_are_refused(
    several, marks, output, eventually, tmp_path
):
    async with several(2) as hosts:
        for number in range(4):
            await call(hosts[0], "POST", f"orchestrators/slowly/run-{number}", content='"4"')
        frozen, other = hosts

        async def in_the_middle() -> bool:
            return any(frozen.process_id in processes for what, processes in marks().items() if what == "begun-1")

        await eventually(in_the_middle)
        freeze(frozen.process_id, tmp_path / "hub.db")

        async def taken_over() -> bool:
            return len(alive(tmp_path / "hub.db")) == 1

        await eventually(taken_over)
        thaw(frozen.process_id)
        for number in range(4):
            assert await output(frozen, f"run-{number}") == sum(range(4))
            history = (await call(other, "GET", f"instances/run-{number}", params={"showHistory": "true"})).json()
            completed = [one for one in history["historyEvents"] if one["EventType"] == "TaskCompleted"]
            assert len(completed) == 4, "each step has one result in the history, whoever else brought one"

        async def back() -> bool:
            return len(alive(tmp_path / "hub.db")) == 2

        await eventually(back)
        # It works on afterwards, under a new name.
        await call(other, "POST", "orchestrators/fan_out/after", content='"60"')
        assert await output(other, "after") == sum(range(60))
        assert frozen.process_id in {processes[-1] for processes in done(marks()).values()}
        assert "did not renew its lease in time" in (tmp_path / "log-0").read_text()


async def test_events_reach_an_instance_wherever_they_are_raised(several, output):
    async with several(2) as hosts:
        for number in range(4):  # both hosts keep some of them
            await call(hosts[0], "POST", f"orchestrators/heard/run-{number}", content='"4"')
            for word in range(4):
                history = [word]
                await _waits(hosts[0], f"run-{number}", word)
                path = f"instances/run-{number}/raiseEvent/word"
                assert (await call(hosts[word % 2], "POST", path, json=history)).status_code == 202
        for number in range(4):
            assert await output(hosts[1], f"run-{number}") == [[word] for word in range(4)]


async def _waits(host: HostProcess, instance_id: str, heard: int) -> None:
    """Until the instance has taken so many events: two of one name before the wait are a hazard of the protocol."""
    async with asyncio.timeout(30):
        while True:
            answer = (await call(host, "GET", f"instances/{instance_id}", params={"showHistory": "true"})).json()
            raised = [one for one in answer["historyEvents"] if one["EventType"] == "EventRaised"]
            if answer["runtimeStatus"] == "Running" and len(raised) == heard:
                return
            await asyncio.sleep(0.01)


async def test_an_entity_counts_every_call_of_instances_on_all_hosts_once(several, output):
    async with several(2) as hosts:
        for number in range(6):
            await call(hosts[number % 2], "POST", f"orchestrators/counted/run-{number}", content='"5"')
        totals = [total for number in range(6) for total in await output(hosts[0], f"run-{number}")]
        assert sorted(totals) == list(range(1, 31))


async def jump(host: HostProcess, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=host.url) as client:
        assert (await client.post("/sandbox/clock", json={"advance_seconds": seconds})).status_code == 200


async def test_a_schedule_fires_once_among_all_and_goes_on_without_its_host(several, marks, eventually, tmp_path):
    async with several(3) as hosts:
        await jump(hosts[2], 6 * 3600)

        async def ticked(times: int) -> bool:
            return len(marks()["tick"]) >= times

        await eventually(lambda: ticked(1))
        first = marks()["tick"][0]
        keeper = next(host for host in hosts if host.process_id == first)
        others = [host for host in hosts if host is not keeper]
        await keeper.kill()
        await jump(others[0], 6 * 3600)
        await eventually(lambda: ticked(2))
        await asyncio.sleep(0.3)  # time for another to do the same
        assert len(marks()["tick"]) == 2
        assert marks()["tick"][1] in {host.process_id for host in others}


async def test_a_jump_of_the_clock_is_seen_by_all_and_kept(several, eventually):
    async with several(2) as hosts:
        await jump(hosts[0], 3600)
        await jump(hosts[1], 1800)
        for host in hosts:

            async def seen(host: HostProcess = host) -> bool:
                async with httpx.AsyncClient(base_url=host.url) as client:
                    offset: float = (await client.get("/sandbox/clock")).json()["offset_seconds"]
                    return offset == 5400

            await eventually(seen)


async def test_hosts_that_begin_together_agree_on_their_keys(apps, tmp_path):
    hosts = [
        HostProcess(apps / "shared_work", state=tmp_path / "hub.db", env={"MARKS": f"{tmp_path}/marks"})
        for _ in range(3)
    ]
    try:
        await asyncio.gather(*(host.start() for host in hosts))
        with contextlib.closing(sqlite3.connect(tmp_path / "hub.db")) as connection:
            (key,) = connection.execute("SELECT value FROM settings WHERE name = 'key.master'").fetchone()
        for host in hosts:
            async with httpx.AsyncClient(base_url=host.url) as client:
                assert (await client.get("/admin/host/status", params={"code": key})).status_code == 200
    finally:
        await asyncio.gather(*(host.kill() for host in hosts))
