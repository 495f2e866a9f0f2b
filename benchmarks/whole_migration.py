"""A whole migration through the front door, at two sizes: how fast, and what ten times the practice takes in memory.

Everything runs on this machine, so the simulators and the storage emulator take their share of it. Limits are off.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, peak_memory
from sandbox.customer import Customer
from sandbox.town import Running, running_town

AREA = "A whole migration"
READING, WRITING = "extract", "load"
MACHINE_TIME = ("discover", "schema", "owners", READING, "sample", WRITING, "reconcile")


class Stopwatch:
    """Seconds spent in each phase, as the run's status shows them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._since = "", time.monotonic()

    def see(self, status: dict[str, Any]) -> None:
        """One look at the run."""
        now = time.monotonic()
        if status["phase"] != self._phase:
            if self._phase:
                self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
            self._phase, self._since = status["phase"], now


def measure(sizes: list[int]) -> list[Figure]:
    """Figures for each size, and the ratio of the memory at the last and the first."""
    figures: list[Figure] = []
    peaks: list[float] = []
    for patients in sizes:
        found, peak = asyncio.run(_one(patients))
        figures += found
        peaks.append(peak)
    if len(peaks) > 1:
        name = f"app's peak memory, {sizes[-1]:,} to {sizes[0]:,}"
        figures.append(Figure(AREA, name, peaks[-1] / peaks[0], "ratio", "aim: at most 1.2"))
    return figures


async def _one(patients: int) -> tuple[list[Figure], float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with running_town(Path(folder), patients=patients, seed=11, dataverse=["--calm"]) as running:
            return await asyncio.to_thread(_told, running, patients)


def _told(running: Running, patients: int) -> tuple[list[Figure], float]:
    customer, watch = Customer(running.town), Stopwatch()
    run = customer.start(customer.request(delta_window_hours=1))
    customer.approve_until_delta(run, watch=watch.see)
    customer.let_the_window_pass(run, watch=watch.see)
    customer.decide(run, "sign-off")
    done = customer.until(run, phase="finished", watch=watch.see)
    fields = customer.document(run, "verdict")["document"]["fields_verified"]
    customer.ask(run, "rollback")
    undone = customer.until(run, phase="rolled-back", watch=watch.see)
    peak = peak_memory(running.host_process_id)
    seconds = watch.seconds
    moved = sum(
        seconds.get(phase, 0.0) for phase in ("discover", "schema", "owners", READING, "sample", WRITING, "reconcile")
    )
    rows = sum(counts["created"] for counts in done["objects"].values())
    records = sum(counts["extracted"] for counts in done["objects"].values())
    size = f"{patients:,} patients"
    proofs = 2  # after the load and after the delta
    return [
        Figure(AREA, f"{size}: end to end", patients / moved, "patients/s", "without waiting for people"),
        Figure(AREA, f"{size}: extract", records / seconds[READING], "records/s"),
        Figure(AREA, f"{size}: load", rows / seconds[WRITING], "rows/s"),
        Figure(AREA, f"{size}: prove", proofs * fields / seconds["reconcile"], "fields/s"),
        Figure(AREA, f"{size}: roll back", undone["rollback"]["rows_undone"] / seconds["rollback"], "rows/s"),
        Figure(AREA, f"{size}: app's peak memory", peak, "MiB"),
    ], peak
