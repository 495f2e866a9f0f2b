"""One whole migration, told the same way with and without deaths, and what is to be compared of the two."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.customer import Api, Disappointed
from sandbox.host import doom, full_disk
from sandbox.town import Running, Town, running_town
from torture.alike import canonical
from torture.steady import SteadyCustomer, poll
from torture.tables import Struck
from torture.weather import Weather

SMALL = {"BRIDGEWORK_SHARD_RECORDS": "8", "BRIDGEWORK_BATCH_ROWS": "5", "BRIDGEWORK_LANES": "2"}
"""Pages and batches of a few records, so that a small practice has many of them."""
OTHERS = {
    "friendlyname": "Of an earlier run",
    "uniquename": "bridgeworkbw",
    "customizationprefix": "bw",
    "customizationoptionvalueprefix": 72700,
}
"""A publisher that was there before."""
DISK = "180:1.5"
"""Full with every 180th transaction of the host's state, for a second and a half."""
QUIET, LATER = 8.0, {"advance_seconds": 301}
"""Seconds without a death, and what then passes by the host's clock."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a run is put through: deaths, remembered in a file; faults, by place; a disk that is full now and then."""

    deaths: Path | None = None
    one_in: str = "1:0"
    weather: Mapping[str, Weather] = field(default_factory=dict)
    disk: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a migration came to. ``loaded`` and ``undone`` are canonical exports of the target and its library."""

    before: list[str]
    loaded: list[str]
    undone: list[str]
    verdict: Mapping[str, Any]
    held: int
    lives: int
    intact: bool = True
    """The audit trail."""
    objects: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """What the status counts, at the sign-off."""
    struck: Struck = field(default_factory=dict)
    disk: tuple[int, int] = (0, 0)
    """How often it was full, and how many transactions of the host failed for it."""


class Keeper:
    """Puts the app's process into its trouble, and sees to it that it goes on."""

    def __init__(self, running: Running, home: Path, trouble: Trouble) -> None:
        self._running = running
        self._deaths = trouble.deaths
        self._chapter, self._disk = home / "chapter", home / "disk"
        self._env = {}
        if trouble.deaths:
            self._env |= {doom.FILE: str(trouble.deaths), doom.ONE_IN: trouble.one_in, doom.CHAPTER: str(self._chapter)}
        if trouble.disk:
            self._env |= {full_disk.FILE: str(self._disk), full_disk.EVERY: trouble.disk}
        self.chapter("")

    def chapter(self, name: str) -> None:
        """From here on, where the app has died before is another point."""
        self._chapter.write_text(name)

    @property
    def disk(self) -> tuple[int, int]:
        """How often the disk was full, and how many transactions failed."""
        return full_disk.counts(self._disk) if self._disk.exists() else (0, 0)

    @property
    def lives(self) -> int:
        """How many the app has had."""
        return 1 + (len(self._deaths.read_text().splitlines()) if self._deaths else 0)

    async def begin(self) -> None:
        """Put the host into its trouble. It has its port by now, and comes back with it, whenever it dies."""
        if self._env:
            await self._running.kill_host()
            self._running.hosts[0].reborn = True
            await self._running.revive_host(**self._env)

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
            await asyncio.sleep(0.2)


@contextmanager
def _kept_town(
    folder: Path, *, patients: int, trouble: Trouble, corepractice: Sequence[str]
) -> Iterator[tuple[Running, Keeper]]:
    """A town whose app is revived, on a loop of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    differs = {"dataverse": ["--calm"], "corepractice": ["--large-file-mb", "6", *corepractice], "app": SMALL}
    town = running_town(folder, patients=patients, seed=5, storage_weather=bool(trouble.weather), **differs)

    def do(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=600)

    running: Running = do(town.__aenter__())
    keeper = Keeper(running, folder, trouble)
    do(keeper.begin())
    watching = asyncio.run_coroutine_threadsafe(keeper.watch(), loop)
    try:
        yield running, keeper
    finally:
        watching.cancel()
        do(town.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)


def tell(folder: Path, *, patients: int, trouble: Trouble, corepractice: Sequence[str] = ()) -> Told:
    """The story: map, schema, sample, load, delta, sign-off, and all the way back. ``corepractice``: more arguments for
    the source."""
    with _kept_town(folder, patients=patients, trouble=trouble, corepractice=corepractice) as (running, keeper):
        customer, since = SteadyCustomer(running.town, "Tortured Dental"), datetime.now(UTC)
        _somebody_was_here(running.town)
        before = _everything(customer, since)
        _order(running, trouble)
        run = customer.start(customer.request(sample_size=100), key="torture")
        customer.approve_until_delta(run)
        _pick_up(customer, run, keeper)
        customer.let_the_window_pass(run)
        verdict = customer.document(run, "verdict")["document"]
        loaded, objects = _everything(customer, since), customer.status(run)["objects"]
        customer.decide(run, "sign-off")
        customer.until(run, phase="finished")
        customer.ask(run, "rollback")
        back = customer.until(run, phase="rolled-back")["rollback"]
        intact = customer.api.call("GET", f"/api/migrations/{run}/audit")["intact"]
        undone, struck = _everything(customer, since), _struck(running, trouble)
        return Told(before, loaded, undone, verdict, back["held"], keeper.lives, intact, objects, struck, keeper.disk)


def _somebody_was_here(town: Town) -> None:
    """Looked at in the very moment of a kill, what they made must not be taken for ours."""
    held = {"Authorization": f"Bearer {town.dataverse_token}"}
    Api(town.dataverse_url).call("POST", "/api/data/v9.2/publishers", OTHERS, **held)


def _pick_up(customer: SteadyCustomer, run: str, keeper: Keeper) -> None:
    """The same hands as in the load, in another chapter."""
    keeper.chapter("delta")
    practice = Api(customer.town.corepractice_url)
    practice.call("POST", "/sandbox/change", {"seed": 2, "created": 2, "updated": 4, "deleted": 0})
    customer.ask(run, "pickup")
    poll(lambda: sum(customer.status(run)["delta"].values()) >= 6, what="the pickup")
    keeper.chapter("")


def _order(running: Running, trouble: Trouble) -> None:
    for place, faults in trouble.weather.items():
        Api(running.weather[place]).call("POST", "/sandbox/faults", list(faults.values()))


def _struck(running: Running, trouble: Trouble) -> Struck:
    found = {}
    for place, faults in trouble.weather.items():
        counts = Api(running.weather[place]).call("GET", "/sandbox/faults")["faults"]
        found[place] = {name: count["struck"] for name, count in zip(faults, counts, strict=True)}
    return found


def _everything(customer: SteadyCustomer, since: datetime) -> list[str]:
    """Rows and schema of the target, and the files in the library."""
    with urllib.request.urlopen(f"{customer.town.sharepoint_url}/sandbox/export", timeout=120) as answer:
        library = [line.decode() for line in answer]
    files = (line for line in library if not json.loads(line)["folder"])
    return canonical([*customer.export(), *files], since=since)
