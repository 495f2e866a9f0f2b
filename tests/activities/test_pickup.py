"""How a pickup reads an object: by time where there is one, by comparison where there is none (N13, A28)."""

from __future__ import annotations

from typing import Any

import pytest

from activities.pickup import COMPARE, LIST, SETTLE, SINCE, begun, is_timeless
from shared.runs.model import LaneProgress, Run

LANE = LaneProgress("extract", "delta-0002", "patients")
API: dict[str, Any] = {"kind": "api", "base_url": "https://practice.example"}
BUNDLE: dict[str, Any] = {"kind": "bundle", "blob": "first.zip"}


def _begun(source: dict[str, Any], earlier: dict[str, Any], **columns: Any) -> dict[str, Any]:
    run = Run("r" + "0" * 20, {"source": source}, **columns)
    return begun(run, LANE, LaneProgress("extract", "delta-0001", "patients", notes=earlier))


@pytest.mark.parametrize(
    ("source", "earlier", "columns", "stage", "lists"),
    [
        (API, {}, {}, SINCE, False),  # the timer
        (API, {}, {"lists_in": "delta-0002"}, SINCE, True),  # a person, or the window closes
        (API, {}, {"lists_in": "delta-0001"}, SINCE, False),
        (API, {"timeless": True}, {}, COMPARE, True),
        (BUNDLE, {"bundle": "first.zip"}, {}, SETTLE, False),  # nothing new can be in it
        (BUNDLE, {"bundle": "first.zip"}, {"bundle": "second.zip"}, COMPARE, True),
        (BUNDLE, {"bundle": "second.zip"}, {"bundle": "second.zip", "lists_in": "delta-0002"}, SETTLE, False),
    ],
)
def test_n13_a_source_is_asked_what_changed_or_compared_where_it_cannot_be(
    source: dict[str, Any], earlier: dict[str, Any], columns: dict[str, Any], stage: str, lists: bool
):
    notes = _begun(source, earlier, **columns)
    assert (notes["stage"], notes["lists"]) == (stage, lists)
    assert LIST not in notes.values()


def test_n13_what_is_gone_and_when_all_was_seen_go_on_from_pickup_to_pickup():
    notes = _begun(API, {"gone": "r/gone/delta-0001/patients", "complete": "delta-0001", "counts": {"created": 3}})
    assert notes["gone"] == "r/gone/delta-0001/patients"
    assert (notes["complete"], notes["complete_before"]) == ("delta-0001", "delta-0001")
    assert notes["counts"] == {}
    assert _begun(API, {})["complete_before"] == "base"


@pytest.mark.parametrize(
    ("said", "timeless"),
    [
        ("2026-01-05T09:00:00+11:00", False),
        ("2026-01-05T09:00:00", True),  # nobody knows which instant that is
        ("yesterday", True),
        (None, True),
    ],
)
def test_n13_a_record_without_a_sound_time_of_change_makes_its_object_be_compared(said: str | None, timeless: bool):
    assert is_timeless([{"id": "1", "updated_at": "2026-01-05T09:00:00Z"}, {"id": "2", "updated_at": said}]) == timeless
