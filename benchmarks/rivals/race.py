"""One rival on one course: a fresh simulator, the rival's own process, and what both say about it afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.rivals import theory
from benchmarks.rivals.course import KEY, row
from sandbox.dataverse.limits import Limits
from sandbox.faults import Fault
from sandbox.identity import tokens
from sandbox.identity.keyfile import read_or_create
from sandbox.town import HERE, Part

APPLICATIONS = ("10000000-0000-4000-a000-000000000001", "20000000-0000-4000-a000-000000000002")


@dataclass(frozen=True, slots=True)
class Course:
    """As `course.Course` takes it, and the server it is run on. ``faults`` strike the writes."""

    limits: Limits
    """The model's, which is played ``slow`` times slower."""
    batch: int
    users: int = 1
    width: int = 1
    seconds: float | None = None
    rows: int | None = None
    faults: tuple[Fault, ...] = ()
    slow: float = 1.0


@dataclass(frozen=True, slots=True)
class Lap:
    """What came of it. ``rows``: of those the rival believed to have written, the ones that are there. ``punished``:
    the share of the time for which a server they met would not have its user. CPU (seconds) and memory (MiB) are the
    rival's alone."""

    rows: int
    seconds: float
    requests: int
    refused: int
    punished: float
    cpu: float
    memory: float
    lost: int
    doubled: int
    server_cpu: float
    """The simulator's share of one core meanwhile: near 1, and it is the simulator that was measured."""

    @property
    def rows_per_second(self) -> float:
        """By the clock on the wall."""
        return self.rows / self.seconds

    def per_thousand(self, amount: float) -> float:
        """An amount for each 1,000 rows."""
        return 1000 * amount / max(1, self.rows)


def race(module: str, course: Course) -> Lap:
    """Run a rival, by the name of its module in this room."""
    return asyncio.run(_race(module, course))


async def _race(module: str, course: Course) -> Lap:
    with tempfile.TemporaryDirectory(prefix="race-") as name:
        folder = Path(name)
        async with _server(folder, course) as (url, process_id):
            used = _cpu(process_id)
            lap = await _run(module, folder, url, course)
            busy = (_cpu(process_id) - used) / lap["seconds"]
            trusted = ssl.create_default_context(cafile=_certificate(folder))
            async with httpx.AsyncClient(verify=trusted, timeout=120) as http:
                stats = (await http.get(f"{url}/sandbox/stats")).json()
                present = await _keys(http, url)
    return judged(lap, course, stats, present, server_cpu=busy)


def judged(
    lap: dict[str, Any], course: Course, stats: dict[str, Any], present: Counter[str], *, server_cpu: float = 0.0
) -> Lap:
    """The lap by what the target holds, not by what the rival says."""
    places = range(course.batch)
    believed = [str(row(number * course.batch + place)[KEY]) for number in lap["batches"] for place in places]
    there = sum(1 for key in believed if present[key])
    return Lap(
        rows=there,
        seconds=lap["seconds"],
        requests=sum(stats["requests"].values()),
        refused=stats["throttled"],
        punished=stats["shut_seconds"] / (lap["seconds"] * max(1, stats["doors"])),
        cpu=lap["cpu"],
        memory=lap["memory"],
        lost=len(believed) - there,
        doubled=sum(count - 1 for count in present.values()),
        server_cpu=server_cpu,
    )


@asynccontextmanager
async def _server(folder: Path, course: Course) -> AsyncIterator[tuple[str, int]]:
    """The address by a name, as an organisation has one: the cookies of an IP address, some clients never keep."""
    played = theory.slowed(course.limits, course.slow)
    files = {"limits": asdict(played), "faults": [_plain(fault) for fault in course.faults]}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    read_or_create(folder / "key")
    chosen = ["--limits", str(folder / "limits"), "--faults", str(folder / "faults")]
    trust = ["--identity-key", str(folder / "key"), "--tls", "--tls-folder", str(folder)]
    part = Part("sandbox.dataverse", ["--calm", *chosen, *trust], log=folder / "log")
    try:
        yield (await part.start()).replace("127.0.0.1", "localhost"), part.process_id
    finally:
        await part.stop()


def _plain(fault: Fault) -> dict[str, Any]:
    return {name: value for name, value in asdict(fault).items() if value not in (None, ())}


async def _run(module: str, folder: Path, url: str, course: Course) -> dict[str, Any]:
    certificate = _certificate(folder)
    trusting = {"SSL_CERT_FILE": certificate, "REQUESTS_CA_BUNDLE": certificate, "NO_PROXY": "localhost"}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.rivals.{module}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=HERE,
        env={**os.environ, **trusting},
    )
    said, _ = await child.communicate(json.dumps(_given(folder, url, course)).encode())
    if child.returncode:
        raise RuntimeError(f"{module} did not finish its course: {child.returncode}")
    lap: dict[str, Any] = json.loads(said)
    return lap


def _given(folder: Path, url: str, course: Course) -> dict[str, Any]:
    key, now = read_or_create(folder / "key"), time.time()
    issued = [
        tokens.issue(resource=url, client_id=application, key=key, now=now)
        for application in APPLICATIONS[: course.users]
    ]
    plain = {name: getattr(course, name) for name in ("batch", "width", "seconds", "rows", "slow")}
    return {"url": url, "tokens": issued, "limits": _documented(course.limits), **plain}


def _documented(limits: Limits) -> list[float] | None:
    """What Microsoft's page says of its servers, said of this one."""
    if limits.requests is None or limits.execution_seconds is None or limits.concurrent is None:
        return None
    return [limits.requests, limits.execution_seconds, limits.window_seconds, limits.concurrent]


def _certificate(folder: Path) -> str:
    return str(folder / "dataverse.crt")


async def _keys(http: httpx.AsyncClient, url: str) -> Counter[str]:
    """The natural keys in the target, each as often as it is there."""
    found: Counter[str] = Counter()
    async with http.stream("GET", f"{url}/sandbox/export?tables=contact") as answer:
        async for line in answer.aiter_lines():
            found[orjson.loads(line)["row"].get(KEY, "")] += 1
    return found


def _cpu(process_id: int) -> float:
    """Seconds of processor a process has used."""
    times = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
