"""Change one field and exactly that field is reported."""

from __future__ import annotations

from typing import Any

import pytest

from shared.diff.compare import Outcome, Scales, compare, masked
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
        assert [outcome.column for outcome in outcomes if outcome.outcome.wrong] == [name]


def test_the_state_is_compared_too(maps: dict[str, ObjectMap], row: Row):
    outcomes = compare(maps["patients"], row, there(maps, row) | {"statecode": 1})
    assert [outcome.column for outcome in outcomes if outcome.outcome.wrong] == ["statecode"]


def test_a_row_that_is_not_there_misses_every_field(maps: dict[str, ObjectMap], row: Row):
    assert {outcome.outcome for outcome in compare(maps["patients"], row, None)} == {Outcome.MISSING}


def test_n1_what_a_rule_made_of_a_value_is_told_apart_from_what_was_taken_over(maps: dict[str, ObjectMap], row: Row):
    outcomes = {o.column: o.outcome for o in compare(maps["patients"], row, there(maps, row), PATIENT)}
    assert outcomes["lastname"] is Outcome.EQUAL
    assert outcomes["ownerid"] is Outcome.EQUAL_AFTER
    assert set(outcomes.values()) == {Outcome.EQUAL, Outcome.EQUAL_AFTER}


def test_n1_weighing_counts_what_comparing_lists(maps: dict[str, ObjectMap], row: Row):
    columns = maps["patients"].by_name
    for name, value in [("", None), *row.values.items()]:
        present = there(maps, row)
        if name:
            present[columns[name].read] = f"{value}x" if isinstance(value, str) else 424242
        listed = compare(maps["patients"], row, present, PATIENT)
        scales = Scales(maps["patients"])
        assert scales.weigh(row, present, PATIENT) == [(o.column, o.outcome) for o in listed if o.outcome.wrong]
        assert sum(scales.equal) == sum(o.outcome is Outcome.EQUAL for o in listed)
        assert sum(scales.after) == sum(o.outcome is Outcome.EQUAL_AFTER for o in listed)


def test_the_digest_changes_with_any_value_and_not_with_the_order(maps: dict[str, ObjectMap], row: Row):
    def digest(*changes: dict[str, Any]) -> int:
        scales = Scales(maps["patients"])
        for change in changes:
            scales.weigh(row, there(maps, row) | change, PATIENT)
        return scales.digest

    one, other = {"lastname": "A"}, {"lastname": "B"}
    assert digest(one, other) == digest(other, one)
    assert digest(one) != digest(other)
    scales = Scales(maps["patients"])
    for times in (1, -1):
        scales.weigh(row, there(maps, row), PATIENT, times=times)
    assert (scales.digest, sum(scales.equal), sum(scales.after)) == (0, 0, 0)


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


def test_a_row_that_was_there_before_keeps_the_moment_it_was_made(maps: dict[str, ObjectMap], row: Row):
    present = there(maps, row) | {"createdon": "1999-01-01T00:00:00Z"}
    assert [o.column for o in compare(maps["patients"], row, present) if o.outcome.wrong] == ["createdon"]
    assert not any(o.outcome.wrong for o in compare(maps["patients"], row, present, kept=True))
    scales = Scales(maps["patients"])
    assert scales.weigh(row, present, PATIENT, kept=True) == []
    assert scales.kept == 1
