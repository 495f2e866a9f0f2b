"""A small practice and a live target that fits it, for tests of what comes between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.corepractice.catalog import OBJECTS
from shared.mapping.choices import Choices
from shared.mapping.compiled import ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.model import FieldMap
from shared.mapping.propose import propose
from shared.mapping.wanted import tables
from shared.schema.model import Field, Kind, Option, Table

FALLBACK = "00000000-0000-4000-8000-00000000000f"
USER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def service(azurite: str) -> AsyncIterator[TableServiceClient]:
    """The tables of the test process's storage account."""
    async with TableServiceClient.from_connection_string(azurite) as client:
        yield client


def profile(kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "max_length": 10, **more}


INVENTORY: dict[str, Any] = {
    "objects": {
        "locations": {"fields": {"id": profile(), "name": profile(), "active": profile("boolean")}},
        "referrers": {"fields": {"id": profile(), "practice_name": profile()}},
        "staff": {
            "fields": {
                "id": profile(),
                "first_name": profile(),
                "role": profile("choice", values={"dentist": 2, "oral_health_therapist": 1}),
                "location_id": profile(),
                "active": profile("boolean"),
            }
        },
        "patients": {
            "fields": {
                "id": profile(),
                "first_name": profile(),
                "last_name": profile(),
                "date_of_birth": profile("date"),
                "medicare_number": profile(sensitivity="government"),
                "status": profile("choice", values={"active": 3, "archived": 1}),
                "marketing_consent": profile("boolean"),
                "provider_id": profile(),
                "referrer_id": profile(),
                "created_at": profile("instant"),
                "custom_fields.how_heard": profile("choice", values={"a_b": 1, "a b": 1}),
                "custom_fields.recall_months": profile("integer"),
                "custom_fields.story": profile(max_length=3000),
            }
        },
        "appointments": {
            "fields": {
                "id": profile(),
                "patient_id": profile(),
                "provider_id": profile(),
                "starts_at": profile("instant"),
                "type": profile("choice", values={"check_up": 5}),
                "status": profile("choice", values={"failed_to_attend": 1, "booked": 1}),
            }
        },
        "medical_histories": {"fields": {"id": profile()}},
    }
}
ALLOWED = (("government", "for claims"), ("health", "the practice goes on treating them"))
CHOICES = Choices("bw", "here", allowed=(("health", "the practice goes on treating them"),))


def _profiles(name: str) -> dict[str, Any]:
    known = next(one for one in OBJECTS if one.name == name)
    return {
        field.name: {
            "kind": field.kind.value,
            "sensitivity": field.sensitivity.value,
            "max_length": 40,
            **({"values": dict.fromkeys(field.values or ("resin",), 3)} if field.kind is Kind.CHOICE else {}),
        }
        for field in known.fields
    }


EVERYTHING: dict[str, Any] = {
    "objects": {one.name: {"records": 100, "known": True, "fields": _profiles(one.name)} for one in OBJECTS}
}
"""A practice that has every object and field of the catalogue."""


@pytest.fixture
def mapping() -> FieldMap:
    return propose(INVENTORY, CHOICES)


@pytest.fixture
def live(mapping: FieldMap) -> dict[str, Table]:
    """The wanted tables as a target would describe them once they are made."""
    return made(mapping)


def made(mapping: FieldMap) -> dict[str, Table]:
    there = {table.name: _made(table) for table in tables(mapping)}
    there["systemuser"] = Table("systemuser", "systemusers", "systemuserid", "fullname")
    there["transactioncurrency"] = Table(
        "transactioncurrency", "transactioncurrencies", "transactioncurrencyid", "currencyname"
    )
    return there


def _made(table: Table) -> Table:
    fields = [_live(field) for field in table.fields]
    fields += [Field(name, Kind.INTEGER) for name in ("importsequencenumber", "modifiedby")]
    if table.name != "annotation":
        fields += [Field("statecode", Kind.STATE), Field("statuscode", Kind.STATUS)]
    if any(field.kind is Kind.MONEY for field in fields):
        navigation = (("transactioncurrency", "transactioncurrencyid"),)
        fields.append(Field("transactioncurrencyid", Kind.LOOKUP, navigation=navigation))
    return replace(table, fields=tuple(fields))


def _live(field: Field) -> Field:
    options = tuple(Option(727000000 + number, option.label) for number, option in enumerate(field.options))
    schema_name = field.schema_name or field.name
    several = len(field.targets) > 1 or field.name == "parentcustomerid"
    navigation = tuple((t, f"{schema_name}_{t}" if several else schema_name) for t in field.targets)
    length = field.max_length or (50 if field.kind is Kind.TEXT else None)
    return replace(field, options=options, navigation=navigation, max_length=length)


@pytest.fixture
def crosswalk() -> Crosswalk:
    ids = {"locations": ["L1"], "referrers": ["R1", "R2"], "staff": ["S1", "S2"], "patients": ["P1", "P2"]}
    return Crosswalk(
        "here", FALLBACK, users={"S1": USER}, aliases={"R2": "R1"}, known={n: index(i) for n, i in ids.items()}
    )


@pytest.fixture
def maps(mapping: FieldMap, live: dict[str, Table], crosswalk: Crosswalk) -> dict[str, ObjectMap]:
    return compile_objects(mapping, live, Circumstances("here", crosswalk))
