"""An item code is known by its shape, and what has no known shape is said to have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clinical.item_codes import PROBLEMS, Schedule, read


@pytest.mark.parametrize(
    ("code", "canonical", "schedule", "group"),
    [
        ("011", "011", Schedule.AUSTRALIAN, "Diagnostic"),
        (" 531 ", "531", Schedule.AUSTRALIAN, "Restorative"),
        ("114", "114", Schedule.AUSTRALIAN, "Preventive"),
        ("250", "250", Schedule.AUSTRALIAN, "Periodontics"),
        ("311", "311", Schedule.AUSTRALIAN, "Oral surgery"),
        ("415", "415", Schedule.AUSTRALIAN, "Endodontics"),
        ("615", "615", Schedule.AUSTRALIAN, "Crown and bridge"),
        ("711", "711", Schedule.AUSTRALIAN, "Removable prosthodontics"),
        ("881", "881", Schedule.AUSTRALIAN, "Orthodontics"),
        ("999", "999", Schedule.AUSTRALIAN, "General services"),
        ("88011", "011", Schedule.CHILD_DENTAL_BENEFITS, "Diagnostic"),
        ("88 586", "586", Schedule.CHILD_DENTAL_BENEFITS, "Restorative"),
        ("D011", "011", Schedule.VETERANS, "Diagnostic"),
        ("s322", "322", Schedule.VETERANS, "Oral surgery"),
        ("T711", "711", Schedule.VETERANS, "Removable prosthodontics"),
        ("D0120", "D0120", Schedule.CDT, "Diagnostic"),
        ("d2391", "D2391", Schedule.CDT, "Restorative"),
        ("D5899", "D5899", Schedule.CDT, "Removable prosthodontics"),
        ("D6010", "D6010", Schedule.CDT, "Implant services"),
        ("D6245", "D6245", Schedule.CDT, "Fixed prosthodontics"),
        ("D9999", "D9999", Schedule.CDT, "General services"),
    ],
)
def test_n18_a_code_is_read_by_its_shape(code: str, canonical: str, schedule: Schedule, group: str):
    assert (read(code).canonical, read(code).schedule, read(code).group) == (canonical, schedule, group)
    assert (read(code).raw, read(code).problem) == (code.strip(), None)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("000", "item-code-out-of-range"),
        ("010", "item-code-out-of-range"),
        ("88010", "item-code-out-of-range"),
        ("D0099", "item-code-out-of-range"),
        ("11", "item-code-too-short"),
        ("5", "item-code-too-short"),
        ("89011", "item-code-unknown"),
        ("531/2", "item-code-unknown"),
        ("0111", "item-code-unknown"),
        ("X011", "item-code-unknown"),
        ("filling", "item-code-unknown"),
    ],
)
def test_n18_what_has_no_known_shape_is_a_problem_and_never_guessed(code: str, problem: str):
    assert (read(code).canonical, read(code).problem, read(code).raw) == (None, problem, code)


@pytest.mark.parametrize("code", [None, "", "  "])
def test_an_absent_code_is_no_problem(code: str | None):
    assert (read(code).canonical, read(code).problem) == (None, None)


@given(st.text())
def test_n18_any_text_is_either_read_or_a_named_problem(code: str):
    item = read(code)
    assert item.problem is None or item.problem in PROBLEMS
    assert (item.canonical is None) == (item.schedule is None) == (item.group is None)
    assert item.canonical is None or read(item.canonical).canonical == item.canonical
