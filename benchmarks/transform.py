"""What it costs to work out a row, against reading and writing the same record as JSON, which nobody can avoid.

In this process, on one core, without a network: the share of a migration that only better code can shrink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from benchmarks.figures import Figure
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from shared.corepractice import answers
from shared.corepractice.inventory import ObjectProfile
from shared.mapping.compiled import ObjectMap, Row, compile_objects
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.propose import propose
from shared.mapping.wanted import tables
from shared.schema.model import Field, Kind, Option, Table

AREA = "The map"
OBJECTS = ("locations", "referrers", "staff", "patients")
FALLBACK_OWNER = "00000000-0000-4000-8000-00000000000f"
ROUNDS = 3
"""Each figure is the best of so many: what disturbs a measurement only ever makes it slower."""


def measure(*, records: int) -> list[Figure]:
    """Patients a second into rows and into wire form, and how many times a JSON round trip that is."""
    practice = Practice(Clinic(patients=records, seed=11))
    object_map = _patients(practice)
    patients = _records(practice, "patients")
    lines = [orjson.dumps(patient) for patient in patients]

    def through_json() -> None:
        for line in lines:
            orjson.dumps(orjson.loads(line))

    def into_rows() -> None:
        for patient in patients:
            object_map.row(patient)

    rows = [row for patient in patients if isinstance(row := object_map.row(patient), Row)]
    assert len(rows) > 0.9 * len(patients), "most patients should become rows"

    def into_wire() -> None:
        for row in rows:
            object_map.to_create(row, 1)

    plain = _best(through_json) / len(lines)
    mapped = _best(into_rows) / len(patients)
    wired = _best(into_wire) / len(rows)
    columns = f"{len(object_map.columns)} columns"
    return [
        Figure(AREA, "patients, orjson there and back", 1 / plain, "records/s", "the yardstick"),
        Figure(AREA, "patients into rows", 1 / mapped, "records/s", columns),
        Figure(AREA, "rows into wire form", 1 / wired, "rows/s"),
        Figure(AREA, "record to wire, against the yardstick", (mapped + wired) / plain, "times"),
    ]


def _best(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _patients(practice: Practice) -> ObjectMap:
    """The map as the app would propose and compile it for this very practice."""
    found = {name: _records(practice, name) for name in OBJECTS}
    inventory = {"objects": {name: {"fields": _profile(name, records)} for name, records in found.items()}}
    mapping = propose(inventory, prefix="bw", source_system="bench", default_account=True)
    live = {table.name: _made(table) for table in tables(mapping)}
    live["systemuser"] = Table("systemuser", "systemusers", "systemuserid", "fullname")
    known = {name: index(str(record["id"]) for record in records) for name, records in found.items()}
    return compile_objects(mapping, live, Crosswalk("bench", FALLBACK_OWNER, known=known))["patients"]


def _records(practice: Practice, name: str) -> list[dict[str, Any]]:
    """As the app's client reads them off a page."""
    content = orjson.dumps({"data": list(practice.all(name)), "next_cursor": None})
    return [dict(record) for record in answers.page(name, content).records]


def _profile(name: str, records: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    profile = ObjectProfile(name)
    for record in records:
        profile.add(record)
    return profile.document()


def _made(table: Table) -> Table:
    """A wanted table as a target describes it once it is made."""
    return replace(table, fields=tuple(_live(field) for field in table.fields))


def _live(field: Field) -> Field:
    schema_name = field.schema_name or field.name
    several = len(field.targets) > 1 or field.name == "parentcustomerid"
    return replace(
        field,
        options=_numbered(field.options),
        navigation=tuple((t, f"{schema_name}_{t}" if several else schema_name) for t in field.targets),
        max_length=field.max_length or (100 if field.kind is Kind.TEXT else None),
    )


def _numbered(options: Sequence[Option]) -> tuple[Option, ...]:
    return tuple(Option(727_000_000 + number, option.label) for number, option in enumerate(options))
