"""Recall on a set of mutants: whatever a wrong rule would break anywhere in the practice, it breaks in the sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.corepractice.catalog import known_field
from shared.corepractice.fields import SourceField
from shared.mapping.model import FieldMap
from shared.schema.model import Kind
from tests.shared.diff.practices import MAPPING, Chosen, Practice, ordinary

Mutant = tuple[str, str, Callable[[dict[str, Any]], bool]]
"""A name, the source object, and whether a record comes out otherwise under the wrong rule."""


def clinic(seed: int) -> Practice:
    """Thousands of records of which each field has values of its own, some of them on a single record."""
    chance = random.Random(seed)
    practice = ordinary(500)
    staff = [practice.put("staff", first_name=f"S{number}")["id"] for number in range(9)]
    rules = {rule.source: rule for rule in MAPPING.objects if rule.source in practice.records}
    for source in ("patients", "appointments", "treatments", "invoices", "payments", "notes", "insurance_policies"):
        rule, records = rules[source], practice.records[source]
        for name in dict.fromkeys(field.source for field in rule.fields if field.source and not field.refers_to):
            field = known_field(source, name)
            if field is None or name == "id":
                continue
            for record in chance.sample(records, 3):
                record[name] = _value(field, chance)
            chance.choice(records)[name] = None
        if rule.owner_from:
            for one in staff:
                chance.choice(records)[rule.owner_from] = one
    return practice


def _value(field: SourceField, chance: random.Random) -> Any:
    if field.kind is Kind.CHOICE:
        return chance.choice(field.values or ("resin",))
    day = f"{chance.randrange(1930, 2030)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    return {
        Kind.BOOLEAN: chance.random() < 0.5,
        Kind.INTEGER: chance.randrange(1, 500),
        Kind.DECIMAL: round(chance.random() * 9, 2),
        Kind.MONEY: f"{chance.randrange(1, 9000)}.50",
        Kind.DATE: day,
        Kind.INSTANT: f"{day}T{chance.randrange(24):02}:30:00+10:00",
    }.get(field.kind, "".join(chance.choice("abc d") for _ in range(chance.randrange(1, 45))).strip() or "a")


def mutants(mapping: FieldMap, practice: Practice) -> Iterator[Mutant]:
    """A wrong pick-list value, an owner who is somebody else, a null that is something, a text that is cut, an end of
    a range that is refused, a field that is dropped."""
    for rule in mapping.objects:
        records = practice.records.get(rule.source, [])
        for field in rule.fields:
            name = field.source
            if not name or name == "id" or name.startswith("insurance."):
                continue
            where = f"{rule.object}.{name}"
            yield f"{where} dropped", rule.source, lambda r, n=name: r.get(n) not in (None, "")
            yield f"{where}: null is something", rule.source, lambda r, n=name: r.get(n) is None
            values = {record.get(name) for record in records} - {None, ""}
            if not values or field.refers_to:
                continue
            for value, _ in field.choices:
                yield f"{where}={value} wrong", rule.source, lambda r, n=name, v=value: str(r.get(n)).lower() == v
            if field.kind in (Kind.TEXT, Kind.MEMO):
                longest = max(len(str(value)) for value in values)
                yield f"{where} cut", rule.source, lambda r, n=name, m=longest: len(str(r.get(n) or "")) >= m
            if field.kind is Kind.DATE:
                for end in (min(values), max(values)):
                    yield f"{where} ends at {end}", rule.source, lambda r, n=name, e=end: r.get(n) == e
        for one in practice.records["staff"] if rule.owner_from else ():
            yield (
                f"{one['id']} owns nothing", rule.source,
                lambda r, n=rule.owner_from, s=one["id"]: r.get(n) == s,
            )  # fmt: skip


def breaks(records: Chosen, mutant: Mutant) -> bool:
    _, source, differs = mutant
    return any(differs(record) for record in records.get(source, ()))


@pytest.mark.parametrize("seed", range(3))
def test_n23_what_a_wrong_rule_breaks_anywhere_it_breaks_in_the_sample(seed: int):
    practice = clinic(seed)
    chosen, coverage = practice.sample(500)
    deadly = [mutant for mutant in mutants(MAPPING, practice) if breaks(practice.records, mutant)]
    assert len(deadly) > 300
    survivors = {name for name, *_ in (mutant for mutant in deadly if not breaks(chosen, mutant))}
    # What is not in the sample is said, with the reason.
    owners = {name for name in survivors if name.endswith("owns nothing")}
    assert survivors - owners == set()
    assert not coverage["objects"]["staff"]["features"]["providers"]["uncovered"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2024-04-07T02:30:00+11:00", "2024-04-07T02:30:00+10:00"),
        ("2022-10-02T01:30:00+10:00", "2022-10-02T03:30:00+11:00"),
    ],
)
@pytest.mark.parametrize("source", ["appointments", "notes"])
def test_n15_n23_an_hour_that_is_wrong_beside_a_change_of_the_clocks_shows(source: str, before: str, after: str):
    practice = ordinary(600)
    field = "starts_at" if source == "appointments" else "noted_at"
    ids = [
        practice.put(source, at, patient_id=f"patients-{at}", **{field: time})["id"]
        for at, time in ((100, before), (300, after))
    ]
    chosen, coverage = practice.sample(100)
    assert set(ids) <= {record["id"] for record in chosen[source]}
    sides = coverage["objects"]["practice"]["features"]["clock changes"]
    assert (sides["there"], sides["covered"]) == (2, 2)
    assert datetime.fromisoformat(after) - datetime.fromisoformat(before) == timedelta(hours=1)
