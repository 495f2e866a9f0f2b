"""How much a table can hold."""

from __future__ import annotations

import pytest

from shared.schema.gaps import AddField, CreateTable, gaps
from shared.schema.model import Field, Kind, Table
from shared.schema.room import notices, too_many


def wide(count: int, *, kind: Kind = Kind.INTEGER, first: int = 0, table: str = "bw_wide") -> Table:
    fields = tuple(
        Field(f"bw_c{number}", kind, f"bw_C{number}", f"C {number}", max_length=100, custom=True)
        for number in range(first, first + count)
    )
    return Table(table, f"{table}s", f"{table}id", "bw_name", f"{table}", "Wide", fields=fields, custom=True)


@pytest.mark.parametrize(("count", "blocked"), [(200, False), (800, False), (801, True)])
def test_r105_a_table_takes_eight_hundred_custom_columns_and_no_more(count: int, blocked: bool) -> None:
    found = gaps([wide(count)], {})
    assert [blocker.table for blocker in found.blockers] == (["bw_wide"] if blocked else [])
    if blocked:
        assert "would have 801 custom columns, of at most 800" in found.blockers[0].text
        assert "Exclude custom fields by name" in found.blockers[0].text


def test_columns_that_are_there_already_count_once() -> None:
    assert too_many(wide(500), wide(500)) == ""
    assert too_many(wide(500), wide(301, first=500))


def test_two_hundred_columns_are_each_a_step_and_nothing_to_worry_about() -> None:
    found = gaps([wide(200, kind=Kind.TEXT)], {})
    assert [type(step) for step in found.steps] == [CreateTable] + [AddField] * 200
    assert found.blockers == found.notices == ()


def test_many_columns_are_a_notice_that_stops_nothing() -> None:
    found = gaps([wide(301)], {})
    assert not found.blockers
    assert ["301 custom columns" in notice.text for notice in found.notices] == [True]


def test_records_that_could_outgrow_their_page_are_a_notice() -> None:
    texts = [notice.text for notice in notices(wide(400, kind=Kind.TEXT), None)]
    assert any("9,600 bytes, of 8,060" in text for text in texts)
    assert notices(wide(300, kind=Kind.TEXT), None) == ()
