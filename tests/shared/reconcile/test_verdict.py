"""The verdict adds up, or says where it does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shared.diff.compare import FieldOutcome, Outcome
from shared.reconcile.verdict import MOST_LISTED, Findings, merged, verdict


def outcome(column: str, result: Outcome) -> FieldOutcome:
    return FieldOutcome(column, column, column, "text", result, "expected secret", "actual secret")


def findings(rows: int, *, differing: int = 0, excluded: int = 0) -> dict[str, Any]:
    found = Findings(records=rows + excluded)
    for number in range(rows):
        results = [outcome("a", Outcome.EQUAL), outcome("b", Outcome.DIFFERS if number < differing else Outcome.EQUAL)]
        found.add_row("contact", f"row-{number}", results, there=True, ours=True)
    for _ in range(excluded):
        found.add_excluded("same-organisation")
    return asdict(found)


def test_lanes_add_up_to_one_finding():
    total = merged([findings(3, differing=1), findings(4, differing=2, excluded=1)])
    assert (total["rows"], total["fields"], total["differs"], total["excluded"]) == (7, 14, 3, 1)
    assert total["columns"] == {"b": 3}
    assert total["reasons"] == {"same-organisation": 1}


def test_a_clean_run_is_proved_and_its_headline_says_so():
    body = verdict({"patients": findings(5)}, extracted={"patients": 5}, rows_of_run={"contact": (5, 5)})
    assert body["proved"]
    assert body["headline"] == "10 fields of 5 rows compared; 0 differ"


def test_one_differing_field_is_enough_to_prove_nothing():
    body = verdict({"patients": findings(5, differing=1)}, extracted={"patients": 5}, rows_of_run={"contact": (5, 5)})
    assert not body["proved"]
    assert body["objects"]["patients"]["listed"] == [["contact", "row-0", "b", "differs"]]


def test_n2_a_record_that_ended_nowhere_is_missed():
    body = verdict({"patients": findings(4)}, extracted={"patients": 5}, rows_of_run={"contact": (4, 4)})
    assert body["records_unaccounted_for"] == {"patients": 1}
    assert not body["proved"]


def test_a_row_nobody_expected_is_noticed():
    body = verdict({"patients": findings(4)}, extracted={"patients": 4}, rows_of_run={"contact": (6, 4)})
    assert body["rows_unexpected"] == {"contact": 2}
    assert not body["proved"]


def test_the_verdict_holds_no_value_and_does_not_grow_with_the_differences():
    body = merged([findings(MOST_LISTED, differing=MOST_LISTED), findings(MOST_LISTED, differing=MOST_LISTED)])
    assert len(body["listed"]) == MOST_LISTED
    assert body["differs"] == 2 * MOST_LISTED
    assert "secret" not in str(body)


def test_a_row_a_person_edited_is_set_aside_and_still_one_of_ours():
    found = Findings(records=1)
    found.add_set_aside("edited-since", ours=True)
    body = verdict({"patients": asdict(found)}, extracted={"patients": 1}, rows_of_run={"contact": (1, 1)})
    assert body["proved"]
    assert body["objects"]["patients"]["reasons"] == {"edited-since": 1}
