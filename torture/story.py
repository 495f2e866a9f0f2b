"""One whole migration, told the same way with and without deaths, and what is to be compared of the two."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.customer import Api, Disappointed
from sandbox.host import doom
from sandbox.town import Running, running_town
from torture.steady import SteadyCustomer, poll

SMALL = {"BRIDGEWORK_SHARD_RECORDS": "8", "BRIDGEWORK_BATCH_ROWS": "5", "BRIDGEWORK_LANES": "2"}
"""Pages and batches of a few records, so that a small practice has many of them."""
STAMPS = ("versionnumber", "modifiedon", "createdon", "overriddencreatedon")
"""Of the server's own clock. The times of the practice are in columns of ours."""
REVIVALS = 4000
QUIET, LATER = 15.0, {"advance_seconds": 301}
"""Seconds without a death, and what then passes by the host's clock."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a migration came to. ``loaded`` and ``undone`` are canonical exports of the target."""

    before: list[str]
    loaded: list[str]
    undone: list[str]
    verdict: Mapping[str, Any]
    held: int
    lives: int


class Keeper:
    """Starts the app's process again whenever it has died."""

    def __init__(self, running: Running, deaths: Path | None, one_in: str) -> None:
        self._running = running
        self._env = {doom.FILE: str(deaths), doom.ONE_IN: one_in} if deaths else {}
        self._deaths = deaths
        self.lives = 1

    async def watch(self) -> None:
        """Until cancelled. Where nothing has died for a while, somebody may wait for a wake-up that died with its
        sender, and will look again by himself in some minutes: those minutes are let pass."""
        host = Api(self._running.town.functions_url, self._running.town.master_key)
        seen, since = 0, time.monotonic()
        while True:
            deaths = self._deaths.stat().st_size if self._deaths else 0
            if deaths != seen:
                seen, since = deaths, time.monotonic()
            elif self._deaths and time.monotonic() - since > QUIET:
                since = time.monotonic()
                with suppress(OSError, Disappointed, http.client.HTTPException):
                    await asyncio.to_thread(host.call, "POST", "/sandbox/clock", LATER)
            if not self._running.host_is_alive:
                self.lives += 1
                if self.lives > REVIVALS:
                    raise RuntimeError(f"the host has died {REVIVALS} times")
                try:
                    await self._running.revive_host(**self._env)
                except RuntimeError:
                    continue  # it died before it listened
            await asyncio.sleep(0.02)


@contextmanager
def _kept_town(folder: Path, *, patients: int, deaths: Path | None, one_in: str) -> Iterator[tuple[Running, Keeper]]:
    """A town whose app is revived, on a loop of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    town = running_town(folder, patients=patients, seed=5, dataverse=["--calm"], app=SMALL)

    def do(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=600)

    running: Running = do(town.__aenter__())
    keeper = Keeper(running, deaths, one_in)
    if deaths:
        do(running.kill_host())  # it has its port by now, and comes back doomed
    watching = asyncio.run_coroutine_threadsafe(keeper.watch(), loop)
    try:
        yield running, keeper
    finally:
        watching.cancel()
        do(town.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)


def tell(
    folder: Path, *, patients: int, deaths: Path | None, faults: list[dict[str, Any]], one_in: str = "1:0"
) -> Told:
    """The story: map, schema, sample, load, delta, sign-off, and all the way back."""
    with _kept_town(folder, patients=patients, deaths=deaths, one_in=one_in) as (running, keeper):
        customer = SteadyCustomer(running.town, "Tortured Dental")
        dataverse, practice = Api(running.town.dataverse_url), Api(running.town.corepractice_url)
        before = canonical(customer.export())
        if faults:
            dataverse.call("POST", "/sandbox/faults", faults)
            practice.call("POST", "/sandbox/faults", faults)
        run = customer.start(customer.request(sample_size=100), key="torture")
        customer.approve_until_delta(run)
        practice.call("POST", "/sandbox/change", {"seed": 2, "created": 2, "updated": 4, "deleted": 0})
        customer.ask(run, "pickup")
        poll(lambda: sum(customer.status(run)["delta"].values()) >= 6, what="the pickup")
        customer.let_the_window_pass(run)
        verdict = customer.document(run, "verdict")["document"]
        loaded = canonical(customer.export())
        customer.decide(run, "sign-off")
        customer.until(run, phase="finished")
        customer.ask(run, "rollback")
        back = customer.until(run, phase="rolled-back")["rollback"]
        return Told(before, loaded, canonical(customer.export()), verdict, back["held"], keeper.lives)


def canonical(export: list[str]) -> list[str]:
    """An export without what the server's clock and counters put in."""
    found = []
    for text in export:
        line = json.loads(text)
        if "row" in line:
            line["row"] = {name: value for name, value in line["row"].items() if name not in STAMPS}
        found.append(json.dumps(line, sort_keys=True))
    return sorted(found)
