"""A whole migration through the front door, at several sizes: how fast, where the time goes, and what memory it takes.

Everything runs on this machine, so the simulators and the storage emulator take their share of it. Limits are off.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, peak_memory
from benchmarks.steadiness import Steadiness
from sandbox.customer import Api, Customer
from sandbox.town import Running, running_town

AREA = "A whole migration"
SHOWN = ("discover", "schema", "extract", "sample", "load", "reconcile", "rollback")
FORWARD = ("discover", "propose", "schema", "owners", "extract", "sample", "load", "reconcile")
"""The phases in which the machine works: not those in which it waits for people, or for the window to pass."""
AS_FAST = "aim: at least 1"
CHANGED = 0.01
"""The share of the patients created or updated while the window is open; the objects around them follow by halves."""


class Unhurried(Customer):
    """A customer who waits for as long as a large clinic takes."""

    @property
    def patience(self) -> float:
        """Seconds of one wait."""
        return 4 * 3600.0


class Stopwatch:
    """Seconds spent in each phase, as the run's status shows them five times a second."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._since = "", time.monotonic()
        self.steadiness = Steadiness()
        self._undone, self.rows_back = 0, 0.1
        """Rows put back so far, and after how many seconds of the way back the last of them was."""

    def see(self, status: dict[str, Any]) -> None:
        """One look at the run."""
        now = time.monotonic()
        if status["phase"] == "load":
            self.steadiness.see(now, status["objects"])
        if status["phase"] == self._phase == "rollback" and status["rollback"]["rows_undone"] > self._undone:
            self._undone, self.rows_back = status["rollback"]["rows_undone"], now - self._since
        if status["phase"] != self._phase:
            if self._phase:
                self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
            self._phase, self._since = status["phase"], now

    def begin_again(self) -> None:
        """What the present phase took so far was spent waiting, and does not count."""
        self._since = time.monotonic()

    def of(self, phase: str) -> float:
        """Seconds of a phase. One that was over between two looks took less than what can be told apart."""
        return self.seconds.get(phase, 0.1)


@dataclass(frozen=True, slots=True)
class Measured:
    """One clinic, there and back. Memory in MiB at its peak, since the process began."""

    patients: int
    watch: Stopwatch
    records: int
    rows: int
    fields: int
    brought: int
    app_memory: float
    simulators_memory: dict[str, float]
    undone: int = 0
    """Rows put back; 0 for a run that was not."""

    @property
    def proofs(self) -> int:
        """Everything is compared after the load, and again after the delta."""
        return 2 if "delta" in self.watch.seconds else 1

    @property
    def loaded_per_second(self) -> float:
        """Rows written, files brought."""
        return self.rows / self.watch.of("load")

    @property
    def proved_per_second(self) -> float:
        """Rows compared, files read back."""
        return self.proofs * self.rows / self.watch.of("reconcile")

    @property
    def undone_per_second(self) -> float:
        """Rows put back. The schema's way back comes after it, as the schema's way there came before the load."""
        return self.undone / self.watch.rows_back

    @property
    def delta_share(self) -> float:
        """What the pickup took, of what it took to extract and load everything: the same steps, for what changed."""
        return self.watch.of("delta") / (self.watch.of("extract") + self.watch.of("load"))


def measure(clinics: Sequence[int], *corepractice: str, back: bool = True) -> list[Figure]:
    """Figures for each size, then how memory and speed at the last compare with the first. Without ``back`` each goes
    no further than its first proof. ``corepractice``: how the practices differ."""
    way = there_and_back if back else there
    measured = [way(patients, *corepractice) for patients in clinics]
    figures = [figure for one in measured for figure in _figures(one)]
    if len(measured) > 1:
        figures += _compared(measured[0], measured[-1])
    return figures


def there_and_back(patients: int, *corepractice: str) -> Measured:
    """One clinic. ``corepractice``: how its practice differs."""
    return asyncio.run(_one(patients, corepractice, _there_and_back))


def there(patients: int, *corepractice: str) -> Measured:
    """One clinic as far as the proof of its load."""
    return asyncio.run(_one(patients, corepractice, _there))


async def _one(patients: int, corepractice: Sequence[str], way: Callable[[Running, int], Measured]) -> Measured:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        town = running_town(
            Path(folder), patients=patients, seed=11, dataverse=["--calm"], corepractice=corepractice
        )  # fmt: skip
        async with town as running:
            return await asyncio.to_thread(way, running, patients)


def _there(running: Running, patients: int) -> Measured:
    customer, watch = Unhurried(running.town), Stopwatch()
    run = customer.start(customer.request(delta_window_hours=1))
    customer.approve_until_delta(run, watch=watch.see)
    return _measured(running, customer, run, patients, watch)


def _there_and_back(running: Running, patients: int) -> Measured:
    customer, watch = Unhurried(running.town), Stopwatch()
    run = customer.start(customer.request(delta_window_hours=1))
    customer.approve_until_delta(run, watch=watch.see)
    _close_after_changes(customer, run, patients, watch)
    customer.decide(run, "sign-off")
    customer.until(run, phase="finished", watch=watch.see)
    finished = _measured(running, customer, run, patients, watch)
    customer.ask(run, "rollback")
    undone = customer.until(run, phase="rolled-back", watch=watch.see)["rollback"]["rows_undone"]
    return replace(finished, undone=undone, app_memory=peak_memory(running.host_process_id))


def _measured(running: Running, customer: Customer, run: str, patients: int, watch: Stopwatch) -> Measured:
    done, verdict = customer.status(run), customer.document(run, "verdict")["document"]
    if not verdict["proved"]:
        raise RuntimeError(f"a migration of {patients:,} patients was not proved: {verdict['because']}")
    return Measured(
        patients,
        watch,
        records=sum(counts["extracted"] for counts in done["objects"].values()),
        rows=sum(counts["created"] for counts in done["objects"].values()),
        fields=verdict["fields_verified"],
        brought=done["delta"]["created"] + done["delta"]["updated"],
        app_memory=peak_memory(running.host_process_id),
        simulators_memory={name: peak_memory(one) for name, one in running.simulator_process_ids.items()},
    )


def _close_after_changes(customer: Customer, run: str, patients: int, watch: Stopwatch) -> None:
    """The practice goes on working; then the window is closed, which picks up what changed."""
    half = max(1, round(patients * CHANGED / 2))
    practice = Api(customer.town.corepractice_url)
    practice.call("POST", "/sandbox/change", {"seed": 5, "created": half, "updated": half, "deleted": 0})
    watch.begin_again()
    customer.ask(run, "pickup?close=true")
    customer.until(run, waits_for="sign-off", watch=watch.see)


def _figures(one: Measured) -> list[Figure]:
    size, watch = f"{one.patients:,} patients", one.watch
    forward = sum(watch.seconds.get(phase, 0.0) for phase in FORWARD)
    return [
        Figure(AREA, f"{size}: end to end", one.patients / forward, "patients/s", "without waiting for people"),
        Figure(AREA, f"{size}: end to end", one.rows / forward, "rows/s", f"{one.rows:,} rows"),
        Figure(AREA, f"{size}: extract", one.records / watch.of("extract"), "records/s"),
        Figure(AREA, f"{size}: load", one.loaded_per_second, "rows/s"),
        Figure(AREA, f"{size}: prove", one.proofs * one.fields / watch.of("reconcile"), "fields/s"),
        Figure(AREA, f"{size}: prove", one.proved_per_second, "rows/s", f"{one.fields:,} fields, every file's bytes"),
        Figure(AREA, f"{size}: prove, against load", one.proved_per_second / one.loaded_per_second, "times", AS_FAST),
        *(_changed_and_undone(one) if one.undone else ()),
        *(
            Figure(
                AREA, f"{size}: {name}, last tenth of the load", ratio, "times", "against the first; aim: at least 0.9"
            )
            for name, ratio in sorted(watch.steadiness.last_against_first().items())
        ),
        *(Figure(AREA, f"{size}: phase {phase}", watch.of(phase), "s", _share(phase, watch)) for phase in SHOWN),
        Figure(AREA, f"{size}: app's peak memory", one.app_memory, "MiB"),
        *(Figure(AREA, f"{size}: {name}, peak", used, "MiB") for name, used in one.simulators_memory.items()),
    ]


def _changed_and_undone(one: Measured) -> list[Figure]:
    size, schema_too = f"{one.patients:,} patients", one.undone / one.watch.of("rollback")
    loaded = one.loaded_per_second
    return [
        Figure(AREA, f"{size}: roll back", one.undone_per_second, "rows/s"),
        Figure(AREA, f"{size}: roll back, against load", one.undone_per_second / loaded, "times", AS_FAST),
        Figure(AREA, f"{size}: roll back, schema too, against load", schema_too / loaded, "times", "files as well"),
        Figure(AREA, f"{size}: delta of 1 %", one.watch.of("delta"), "s", f"{one.brought:,} rows created or updated"),
        Figure(AREA, f"{size}: delta, against all", 100 * one.delta_share, "%", "of extracting and loading it all"),
    ]


def _share(phase: str, watch: Stopwatch) -> str:
    if phase not in FORWARD:
        return ""
    return f"{100 * watch.of(phase) / sum(watch.seconds.get(one, 0.0) for one in FORWARD):.0f} % of the way there"


def _compared(small: Measured, large: Measured) -> list[Figure]:
    sizes = f"{large.patients:,} to {small.patients:,}"
    loads = [one.loaded_per_second for one in (small, large)]
    proofs = [one.proved_per_second for one in (small, large)]
    return [
        Figure(AREA, f"app's peak memory, {sizes}", large.app_memory / small.app_memory, "times", "aim: at most 1.2"),
        *(
            Figure(AREA, f"{name}, peak, {sizes}", large.simulators_memory[name] / used, "times")
            for name, used in small.simulators_memory.items()
        ),
        Figure(AREA, f"load, {sizes}", loads[1] / loads[0], "times", "1: as fast for a large clinic"),
        Figure(AREA, f"prove, {sizes}", proofs[1] / proofs[0], "times", "1: as fast for a large clinic"),
    ]
