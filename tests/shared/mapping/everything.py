"""A practice with every object of the brief, mapped and compiled, for tests that say what each record becomes."""

from __future__ import annotations

from typing import Any

from shared.mapping.choices import Choices
from shared.mapping.compiled import ObjectMap, compile_objects
from shared.mapping.composed.circumstances import Circumstances
from shared.mapping.crosswalk import Crosswalk, index
from shared.mapping.model import FieldMap
from shared.mapping.rows import Row
from tests.shared.conftest import ALLOWED, FALLBACK, USER, made

CURRENCY = "00000000-0000-4000-8000-0000000000cc"
EVERY = Choices("bw", "here", allowed=ALLOWED)
KNOWN = {
    "locations": ["L1"], "referrers": ["R1"], "staff": ["S1", "S2"], "patients": ["P1", "P2"], "appointments": ["A1"],
    "treatments": ["T1"], "treatment_plans": ["TP1"], "invoices": ["I1"], "payments": ["PM1"],
    "payers": ["medibank private"],
}  # fmt: skip


def compiled(mapping: FieldMap, **known: list[str]) -> dict[str, ObjectMap]:
    crosswalk = Crosswalk(
        "here", FALLBACK, users={"S1": USER}, known={name: index(ids) for name, ids in {**KNOWN, **known}.items()},
        sources={rule.object: rule.source for rule in mapping.objects},
    )  # fmt: skip
    return compile_objects(mapping, made(mapping), Circumstances("here", crosswalk, currency=CURRENCY))


def row(object_map: ObjectMap, **record: Any) -> Row:
    result = object_map.rows({"id": "X1", "patient_id": "P1", **record})
    assert isinstance(result, list), result
    return result[0]


def label(object_map: ObjectMap, found: Row, column: str) -> str:
    return str(object_map.readable(column, found.values[column]))
