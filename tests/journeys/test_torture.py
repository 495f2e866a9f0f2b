"""A short torture: the app dies again and again in one run, storage, source and target fail in every way they know, and
its host's disk is full now and then. ``python -m torture`` does the same at every point, and takes its time."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.journeys.conftest import PEOPLE, knowing
from torture.story import Told, Trouble, tell
from torture.weather import weather

ONE_IN = "100:0"
"""A share of the points, so of all that a run has: another share with every change of the code."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A whole run and all the way back."""
    home = tmp_path_factory.mktemp("torture")
    (home / "deaths").touch()
    trouble = Trouble(home / "deaths", ONE_IN, weather(stall=1.5, storm=3), disk="90:0.5")
    return tell(home, patients=12, trouble=trouble, corepractice=knowing(*PEOPLE, "communications", "attachments"))


def test_n11_it_really_died_and_everything_else_really_failed(told: Told):
    assert told.lives > 5
    for place in ("Core Practice", "Dataverse", "Blob Storage", "Table Storage"):
        assert sum(told.struck[place].values()) > 2, place
    assert all(times > 0 for times in told.disk), told.disk


def test_n11_the_run_is_proved_all_the_same(told: Told):
    why = ("because", "records_unaccounted_for", "rows_unexpected", "files", "conservation", "money")
    assert told.verdict["proved"], {name: told.verdict[name] for name in why}


def test_every_record_is_counted_once(told: Told):
    for name, counts in told.objects.items():
        ends = counts["created"] + counts["updated"] + counts["excluded"] + counts["set_aside"]
        assert counts["extracted"] == counts["of"] == ends, name
        assert counts["updated"] == 0, name


def test_n11_no_row_is_there_twice(told: Told):
    rows = [line["row"] for line in map(json.loads, told.loaded) if "row" in line]
    sources = Counter(row["bw_sourceid"] for row in rows if row.get("bw_sourceid"))
    assert len(sources) > 40
    assert [source for source, times in sources.items() if times > 1] == []


def test_n11_the_way_back_survives_it_too_and_leaves_nothing(told: Told):
    assert told.held == 0
    assert told.undone == told.before


def test_r143_the_audit_trail_is_intact_all_the_same(told: Told):
    assert told.intact
