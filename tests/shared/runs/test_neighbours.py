"""Who is in the way of whom: same environment, at work, an object in common."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.runs import neighbours
from shared.runs.model import Run
from shared.vocabulary import Phase

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HERE, THERE = "https://one.crm6.dynamics.com", "https://two.crm6.dynamics.com"


def run(name: str, phase: Phase = Phase.LOAD, url: str = HERE, **more: str) -> Run:
    return Run(name, {"options": {}, "target": {"url": url}}, phase=phase, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", sorted(set(Phase) - neighbours.WRITING))
def test_a_run_that_writes_nothing_is_in_nobody_s_way(phase: Phase):
    assert neighbours.candidates(run("a"), [run("b", phase)], now=NOW) == []


@pytest.mark.parametrize("phase", sorted(neighbours.WRITING))
def test_a_run_at_work_in_the_same_environment_is_a_candidate_and_itself_is_none(phase: Phase):
    mine, other = run("a", phase), run("b", phase, f"{HERE.upper()}/")
    assert neighbours.candidates(mine, [mine, other], now=NOW) == [other]
    assert neighbours.candidates(mine, [run("b", phase, THERE)], now=NOW) == []


def test_a_claim_holds_until_it_is_old():
    waiting = run("b", Phase.MAPPING_REVIEW, claimed_at=(NOW - timedelta(minutes=1)).isoformat())
    assert neighbours.holds(waiting, now=NOW)
    assert not neighbours.holds(replace(waiting, claimed_at=(NOW - timedelta(minutes=11)).isoformat()), now=NOW)
