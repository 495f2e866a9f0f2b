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
import pytest_asyncio

from sandbox.host.process import HostProcess
from tests.freezing import alive, freeze, thaw

APPS = Path(__file__).parent / "apps"
LEASE_SECONDS = 1.5
LANES, STEPS = 6, 12
SUM = sum(1000 + lane * 100 + step for lane in range(LANES) for step in range(STEPS))

Several = Callable[[int], contextlib.AbstractAsyncContextManager[list[HostProcess]]]
together = pytest.mark.asyncio(loop_scope="module")
"""Stories that one pair of hosts can tell, one after the other."""


@contextlib.asynccontextmanager
async def running(apps: Path, folder: Path, count: int) -> AsyncIterator[list[HostProcess]]:
    """So many hosts on one state file, which begin at the same moment and are not told any key."""
    hosts = [
        HostProcess(
            apps / "shared_work",
            state=folder / "hub.db",
            log=folder / f"log-{number}",
            env={"MARKS": f"{folder}/marks"},
            arguments=["--clock-control", "--lease", str(LEASE_SECONDS)],
        )
        for number in range(count)
    ]
    try:
        await asyncio.gather(*(host.start() for host in hosts))
        with contextlib.closing(sqlite3.connect(folder / "hub.db", timeout=30)) as connection:
            (key,) = connection.execute("SELECT value FROM settings WHERE name = 'key.master'").fetchone()
        for host in hosts:
            host.environment["KEY"] = key
        yield hosts
    finally:
        await asyncio.gather(*(host.kill() for host in hosts))


@pytest.fixture
def several(apps: Path, tmp_path: Path) -> Several:
    """`several(n)`: so many hosts on a state file of their own."""
    return lambda count: running(apps, tmp_path, count)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[HostProcess]]:
    """Two hosts for all stories that leave them as they were."""
    async with running(APPS, tmp_path_factory.mktemp("pair"), 2) as hosts:
        yield hosts


async def call(host: HostProcess, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=host.url, params={"code": host.environment["KEY"]}, timeout=30) as client:
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


def lines(host: HostProcess) -> list[tuple[str, int]]:
    """What was done on the host's state, in order, and by which processes."""
    path = Path(host.environment["MARKS"])
    parts = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(what, int(process)) for what, process in parts]


def marks(host: HostProcess) -> dict[str, list[int]]:
    """The same by what it was."""
    found: dict[str, list[int]] = defaultdict(list)
    for what, process in lines(host):
        found[what].append(process)
    return found


def done(found: dict[str, list[int]]) -> dict[int, list[int]]:
    return {int(what): processes for what, processes in found.items() if what.isdigit()}


@together
async def test_a_fan_out_is_shared_by_two_and_each_piece_is_done_once(pair, output):
    await _is_shared(pair, output)


async def test_a_fan_out_is_shared_by_four_and_each_piece_is_done_once(several, output):
    async with several(4) as hosts:
        await _is_shared(hosts, output)


async def _is_shared(hosts: list[HostProcess], output: Any) -> None:
    await call(hosts[0], "POST", "orchestrators/fan_out/wide", content='"160"')
    assert await output(hosts[-1], "wide") == sum(range(160))
    found = {number: them for number, them in done(marks(hosts[0])).items() if number < 1000}
    assert set(found) == set(range(160))
    assert all(len(processes) == 1 for processes in found.values())
    assert {processes[0] for processes in found.values()} == {host.process_id for host in hosts}


@together
async def test_lanes_that_continue_as_new_are_run_by_both_one_step_at_a_time(pair, output):
    await call(pair[1], "POST", "orchestrators/lanes/run", content=f'"{LANES}"')
    assert await output(pair[0], "run") == SUM
    seen = lines(pair[0])
    assert {process for what, process in seen if what.isdigit() and int(what) >= 1000} == {
        host.process_id for host in pair
    }
    for lane in range(LANES):
        steps = range(lane * 100 + 1000, lane * 100 + 1000 + STEPS)
        told = [what for what, _ in seen if what.isdigit() or what.startswith("begun-")]
        mine = [what for what in told if int(what.removeprefix("begun-")) in steps]
        assert mine == [word for step in steps for word in (f"begun-{step}", str(step))]


async def test_what_a_killed_host_had_is_taken_over_and_nothing_is_lost(several, output, eventually, tmp_path):
    async with several(2) as hosts:
        survivor, victim = hosts
        port = int(victim.url.rsplit(":", 1)[1])
        await call(victim, "POST", "orchestrators/lanes/run", content=f'"{LANES}"')

        async def victim_works() -> bool:
            return sum(victim.process_id in processes for processes in done(marks(victim)).values()) >= 5

        await eventually(victim_works)
        await victim.kill()
        assert await output(survivor, "run") == SUM
        found = done(marks(survivor))
        assert len(found) == LANES * STEPS
        # A piece may be done twice only if the dead host had done it and could not say so.
        assert sum(len(processes) - 1 for processes in found.values()) <= LANES
        # Back at its address it is one of them again, and so it is when it was dead too shortly to be missed.
        await victim.start(port=port)
        await victim.kill()
        await victim.start(port=port)
        assert len(alive(tmp_path / "hub.db")) == 2
        await call(victim, "POST", "orchestrators/fan_out/after", content='"20"')
        assert await output(victim, "after") == sum(range(20))


async def test_a_host_frozen_past_its_lease_loses_its_work_and_its_late_results_are_refused(
    several, output, eventually, tmp_path
):
    state = tmp_path / "hub.db"
    async with several(2) as hosts:
        for number in range(4):
            await call(hosts[0], "POST", f"orchestrators/slowly/run-{number}", content='"4"')
        frozen, other = hosts

        async def in_the_middle() -> bool:
            return frozen.process_id in marks(frozen)["begun-1"]

        await eventually(in_the_middle)
        freeze(frozen.process_id, state)

        async def taken_over() -> bool:
            return list(alive(state)) == [other.url]

        await eventually(taken_over)
        thaw(frozen.process_id)
        for number in range(4):
            assert await output(frozen, f"run-{number}") == sum(range(4))
            history = (await call(other, "GET", f"instances/run-{number}", params={"showHistory": "true"})).json()
            completed = [one for one in history["historyEvents"] if one["EventType"] == "TaskCompleted"]
            assert len(completed) == 4, "each step has one result in the history, whoever else brought one"

        async def back() -> bool:
            return len(alive(state)) == 2

        await eventually(back)
        # It works on afterwards, under a new name.
        await call(other, "POST", "orchestrators/fan_out/after", content='"60"')
        assert await output(other, "after") == sum(range(60))
        assert frozen.process_id in {processes[-1] for processes in done(marks(frozen)).values()}
        assert "did not renew its lease in time" in (tmp_path / "log-0").read_text()


@together
async def test_events_reach_an_instance_wherever_they_are_raised(pair, output):
    for number in range(4):  # both hosts keep some of them
        await call(pair[0], "POST", f"orchestrators/heard/heard-{number}", content='"2"')
        for word in range(2):
            await _waits(pair[0], f"heard-{number}", word)
            path = f"instances/heard-{number}/raiseEvent/word"
            assert (await call(pair[word], "POST", path, json=word)).status_code == 202
    for number in range(4):
        assert await output(pair[1], f"heard-{number}") == [0, 1]


async def _waits(host: HostProcess, instance_id: str, heard: int) -> None:
    """Until the instance has taken so many events: two of one name before the wait are a hazard of the protocol."""
    async with asyncio.timeout(30):
        while True:
            answer = (await call(host, "GET", f"instances/{instance_id}", params={"showHistory": "true"})).json()
            raised = [one for one in answer["historyEvents"] if one["EventType"] == "EventRaised"]
            if answer["runtimeStatus"] == "Running" and len(raised) == heard:
                return
            await asyncio.sleep(0.01)


@together
async def test_an_entity_counts_every_call_of_instances_on_both_hosts_once(pair, output):
    for number in range(6):
        await call(pair[number % 2], "POST", f"orchestrators/counted/counted-{number}", content='"5"')
    totals = [total for number in range(6) for total in await output(pair[0], f"counted-{number}")]
    assert sorted(totals) == list(range(1, 31))


async def jump(host: HostProcess, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=host.url) as client:
        assert (await client.post("/sandbox/clock", json={"advance_seconds": seconds})).status_code == 200


async def test_a_schedule_fires_once_among_all_and_goes_on_without_its_host(several, eventually):
    async with several(2) as hosts:
        await jump(hosts[1], 6 * 3600)

        async def ticked(times: int) -> bool:
            return len(marks(hosts[0])["tick"]) >= times

        await eventually(lambda: ticked(1))
        first = marks(hosts[0])["tick"][0]
        keeper, other = sorted(hosts, key=lambda host: host.process_id != first)
        await keeper.kill()
        await jump(other, 6 * 3600)
        await eventually(lambda: ticked(2))
        await asyncio.sleep(0.3)  # time for another to do the same
        assert marks(hosts[0])["tick"] == [first, other.process_id]


@together
async def test_a_jump_of_the_clock_is_seen_by_all_and_kept(pair, eventually):
    await jump(pair[0], 3600)
    await jump(pair[1], 1800)
    for host in pair:

        async def seen(host: HostProcess = host) -> bool:
            async with httpx.AsyncClient(base_url=host.url) as client:
                offset: float = (await client.get("/sandbox/clock")).json()["offset_seconds"]
                return offset == 5400

        await eventually(seen)


@together
async def test_a_host_whose_app_holds_up_the_event_loop_past_the_lease_keeps_its_work(pair, output):
    before = len(marks(pair[0])["begun-0"])
    await call(pair[0], "POST", "orchestrators/holding_up/held", content=f'"{3 * LEASE_SECONDS}"')
    assert await output(pair[0], "held") == "held"
    assert len(marks(pair[0])["begun-0"]) == before + 1, "nobody else has begun it again"
