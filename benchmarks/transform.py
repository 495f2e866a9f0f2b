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
from shared.corepractice.catalog import OBJECTS
from shared.corepractice.inventory import ObjectProfile
from shared.mapping.choices import Choices
from shared.mapping.compiled import ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.propose import propose
from shared.mapping.rows import Row
from shared.mapping.wanted import tables
from shared.schema.model import Field, Kind, Option, Table

AREA = "The map"
MEASURED = ("patients", "treatments", "invoices", "notes", "phone_calls")
FALLBACK_OWNER = "00000000-0000-4000-8000-00000000000f"
ROUNDS = 3
"""Each figure is the best of so many: what disturbs a measurement only ever makes it slower."""


def measure(*, records: int) -> list[Figure]:
    """Records a second into wire form, and how many times a JSON round trip of the same records that is."""
    practice = Practice(Clinic(patients=records, seed=11))
    maps = _maps(practice)
    return [figure for name in MEASURED for figure in _of(maps[name], _records(practice, maps[name].source))]


def _of(object_map: ObjectMap, records: list[dict[str, Any]]) -> list[Figure]:
    def mine(record: dict[str, Any]) -> list[Row]:
        found = object_map.rows(record)
        return found if isinstance(found, list) else []

    taken = [record for record in records if mine(record)]
    lines = [orjson.dumps(record) for record in taken]
    assert taken, "some records should become rows"

    def through_json() -> None:
        for line in lines:
            orjson.dumps(orjson.loads(line))

    def into_wire() -> None:
        for record in taken:
            for row in mine(record):
                object_map.to_create(row, 1)

    plain, mapped = _best(through_json) / len(taken), _best(into_wire) / len(taken)
    name = object_map.object.replace("_", " ")
    columns = f"{len(object_map.columns)} columns"
    return [
        Figure(AREA, f"{name} into wire form", 1 / mapped, "records/s", columns),
        Figure(AREA, f"{name}, against JSON there and back", mapped / plain, "times"),
    ]


def _best(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _maps(practice: Practice) -> dict[str, ObjectMap]:
    """The maps as the app would propose and compile them for this very practice."""
    found = {known.name: _records(practice, known.name) for known in OBJECTS}
    inventory = {
        "objects": {
            name: {"records": len(records), "fields": _profile(name, records)} for name, records in found.items()
        }
    }
    mapping = propose(inventory, Choices("bw", "bench", allowed=(("health", "a benchmark"),)))
    live = {table.name: _made(table) for table in tables(mapping)}
    live["systemuser"] = Table("systemuser", "systemusers", "systemuserid", "fullname")
    live["transactioncurrency"] = Table("transactioncurrency", "transactioncurrencies", "transactioncurrencyid", "name")
    known = {name: index(str(record["id"]) for record in records) for name, records in found.items()}
    crosswalk = Crosswalk("bench", FALLBACK_OWNER, known=known)
    return compile_objects(mapping, live, Circumstances("bench", crosswalk))


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
    fields = [_live(field) for field in table.fields]
    if any(field.kind is Kind.MONEY for field in fields):
        link = (("transactioncurrency", "transactioncurrencyid"),)
        fields.append(Field("transactioncurrencyid", Kind.LOOKUP, navigation=link))
    return replace(table, fields=tuple(fields))


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
