"""What a tortured run is held against: every line of the target, the verdict, and what the way back had to leave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sandbox.faults import parse_faults
from torture import tables
from torture.__main__ import differences
from torture.story import Told
from torture.weather import ANSWERS_WITHIN, weather

ROOT = Path(__file__).parents[2]
CALM = Told(["schema"], ["schema", "row a", "row b"], ["schema"], {"proved": True, "because": {}}, 0, 1)


def test_n11_a_run_that_ends_as_the_undisturbed_one_has_no_differences():
    assert differences(CALM, replace(CALM, lives=700)) == []


def test_n11_a_row_lost_a_row_twice_and_a_row_left_behind_are_each_named():
    lost, twice = replace(CALM, loaded=["schema", "row a"]), replace(CALM, loaded=[*CALM.loaded, "row b"])
    left = replace(CALM, undone=["schema", "row a"])
    assert differences(CALM, lost) == ["after the load: - row b"]
    assert differences(CALM, twice) == ["after the load: + row b"]
    assert differences(CALM, left) == ["after the way back: + row a"]


def test_n11_a_verdict_that_does_not_hold_and_rows_that_are_held_count_as_differences():
    wrong = replace(CALM, verdict={"proved": False, "because": {"x": 1}}, held=2)
    assert differences(CALM, wrong) == ["the verdict: {'x': 1}", "held on the way back: 2"]


def test_n11_a_trail_that_was_broken_counts_as_a_difference():
    assert differences(CALM, replace(CALM, intact=False)) == ["the audit trail is not as it was written"]


CHAIN = "activities/blueprint.py:80 > activities/performs.py:35 > activities/load.py:9 > shared/dataverse/rows.py:8"


def test_the_points_are_told_by_what_the_app_was_at():
    commit = "before\tcommit\t\thost/engine/turns.py:1"
    shown = tables.of_points([f"before\tsend\t\t{CHAIN}", f"after\tsend\tdelta\t{CHAIN}", commit])
    lines = {line.split("  ")[1].strip(): line.split()[-2:] for line in shown.splitlines()[1:]}
    assert lines == {
        "activities/load.py": ["1", "0"],
        "delta: activities/load.py": ["0", "1"],
        "the host's state": ["1", "0"],
    }


def test_n11_a_phase_in_which_nothing_was_killed_is_named():
    points = [f"after\tsend\t\t{CHAIN}", f"after\tsend\tdelta\t{CHAIN}"]
    assert "load" not in tables.spared(points)
    assert "delta, load" not in tables.spared(points)
    assert {"schema", "files", "rollback of rows", "rollback of files", "rollback of the schema"} < set(
        tables.spared(points)
    )


def test_n11_every_phase_named_is_a_step_of_the_app():
    for row in tables.PHASES.values():
        assert (ROOT / row.rpartition(": ")[2]).is_file(), row


def test_n11_faults_are_told_by_place_and_those_that_never_came_are_named():
    struck = {"Dataverse": {"503": 4, "answer that stops": 0}, "Blob Storage": {"503": 1}}
    shown = tables.of_faults(struck, (3, 40)).splitlines()
    assert shown[1].split() == ["503", "4", "1"]
    assert "3 times; 40 of" in shown[-1]
    assert tables.never(struck) == ["Dataverse: answer that stops"]


def test_n11_every_fault_of_the_weather_is_one_that_the_simulators_know():
    places = weather()
    assert set(places) == {"Core Practice", "Dataverse", "SharePoint", "Blob Storage", "Table Storage"}
    for place, faults in places.items():
        assert {fault.kind for fault in parse_faults(list(faults.values()))} > {"stall", "reset", "error"}, place
        assert faults["answer that stops"]["seconds"] > ANSWERS_WITHIN[place]
