"""What it costs to make a record's JSON into a row's, against reading and writing the same record. The aim is at most
three times that. Beside it stands what the same row costs if every value is taken over as it is: the least that
interpreted code can take, however little it does.

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
from shared.mapping.compiled import NUMBER, ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.propose import propose
from shared.mapping.straight import Plain, Values, Wire, values_of, wire_of
from shared.mapping.wanted import tables
from shared.schema.model import Field, Kind, Option, Table
from shared.vocabulary import row_id

AREA = "The map"
MOST = 20_000
"""Records of one object."""
FALLBACK_OWNER = "00000000-0000-4000-8000-00000000000f"
ROUNDS = 3
"""Each figure is the best of so many: what disturbs a measurement only ever makes it slower."""


def measure(*, records: int) -> list[Figure]:
    """For every object: source JSON into target JSON, and how many times a JSON round trip of the same that is."""
    practice = Practice(Clinic(patients=records, seed=11))
    return [figure for object_map in _maps(practice).values() for figure in _of(object_map, practice)]


def _of(object_map: ObjectMap, practice: Practice) -> list[Figure]:
    if object_map.source not in practice.objects:
        return []  # made of what other objects say
    lines = [orjson.dumps(record) for record in _records(practice, object_map.source)]
    taken = [line for line in lines if isinstance(object_map.rows(orjson.loads(line)), list)][:MOST]
    if not taken:
        return []

    def through_json() -> None:
        for line in taken:
            orjson.dumps(orjson.loads(line))

    def into_wire() -> None:
        for line in taken:
            rows = object_map.rows(orjson.loads(line))
            assert isinstance(rows, list)
            for row in rows:
                orjson.dumps(object_map.to_create(row, 1))

    values, wire = _taken_over(object_map)
    system, id_of = "bench", object_map.object

    def taken_over() -> None:
        for line in taken:
            record = orjson.loads(line)
            orjson.dumps(wire(row_id(system, id_of, record["id"]), 1, values(record)))

    plain, mapped, least = _best(through_json), _best(into_wire), _best(taken_over)
    name, columns = object_map.object.replace("_", " "), f"{len(object_map.columns)} columns"
    return [
        Figure(AREA, "records/s", len(taken) / mapped, "records/s", columns, row=name),
        Figure(AREA, "times JSON there and back", mapped / plain, "times", row=name),
        Figure(AREA, "times, if no value had to change", least / plain, "times", row=name),
    ]


def _taken_over(object_map: ObjectMap) -> tuple[Values, Wire]:
    """The straight lines of an object as they would be if each column were a field of the record, just as it is."""
    columns = [column for column in object_map.columns if not column.at_closing]
    values = values_of((column.name, Plain(column.source, str, fits="True")) for column in columns)
    return values, wire_of(object_map.table.primary_id, NUMBER, [(replace(one, bind=""), None) for one in columns])


def _best(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
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
