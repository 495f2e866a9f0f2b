"""A sample shows every kind of record it can, in one pass, and never more than it may."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.diff.sample import Picker, references
from shared.mapping.model import FieldMap

RECORD = {"id": "1", "first_name": "A", "last_name": "B", "status": "active"}


def picker(mapping: FieldMap, most: int, *wanted: str) -> Picker:
    rule = mapping.rule("patients")
    assert rule is not None
    return Picker(rule.fields, most=most, wanted=frozenset(wanted))


def test_a_rare_value_late_in_the_source_is_in_the_sample(mapping: FieldMap):
    picks = picker(mapping, 10)
    for number in range(5000):
        picks.see({**RECORD, "id": str(number)})
    picks.see({**RECORD, "id": "rare", "status": "archived"})
    picks.see({**RECORD, "id": "empty", "last_name": None})
    chosen = {record["id"] for record in picks.chosen()}
    assert {"rare", "empty"} <= chosen
    assert len(chosen) == 10


def test_records_asked_for_are_always_in_the_sample(mapping: FieldMap):
    picks = picker(mapping, 3, "99")
    for number in range(100):
        picks.see({**RECORD, "id": str(number)})
    assert "99" in {record["id"] for record in picks.chosen()}


@given(
    most=st.integers(min_value=1, max_value=20),
    records=st.lists(st.sampled_from(["active", "archived", "", None, "odd"]), max_size=60),
)
def test_a_sample_is_never_larger_than_asked_and_never_holds_a_record_twice(most: int, records: list[Any]):
    from shared.mapping.propose import propose
    from tests.shared.conftest import CHOICES, INVENTORY

    picks = picker(propose(INVENTORY, CHOICES), most)
    for number, status in enumerate(records):
        picks.see({**RECORD, "id": str(number), "status": status})
    ids = [record["id"] for record in picks.chosen()]
    assert len(ids) == len(set(ids)) == min(most, len(records))


def test_references_leave_out_what_is_empty():
    assert references([{"p": "1"}, {"p": None}, {"p": ""}, {}, {"p": "1"}], "p") == {"1"}
