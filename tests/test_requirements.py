"""Every requirement this version answers is named by a test, and every pitfall of the pair by a behaviour."""

from __future__ import annotations

import re

import pytest

from tests.contract import HERE
from tests.requirements import named, tests_by_requirement

ANSWERED = {f"R{number}" for number in (*range(1, 19), *range(29, 109), *range(115, 130), *range(131, 148))} | {
    *(f"A{number}" for number in (*range(1, 17), *range(18, 24), *range(28, 35))),
    *(
        "N1",
        "N2",
        "N3",
        "N4",
        "N5",
        "N6",
        "N10",
        "N11",
        "N12",
        "N13",
        "N14",
        "N15",
        "N16",
        "N17",
        "N18",
        "N19",
        "N20",
        "N21",
        "N22",
        "N23",
        "N24",
        "N25",
    ),
}
WITHOUT = {
    "R63": "roll-ups on accounts are optional and never migrated (A8); an admin can add them over the Billing table"
}
"""What has no test, and why."""


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("a31_r7_x", {"A31", "R7"}),
        ("r42_to_r44_x", {"R42", "R43", "R44"}),
        ("nothing_here", set()),
        ("the_r_in_here", set()),
    ],
)
def test_a_name_says_which_requirements_it_is_about(name: str, ids: set[str]):
    assert named(name) == ids


def test_every_requirement_of_this_version_is_named_by_a_test():
    assert ANSWERED - set(tests_by_requirement()) == set(WITHOUT)


def test_r104_r108_the_pitfalls_say_what_the_app_does_about_each_of_them():
    text = (HERE / "docs" / "pitfalls.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and "| -- |" not in line][1:]
    told = {int(number) for number in re.findall(r"\(R(\d+)\)", text)}
    assert told >= set(range(99, 108))
    assert all(len(line.split("|")[2].strip()) > 60 for line in lines)


def test_r5_workflows_are_said_to_stay_behind_and_nothing_here_touches_one():
    section = (HERE / "README.md").read_text(encoding="utf-8").split("## What does not move")[1].split("\n## ")[0]
    assert all(word in section for word in ("workflows", "templates", "automations", "rebuilt"))
    code = [path for room in ("activities", "orchestrators", "shared") for path in (HERE / room).rglob("*.py")]
    assert len(code) > 200
    assert not [path for path in code if re.search(r"[\"'/]workflows?[\"'(?]", path.read_text(encoding="utf-8"))]


def test_a3_the_readme_and_the_map_use_the_words_of_the_brief_and_dataverse_s_own_names():
    from shared.mapping.places import CUSTOM_TABLES
    from shared.mapping.propose import propose
    from shared.mapping.wanted import tables
    from tests.shared.conftest import EVERYTHING
    from tests.shared.mapping.everything import EVERY

    made = {table.name: table.label for table in tables(propose(EVERYTHING, EVERY)) if table.custom}
    assert {"Treatment History", "Dental Appointment", "Treatment Plan", "Treatment Plan Line", "Billing"} <= set(
        made.values()
    )
    assert all(name.startswith("bw_") and name.islower() for name in made)
    assert len(CUSTOM_TABLES) >= len(made)
