"""What a batch sends: what is missing, what differs, and never over what a person changed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.journal.entries import Entry, Page, PageState
from shared.loading import batches
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from tests.shared.mapping.test_compiled import PATIENT

NUMBER = 7


@pytest.fixture
def patients(maps: dict[str, ObjectMap]) -> ObjectMap:
    return maps["patients"]


def sorted_rows(patients: ObjectMap, *records: dict[str, Any]) -> dict[str, Row]:
    return batches.sort_records(patients, records or (PATIENT,)).rows


def there(patients: ObjectMap, row: Row, *, version: str = "v1", **changes: Any) -> dict[str, Any]:
    read = {patients.by_name[name].read: value for name, value in row.values.items()}
    return {**read, "statecode": 0, "statuscode": 1, "importsequencenumber": NUMBER, "@odata.etag": version, **changes}


def decide(patients: ObjectMap, rows: dict[str, Row], present: dict[str, Any], **given: Any) -> batches.Batch:
    return batches.decide(
        patients, rows, present, number=NUMBER, half_done=given.get("half_done"), left=given.get("left", {})
    )


def test_a_row_that_is_missing_is_created_and_an_inactive_one_gets_its_second_write(patients: ObjectMap):
    rows = sorted_rows(patients, PATIENT, {**PATIENT, "id": "P2", "status": "archived"})
    batch = decide(patients, rows, {})
    assert batch.creates == list(rows)
    assert len(rows) == 2
    assert [state[1:] for state in batch.states] == [(1, 2)]
    assert set(batch.touched) == set(rows)


def test_a_repeat_sends_nothing_that_is_there_already(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    batch = decide(patients, rows, {id_: there(patients, row)})
    assert batch == batches.Batch()


def test_a_second_write_lost_in_a_crash_is_made_up_for(patients: ObjectMap):
    rows = sorted_rows(patients, {**PATIENT, "status": "archived"})
    (id_, row), *_ = rows.items()
    page = Page(1, "contact", "lane", 0, PageState.INTENDED, (Entry(id_, None),))
    batch = decide(patients, rows, {id_: there(patients, row)}, half_done=page)
    assert not batch.creates
    assert batch.states == [(id_, 1, 2)]


def test_only_what_differs_is_updated_and_created_on_never(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    present = {id_: there(patients, row, firstname="Old", createdon="2001-01-01T00:00:00Z")}
    batch = decide(patients, rows, present)
    assert batch.updates == [{"contactid": id_, "firstname": "Zoë"}]


def test_a_row_a_person_edited_since_is_left_alone(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    left = {id_: Entry(id_, None, version="v1")}
    edited = there(patients, row, version="v2", firstname="Edited")
    assert decide(patients, rows, {id_: edited}, left=left).conflicts == [id_]
    untouched = there(patients, row, version="v1", firstname="Older")
    assert decide(patients, rows, {id_: untouched}, left=left).conflicts == []


def test_a_batch_that_was_settled_is_not_ours_to_write_over_after_a_crash(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    settled = Page(1, "contact", "lane", 0, PageState.SETTLED, (Entry(id_, None, version="v1"),))
    edited = there(patients, row, version="v2", firstname="Edited meanwhile")
    assert decide(patients, rows, {id_: edited}, half_done=settled).conflicts == [id_]
    assert not batches.is_half_done(settled)


def test_a_batch_that_was_cut_off_goes_on_where_it_was(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    cut_off = Page(1, "contact", "lane", 0, PageState.INTENDED, (Entry(id_, None),))
    half = there(patients, row, version="v1", firstname="Half-way")
    assert decide(patients, rows, {id_: half}, half_done=cut_off).updates
    assert batches.is_half_done(cut_off)


def test_the_first_before_value_wins_on_every_retry(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    first = Page(1, "contact", "lane", 0, PageState.INTENDED, (Entry(id_, {"firstname": "Original"}),))
    half = there(patients, row, firstname="Half-way")
    (entry,) = batches.entries_for(patients, [id_], {id_: half}, half_done=first, left={})
    assert entry.before == {"firstname": "Original"}


def test_a_delta_remembers_what_was_there_before_the_run(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    left = {id_: Entry(id_, None, version="v1")}
    (entry,) = batches.entries_for(patients, [id_], {id_: there(patients, row)}, half_done=None, left=left)
    assert entry.before is None, "the run made this row, so undoing the delta removes it"


def test_before_values_hold_every_column_we_may_change_and_the_state(patients: ObjectMap):
    rows = sorted_rows(patients)
    (id_, row), *_ = rows.items()
    (entry,) = batches.entries_for(patients, [id_], {id_: there(patients, row)}, half_done=None, left={})
    assert entry.before is not None
    assert set(entry.before) == {column.read for column in patients.columns} | {"statecode", "statuscode"}


def test_a_row_was_edited_by_another_only_if_somebody_else_changed_it_last():
    assert batches.edited_by_another({"_modifiedby_value": "THEM"}, us=["us"])
    assert not batches.edited_by_another({"_modifiedby_value": "US"}, us=["us"])
    assert not batches.edited_by_another({}, us=["us"])
    assert not batches.edited_by_another(None, us=["us"])
