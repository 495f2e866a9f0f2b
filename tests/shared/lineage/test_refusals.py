"""A row without a lineage is refused with a word about whose it is."""

from __future__ import annotations

import pytest

from shared.lineage import refusals
from shared.runs.model import Run
from shared.vocabulary import Phase

RUN, OTHER = Run("r" + "1" * 20, {}), Run("r" + "2" * 20, {})


@pytest.mark.parametrize(
    ("number", "owner", "says"),
    [
        (None, None, "a person or another program made it"),
        (77, None, "the import number 77, which is no run's of this app"),
        (RUN.number, RUN, "no staged record became it"),
        (OTHER.number, OTHER, f"the run {OTHER.id}; ask for its lineage there"),
    ],
)
def test_n25_a_row_of_somebody_else_says_whose_it_is(number: int | None, owner: Run | None, says: str):
    answer = refusals.not_of_this_run(RUN, number, owner)
    assert answer.status == 404
    assert says in answer.body["detail"]
    assert answer.body.get("belongs_to") == (owner.id if owner else None)


def test_n25_a_row_that_was_rolled_back_says_when_and_a_held_one_why():
    gone, held = (refusals.rolled_back("2026-02-03T04:05:06+00:00", why).body for why in ("", "edited-since"))
    assert gone["rolled_back_at"] == held["rolled_back_at"] == "2026-02-03T04:05:06+00:00"
    assert "was undone" in gone["detail"]
    assert "left where it is (edited-since)" in held["detail"]


def test_what_cannot_be_answered_yet_says_how_far_the_run_is():
    assert "phase extract" in refusals.not_yet(Run("r1", {}, Phase.EXTRACT)).body["detail"]
    assert refusals.under_way().status == 409
    assert "account, contact" in refusals.unknown_table({"contact", "account"}).body["detail"]
