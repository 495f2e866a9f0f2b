"""What a migration asks of its own storage account: transactions, and events of Durable's history, for its records.

Both have a part that every run has, however small (schema, gates, proofs of nothing), and one that grows with the
practice. Two clinics are migrated, and the second part is what the larger one took beyond the smaller.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure
from sandbox.customer import Api, Customer
from sandbox.town import Running, running_town

AREA = "Orchestration and storage"
SERVICES = ("Blob Storage", "Table Storage")
COUNTED = {"kind": "delay", "seconds": 0, "rate": 0}
"""A fault that never strikes: what it matched is how many requests there were."""
EVENTS = """
    CREATE TABLE counted (events INTEGER); INSERT INTO counted VALUES (0);
    CREATE TRIGGER count_events AFTER INSERT ON history BEGIN UPDATE counted SET events = events + 1; END;
"""
"""Counted as they are written: a story that continues as new, or is purged, forgets its own."""
AIM = "aim: under 5,000"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took, up to its proof: ``requests`` by service."""

    records: int
    events: int
    requests: dict[str, int]


def measure(clinics: tuple[int, int]) -> list[Figure]:
    """Figures for the part that every run has, and for what grows with the records."""
    small, large = (asyncio.run(_one(patients)) for patients in clinics)
    more = large.records - small.records
    events = (large.events - small.events) / more
    note = f"between {small.records:,} and {large.records:,} records"
    figures = [
        Figure(
            AREA, "history events of any run", small.events - events * small.records, "events", "none of its records"
        ),
        Figure(AREA, "history events, each further million records", events * 1e6, "events", f"{note}; {AIM}"),
    ]
    for service in SERVICES:
        each = (large.requests[service] - small.requests[service]) / more
        any_run = small.requests[service] - each * small.records
        figures += [
            Figure(AREA, f"{service}, of any run", any_run, "transactions"),
            Figure(AREA, f"{service}, each further 1,000 records", each * 1000, "transactions", note),
        ]
    return figures


async def _one(patients: int) -> Taken:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        town = running_town(home, patients=patients, seed=11, dataverse=["--calm"], storage_weather=True)
        async with town as running:
            return await asyncio.to_thread(_proved, running, home / "town" / "hub.db")


def _proved(running: Running, state: Path) -> Taken:
    with sqlite3.connect(state, timeout=30) as hub:
        hub.executescript(EVENTS)
    for service in SERVICES:
        Api(running.weather[service]).call("POST", "/sandbox/faults", [COUNTED])
    customer = Customer(running.town)
    run = customer.start(customer.request(delta_window_hours=24))
    status = customer.approve_until_delta(run)
    with sqlite3.connect(state, timeout=30) as hub:
        events = int(hub.execute("SELECT events FROM counted").fetchone()[0])
    return Taken(sum(counts["extracted"] for counts in status["objects"].values()), events, _requests(running))


def _requests(running: Running) -> dict[str, int]:
    asked = {service: Api(running.weather[service]).call("GET", "/sandbox/faults") for service in SERVICES}
    return {service: found["faults"][0]["matched"] for service, found in asked.items()}
