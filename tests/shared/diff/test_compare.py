"""Change one field and exactly that field is reported."""

from __future__ import annotations

from typing import Any

import pytest

from shared.diff.compare import Outcome, compare, masked
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from tests.shared.mapping.test_compiled import PATIENT


@pytest.fixture
def row(maps: dict[str, ObjectMap]) -> Row:
    found = maps["patients"].rows(PATIENT)
    assert isinstance(found, list)
    return found[0]


def there(maps: dict[str, ObjectMap], row: Row) -> dict[str, Any]:
    columns = maps["patients"].by_name
    return {columns[name].read: value for name, value in row.values.items()} | {"statecode": 0}


def test_a_row_as_it_should_be_has_no_difference(maps: dict[str, ObjectMap], row: Row):
    outcomes = compare(maps["patients"], row, there(maps, row))
    assert {outcome.outcome for outcome in outcomes} == {Outcome.EQUAL}
    assert len(outcomes) == len(row.values) + 1


def test_n1_any_one_changed_field_is_reported_and_nothing_else_is(maps: dict[str, ObjectMap], row: Row):
    columns = maps["patients"].by_name
    for name, value in row.values.items():
        changed = there(maps, row)
        changed[columns[name].read] = f"{value}x" if isinstance(value, str) else 424242
        outcomes = compare(maps["patients"], row, changed)
        assert [outcome.column for outcome in outcomes if outcome.outcome is not Outcome.EQUAL] == [name]


def test_the_state_is_compared_too(maps: dict[str, ObjectMap], row: Row):
    outcomes = compare(maps["patients"], row, there(maps, row) | {"statecode": 1})
    assert [outcome.column for outcome in outcomes if outcome.outcome is not Outcome.EQUAL] == ["statecode"]


def test_a_row_that_is_not_there_misses_every_field(maps: dict[str, ObjectMap], row: Row):
    assert {outcome.outcome for outcome in compare(maps["patients"], row, None)} == {Outcome.MISSING}


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Zoë O'Neill", "aaa a'aaaaa"),
        ("0412 345 678", "9999 999 999"),
        (None, None),
        (12, "99"),
        ("x" * 50, "a" * 40 + "…"),
    ],
)
def test_a_masked_value_shows_its_shape_only(value: Any, shape: str | None):
    assert masked(value) == shape
