"""The same migration on one, two and four of the app's processes, against a destination whose limits matter.

Each process runs few activities at once, as a small instance does, and the destination takes its time (really waited
for), so the machine mostly waits too and its cores do not decide. One application user on one web server may be busy
for a mean of ``BUSY`` requests. Beyond that more processes bring nothing; the same processes on two servers do. The app
knows these limits, as it knows the documented ones.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.whole_migration import Stopwatch
from sandbox.customer import Customer
from sandbox.town import Running, running_town

AREA = "Several processes, one destination"
PER_REQUEST_MS, PER_ROW_MS = 60, 20
BATCH_ROWS, SHARD_RECORDS = 25, 50
"""Small pieces: many for few rows, so that a short run has a middle."""
ACTIVITIES = 2
"""At once in one process."""
BUSY, WINDOW_SECONDS = 4, 30
"""Dataverse allows 1,200 s of execution in 300 s, a mean of four requests at a time; here in a shorter window. In one
much shorter the length of a single request would count."""

LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Loaded:
    """One load: by how many processes, on how many servers, how fast, how much of the execution time that the limits
    allow it ``used``, as a share, and how often it was told to wait."""

    processes: int
    servers: int
    rows_per_second: float
    used: float
    refusals: int


@dataclass(frozen=True, slots=True)
class _Stock:
    """The destination's rows, how many requests it has refused, and how many seconds of execution the others took."""

    rows: int
    refusals: int
    executed: float


def measure(*, patients: int, courses: tuple[tuple[int, int], ...], slowness: float = 1.0) -> list[Figure]:
    """Figures for each course, which is a number of processes and of the destination's servers.

    ``slowness`` makes the destination's time longer or shorter than it is here by default.
    """
    lanes = ACTIVITIES * max(processes for processes, _ in courses)
    loads = [
        asyncio.run(_one(patients, lanes, processes, _limits(servers, slowness))) for processes, servers in courses
    ]
    return [figure for load in loads for figure in _figures(load, loads[0])]


async def _one(patients: int, lanes: int, processes: int, allowed: dict[str, float]) -> Loaded:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        limits = Path(folder) / "limits.json"
        limits.write_text(json.dumps(allowed))
        app = {
            "BRIDGEWORK_LANES": str(lanes),
            "BRIDGEWORK_SHARD_RECORDS": str(SHARD_RECORDS),
            "BRIDGEWORK_BATCH_ROWS": str(BATCH_ROWS),
            "BRIDGEWORK_DATAVERSE_LIMITS": f"6000,{allowed['execution_seconds']:g},{WINDOW_SECONDS},52",
            "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions": str(ACTIVITIES),
        }
        town = running_town(
            Path(folder), patients=patients, seed=11, dataverse=["--calm", "--limits", str(limits)], app=app,
            hosts=processes,
        )  # fmt: skip
        async with town as running:
            return await asyncio.to_thread(_load, running, int(allowed["servers"]))


def _limits(servers: int, slowness: float) -> dict[str, float]:
    return {
        "execution_seconds": BUSY * WINDOW_SECONDS,
        "concurrent": 52,
        "window_seconds": WINDOW_SECONDS,
        "servers": servers,
        "per_request_ms": PER_REQUEST_MS * slowness,
        "per_row_ms": PER_ROW_MS * slowness,
    }


def _load(running: Running, servers: int) -> Loaded:
    customer, watch = Customer(running.town), Stopwatch()
    run = customer.start(customer.request(sample_size=100))
    customer.until(run, waits_for="mapping")
    customer.decide(run, "mapping")
    customer.until(run, waits_for="sample")
    before = _stock(running)
    customer.decide(run, "sample")
    while (status := customer.status(run))["phase"] in ("sample-review", "sample", "load"):
        assert status["problem"] is None, status["problem"]
        watch.see(status)
        time.sleep(LOOK_SECONDS)
    watch.see(status)
    after, seconds = _stock(running), watch.of("load")
    return Loaded(
        processes=len(running.hosts),
        servers=servers,
        rows_per_second=(after.rows - before.rows) / seconds,
        used=(after.executed - before.executed) / (BUSY * servers * seconds),
        refusals=after.refusals - before.refusals,
    )


def _stock(running: Running) -> _Stock:
    with urllib.request.urlopen(f"{running.town.dataverse_url}/sandbox/stats", timeout=30) as answer:
        found = json.load(answer)
    return _Stock(sum(found["tables"].values()), int(found["throttled"]), float(found["executed_seconds"]))


def _figures(load: Loaded, first: Loaded) -> list[Figure]:
    name = f"{load.processes} process{'es' if load.processes > 1 else ''}"
    if load.servers > 1:
        name += f", {load.servers} servers"
    told = f"told to wait {load.refusals} times"
    figures = [
        Figure(AREA, f"{name}: load", load.rows_per_second, "rows/s"),
        Figure(AREA, f"{name}: of the limit used", 100 * load.used, "%", told),
    ]
    if load is not first:
        figures.append(Figure(AREA, f"{name}, against 1", load.rows_per_second / first.rows_per_second, "times"))
    return figures
