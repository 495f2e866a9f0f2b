"""Any one column of any object, changed at the target, is reported under its name, and nothing else is (N1)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.diff.compare import Outcome, Scales
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row

LINKS = {"patient_id": "P1", "plan_id": "TP1", "invoice_id": "I1", "payment_id": "PM1", "name": "As it is"}


def record_of(object_map: ObjectMap) -> dict[str, Any]:
    """The least record that this rule, and no other, makes a row of."""
    told = {field: next(iter(v for v in values if v not in ("*", "")), "x") for field, values in object_map.rule.only}
    small = {"size": 10, "content_type": "image/png", "file_id": "F1"} if object_map.source == "attachments" else {}
    return {"id": "X1", **LINKS, "created_at": "2024-05-06T07:08:09Z", "amount": "12.34", **small, **told}


def there(object_map: ObjectMap, row: Row) -> dict[str, Any]:
    values = {object_map.by_name[name].read: value for name, value in row.values.items()}
    return values | {"statecode": row.state[0], "statuscode": row.state[1]}


def other(value: Any) -> Any:
    """A value that is wrong by as little as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return round(value + 0.01, 2) if isinstance(value, float) else value + 1
    if isinstance(value, str) and value:
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    return "something" if value is None else None


def test_n1_one_changed_column_of_any_object_is_reported_and_nothing_else_is(every: dict[str, ObjectMap]):
    weighed = 0
    for name, object_map in every.items():
        record = record_of(object_map)
        rows = object_map.rows(record)
        assert isinstance(rows, list), (name, rows)
        present = there(object_map, rows[0])
        assert Scales(object_map).weigh(rows[0], present, record) == [], name
        for column in object_map.columns:
            changed = present | {column.read: other(present[column.read])}
            assert Scales(object_map).weigh(rows[0], changed, record) == [(column.name, Outcome.DIFFERS)], name
            weighed += 1
        if object_map.has_state:
            moved = present | {"statecode": 1 - min(rows[0].state[0], 1)}
            assert [wrong for wrong, _ in Scales(object_map).weigh(rows[0], moved, record)] == ["statecode"], name
    assert weighed > 300


@pytest.mark.parametrize("value", ["", "0", 0, False])
def test_n1_nothing_is_not_the_same_as_something_that_looks_like_it(every: dict[str, ObjectMap], value: Any):
    object_map = every["patients"]
    record = record_of(object_map)
    rows = object_map.rows(record)
    assert isinstance(rows, list)
    empty = next(column for column in object_map.columns if rows[0].values[column.name] is None)
    changed = there(object_map, rows[0]) | {empty.read: value}
    assert Scales(object_map).weigh(rows[0], changed, record) == [(empty.name, Outcome.DIFFERS)]
