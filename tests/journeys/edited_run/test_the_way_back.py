"""Everything goes back whatever was edited and repaired, and the lineage says when."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.journeys.edited_run.conftest import Case

BY_HAND = "+61 400 000 000"
NEVER = str(uuid.UUID(int=5))


@pytest.fixture(scope="module")
def back(case: Case) -> dict[str, Any]:
    """A row is edited once more, then the run is rolled back."""
    edited = case.in_order("contact")[6]["contactid"]
    case.somebody.changes("contacts", edited, mobilephone=BY_HAND)
    case.customer.ask(case.run, "rollback")
    return {"edited": edited, **case.customer.until(case.run, phase="rolled-back")["rollback"]}


def test_r146_everything_goes_back_whatever_was_repaired(back: dict[str, Any]):
    left = {(table, why) for table, _, why in (line.values() for line in back["listed"])}
    assert {table for table, _ in left} <= {"contact", "account", "schema"}


def test_n25_after_the_way_back_it_says_when_the_row_went(case: Case, back: dict[str, Any]):
    gone = case.refused(404, "row-rolled-back", "contact", case.moved)
    assert datetime.fromisoformat(gone["rolled_back_at"]) > datetime.fromisoformat(case.first["at"])
    assert "was undone" in gone["detail"]
    assert "edited-since" in case.refused(404, "row-rolled-back", "contact", back["edited"])["detail"]
    case.refused(404, "unknown-row", "contact", NEVER)
