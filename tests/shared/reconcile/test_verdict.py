"""The verdict adds up, or says where it does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shared.diff.compare import Outcome
from shared.reconcile.findings import DIGESTS, MOST_LISTED, Findings, merged
from shared.reconcile.verdict import Found, Strays, verdict


class Weighed:
    """Scales after a number of rows of two columns: one taken over as it was, one made by a rule."""

    def __init__(self, rows: int, *, differing: int = 0, digest: int = 0) -> None:
        self.rules, self.equal, self.after = ["text", "phone"], [rows, 0], [0, rows - differing]
        self.kept, self.digest = 0, digest


def findings(rows: int, *, differing: int = 0, excluded: int = 0, digest: int = 0) -> dict[str, Any]:
    found = Findings(records=rows + excluded)
    for number in range(rows):
        wrong = [("b", Outcome.DIFFERS)] if number < differing else []
        found.add_row("contact", f"row-{number}", wrong, there=True, ours=True)
    found.add_weighed(Weighed(rows, differing=differing, digest=digest))  # type: ignore[arg-type]
    for _ in range(excluded):
        found.add_excluded("same-organisation")
    return asdict(found)


def judged(found: dict[str, Any], *, extracted: int, there: int, expected: int, **more: Any) -> dict[str, Any]:
    strays = {"contact": Strays(there, expected, more.pop("ids", ()))}
    return verdict(Found({"patients": found}, extracted={"patients": extracted}, strays=strays, **more))


def test_lanes_add_up_to_one_finding():
    total = merged([findings(3, differing=1, digest=5), findings(4, differing=2, excluded=1, digest=DIGESTS - 2)])
    assert (total["rows"], total["fields"], total["differs"], total["excluded"]) == (7, 14, 3, 1)
    assert (total["equal"], total["after"]) == (7, 4)
    assert total["columns"] == {"b": 3}
    assert total["rules"] == {"phone": 4}
    assert total["reasons"] == {"same-organisation": 1}
    assert total["digest"] == "3"


def test_a_clean_run_is_proved_and_its_headline_says_so():
    body = judged(findings(5), extracted=5, there=5, expected=5)
    assert body["proved"]
    assert body["because"] == {}
    assert body["headline"] == "10 fields of 5 rows compared; 0 differ"
    assert body["outcomes"] == {"equal": 5, "equal-after": 5, "differs": 0, "missing": 0, "unexpected": 0}
    assert body["normalisations"] == {"phone": 5}


def test_one_differing_field_is_enough_to_prove_nothing():
    body = judged(findings(5, differing=1), extracted=5, there=5, expected=5)
    assert not body["proved"]
    assert body["because"] == {"fields that differ": 1}
    assert body["objects"]["patients"]["listed"] == [["contact", "row-0", "b", "differs"]]


def test_n2_a_record_that_ended_nowhere_is_missed():
    body = judged(findings(4), extracted=5, there=4, expected=4)
    assert body["records_unaccounted_for"] == {"patients": 1}
    assert not body["proved"]


def test_n1_a_row_nobody_expected_is_noticed_and_named():
    body = judged(findings(4), extracted=4, there=6, expected=4, ids=["row-x"])
    assert body["rows_unexpected"] == {"contact": 2}
    assert body["unexpected"] == [["contact", "row-x"]]
    assert body["outcomes"]["unexpected"] == 2
    assert not body["proved"]


def test_n2_n17_buckets_and_money_that_do_not_add_up_prove_nothing():
    for broken in ("conservation", "money"):
        body = judged(findings(4), extracted=4, there=4, expected=4, **{broken: {"holds": False, "broken": 1}})
        assert not body["proved"]
        assert len(body["because"]) == 1


def test_the_verdict_holds_no_value_and_does_not_grow_with_the_differences():
    body = merged([findings(MOST_LISTED, differing=MOST_LISTED), findings(MOST_LISTED, differing=MOST_LISTED)])
    assert len(body["listed"]) == MOST_LISTED
    assert body["differs"] == 2 * MOST_LISTED


def test_a_row_a_person_edited_is_set_aside_and_still_one_of_ours():
    found = Findings(records=1)
    found.add_set_aside("edited-since", ours=True)
    body = judged(asdict(found), extracted=1, there=1, expected=1)
    assert body["proved"]
    assert body["objects"]["patients"]["reasons"] == {"edited-since": 1}


def test_a23_a_note_whose_parts_are_not_the_whole_differs_though_each_of_them_is_right():
    found = Findings(**findings(2))
    found.add_whole("annotation", "row-0", "notetext", whole=True)
    body = judged(asdict(found), extracted=2, there=2, expected=2)
    assert (body["proved"], body["notes_recombined"]) == (True, 1)
    found.add_whole("annotation", "row-1", "notetext", whole=False)
    body = judged(asdict(found), extracted=2, there=2, expected=2)
    assert body["because"] == {"fields that differ": 1}
    assert body["objects"]["patients"]["listed"] == [["annotation", "row-1", "notetext", "differs"]]
    assert sum(body["outcomes"].values()) == body["fields_verified"]
