"""What a tortured run is held against: every line of the target, the verdict, and what the way back had to leave."""

from __future__ import annotations

import json
from dataclasses import replace

from torture.__main__ import differences, table
from torture.story import Told, canonical

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


def test_an_export_is_compared_without_what_the_server_s_clock_put_in():
    first = json.dumps({"table": "contact", "row": {"lastname": "Fox", "modifiedon": "1", "versionnumber": 7}})
    second = json.dumps({"table": "contact", "row": {"versionnumber": 9, "modifiedon": "2", "lastname": "Fox"}})
    other = json.dumps({"table": "contact", "row": {"lastname": "Wolf"}})
    assert canonical([first]) == canonical([second]) != canonical([other])


def test_the_points_are_told_by_what_the_app_was_at():
    chain = "activities/blueprint.py:80 > activities/performs.py:35 > activities/load.py:9 > shared/dataverse/rows.py:8"
    shown = table([f"before\tsend\t{chain}", f"after\tsend\t{chain}", "before\tcommit\thost/engine/turns.py:1"])
    lines = {line.split("  ")[1].strip(): line.split()[-2:] for line in shown.splitlines()[1:]}
    assert lines == {"activities/load.py": ["1", "1"], "the host's state": ["1", "0"]}
