"""Towns for journeys: real processes, real sockets, real storage. One town for each file, or folder, of journeys that
share it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.corepractice.shapes import OBJECTS
from sandbox.customer import Customer
from sandbox.town import Running, running_town


def others(*objects: str) -> tuple[str, ...]:
    """What a source does not know that knows only these."""
    return tuple(name for name in OBJECTS if name not in objects)


def knowing(*objects: str) -> list[str]:
    """Arguments for a source that knows no other objects."""
    return ["--without", ",".join(others(*objects))]


class Stay:
    """A town that lives on a loop of its own, so that a journey can be told in plain, blocking steps."""

    def __init__(self, running: Running, loop: asyncio.AbstractEventLoop, home: Path) -> None:
        self.running = running
        self.town = running.town
        self.home = home
        self._loop = loop

    def customer(self, practice: str) -> Customer:
        """A practice of its own: its rows get ids of their own, so journeys in one town do not meet."""
        return Customer(self.town, practice)

    def kill_host(self, number: int = 0) -> None:
        """As kill -9."""
        self._do(self.running.kill_host(number))

    def revive_host(self, number: int = 0, /, **env: str) -> None:
        """Start the host again on the same state, with those settings from now on."""
        self._do(self.running.revive_host(number, **env))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


Settle = Callable[..., Stay]

PEOPLE = ("locations", "referrers", "staff", "patients", "appointments", "notes")
"""What a practice is about; a journey that is not about more is told with these in a third of the time."""
BY_HAND = {"AzureWebJobs.delta_pickup.Disabled": "true"}
"""The timer that begins pickups runs when a journey says so, and not at whichever step a quarter of an hour ends."""


@contextmanager
def stay(
    folder: Path,
    *,
    patients: int,
    seed: int = 5,
    dataverse: Sequence[str] = (),
    corepractice: Sequence[str] = (),
    app: Mapping[str, str] | None = None,
    hosts: int = 1,
    lease_seconds: float = 15.0,
) -> Iterator[Stay]:
    """A town in a thread."""
    ready: Future[Stay] = Future()
    leave: Future[asyncio.Event] = Future()

    async def live() -> None:
        leaving = asyncio.Event()
        leave.set_result(leaving)
        differs = {"dataverse": dataverse, "corepractice": corepractice, "hosts": hosts}
        differs |= {"app": {**BY_HAND, **(app or {})}, "lease_seconds": lease_seconds}
        async with running_town(folder, patients=patients, seed=seed, **differs) as running:  # type: ignore[arg-type]
            ready.set_result(Stay(running, asyncio.get_running_loop(), folder / "town"))
            await leaving.wait()

    def body() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            else:
                raise

    thread = threading.Thread(target=body, name="town")
    thread.start()
    try:
        here = ready.result(timeout=120)
        yield here
    finally:
        if ready.done() and not ready.exception():
            ready.result()._loop.call_soon_threadsafe(leave.result().set)
        thread.join(timeout=60)


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A calm town with a small clinic, shared by the journeys of one file; its ``TOWN`` says how it differs."""
    differs = {"patients": 60, "dataverse": ["--calm"], **getattr(request.module, "TOWN", {})}
    with stay(tmp_path_factory.mktemp("town"), **differs) as here:
        yield here
