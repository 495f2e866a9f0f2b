"""A decision counts only about the document that is shown now, at the gate that is open now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared import gates
from shared.bodies import DecisionRequest, Release, RollbackRequest
from shared.runs.model import Document, Run
from shared.runs.parts import Part
from shared.vocabulary import Phase

DIGEST = "a" * 64
RUN = Run("r" + "0" * 20, {"options": {}}, phase=Phase.MAPPING_REVIEW, waiting_for="mapping")
DOCUMENT = Document("mapping", "path", DIGEST)


def asked(**changes: object) -> DecisionRequest:
    return DecisionRequest.model_validate(
        {"gate": "mapping", "decision": "approve", "digest": DIGEST, "by": "me", **changes}
    )


def test_an_open_gate_takes_a_decision_about_its_document():
    assert gates.judge(RUN, asked(), DOCUMENT, None) is None


@pytest.mark.parametrize(
    ("request_", "run", "status", "code"),
    [
        (asked(gate="lunch"), RUN, 404, "unknown-gate"),
        (asked(digest="b" * 64), RUN, 409, "other-digest"),
        (asked(gate="sample"), RUN, 409, "gate-not-open"),
        (asked(gate="sample", decision="amend"), RUN, 422, "cannot-amend"),
        (asked(), replace(RUN, waiting_for=""), 409, "gate-not-open"),
        (asked(), replace(RUN, problem={"code": "x", "message": "y"}), 409, "gate-not-open"),
    ],
)
def test_any_other_decision_is_refused_with_a_reason(request_: DecisionRequest, run: Run, status: int, code: str):
    refusal = gates.judge(run, request_, DOCUMENT, None)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (status, code)


def test_the_same_decision_twice_is_taken_once_and_another_one_is_refused():
    earlier = {"decision": "approve", "by": "me"}
    moved_on = replace(RUN, phase=Phase.SCHEMA, waiting_for="")
    assert gates.judge(moved_on, asked(), DOCUMENT, earlier) is None
    refusal = gates.judge(moved_on, asked(decision="reject"), DOCUMENT, earlier)
    assert refusal is not None
    assert refusal.code == "already-decided"


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (replace(RUN, wish="rollback"), "already-rolling-back"),
        (replace(RUN, phase=Phase.ROLLBACK), "already-rolling-back"),
        (replace(RUN, phase=Phase.ROLLED_BACK), "already-rolling-back"),
        (replace(RUN, phase=Phase.REJECTED), "nothing-to-roll-back"),
    ],
)
def test_a_second_rollback_is_refused(run: Run, code: str):
    refusal = gates.judge_rollback(run)
    assert refusal is not None
    assert refusal.code == code


def test_rollback_is_possible_even_after_the_sign_off():
    assert gates.judge_rollback(replace(RUN, phase=Phase.FINISHED)) is None


def test_a_rollback_after_the_sign_off_may_be_asked_again_until_it_has_begun():
    assert gates.judge_rollback(replace(RUN, phase=Phase.FINISHED, wish="rollback")) is None


def test_only_what_is_held_up_can_be_resumed():
    assert gates.judge_resume(RUN) is not None
    assert gates.judge_resume(replace(RUN, wish="pause")) is None
    assert gates.judge_resume(replace(RUN, problem={"code": "x"})) is None


def test_a_pickup_needs_an_open_window():
    assert gates.judge_pickup(RUN) is not None
    assert gates.judge_pickup(replace(RUN, phase=Phase.DELTA)) is None


def test_a31_a_map_with_something_unmapped_cannot_be_approved():
    refusal = gates.judge_mapping(asked(), {"unmapped": ["medical_histories"]})
    assert refusal is not None
    assert (refusal.status, refusal.code) == (409, "unmapped")
    assert "medical_histories" in refusal.detail
    assert gates.judge_mapping(asked(decision="reject"), {"unmapped": ["medical_histories"]}) is None


def test_n10_a_map_over_the_table_budget_needs_an_acknowledgement():
    body = {"unmapped": [], "table_budget": {"over": True, "acknowledge": "table-budget", "text": "17 of 15."}}
    refusal = gates.judge_mapping(asked(), body)
    assert refusal is not None
    assert refusal.code == "acknowledgement-missing"
    assert gates.judge_mapping(asked(acknowledge=["table-budget"]), body) is None


def test_n3_what_a_way_back_held_may_be_seen_to_again():
    assert gates.judge_rollback(replace(RUN, phase=Phase.ROLLED_BACK), held=1) is None


def test_n5_a_way_back_is_rehearsed_only_while_nobody_writes():
    assert gates.judge_rehearsal(replace(RUN, phase=Phase.DELTA, waiting_for="window")) is None
    assert gates.judge_rehearsal(replace(RUN, phase=Phase.LOAD, waiting_for="", wish="pause")) is None
    busy = gates.judge_rehearsal(replace(RUN, phase=Phase.LOAD, waiting_for=""))
    assert busy is not None
    assert busy.code == "busy"


@pytest.mark.parametrize(
    ("held", "code"), [(None, "nothing-held"), (Document("rollback-held", "p", "0" * 64), "other-digest")]
)
def test_n3_a_release_names_the_list_it_was_read_from(held: Document | None, code: str):
    refusal = gates.judge_release(RollbackRequest(release=Release(rows=["x"]), digest="1" * 64, by="A"), held)
    assert refusal is not None
    assert refusal.code == code


WINDOW = replace(RUN, phase=Phase.DELTA, waiting_for="window")
AT_SAMPLE = replace(RUN, phase=Phase.SAMPLE_REVIEW, waiting_for="sample")
PART = Part(1, {"object": "notes"}, ("notes",))


@pytest.mark.parametrize(
    ("run", "sample", "code"),
    [
        (WINDOW, False, None),
        (replace(RUN, phase=Phase.SIGN_OFF, waiting_for="sign-off"), False, None),
        (replace(RUN, phase=Phase.FINISHED, waiting_for=""), False, None),
        (replace(RUN, phase=Phase.FINISHED, waiting_for="", close_asked=True, pickups_asked=2), False, None),
        (AT_SAMPLE, True, None),
        (AT_SAMPLE, False, "part-not-now"),
        (WINDOW, True, "part-not-now"),
        (replace(RUN, phase=Phase.LOAD, waiting_for=""), False, "part-not-now"),
        (replace(WINDOW, pickups_asked=1), False, "busy"),
        (replace(WINDOW, close_asked=True), False, "busy"),
        (replace(WINDOW, proofs_asked=1), False, "busy"),
        (replace(WINDOW, rehearsals_asked=1), False, "busy"),
        (replace(WINDOW, wish="pause"), False, "held-up"),
        (replace(WINDOW, parts=(PART,)), False, "under-way"),
        (replace(WINDOW, parts=(replace(PART, done_at="then"),)), False, None),
    ],
)
def test_n3_a_part_goes_back_only_where_the_run_waits_and_nothing_was_asked_of_it(
    run: Run, sample: bool, code: str | None
):
    refusal = gates.judge_part(run, sample=sample)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize("beside", [{"parts": (PART,)}, {"erasing": {"number": 1, "dry": False}}])
def test_nothing_else_is_begun_while_a_part_goes_back_or_a_person_is_erased(beside: dict[str, Any]):
    run = replace(WINDOW, **beside)
    for judge in (gates.judge_rollback, gates.judge_rehearsal, gates.judge_verify, gates.judge_pickup,
                  gates.judge_reload, gates.judge_erase):  # fmt: skip
        refusal = judge(run)
        assert refusal is not None
        assert refusal.code == "under-way"


def test_n3_the_whole_run_overtakes_a_part_that_is_held_up():
    problem = {"code": "c", "message": "m", "remedy": ""}
    assert gates.judge_rollback(replace(WINDOW, parts=(PART,), problem=problem)) is None
    assert gates.judge_resume(replace(RUN, phase=Phase.FINISHED, parts=(PART,), problem=problem)) is None
    assert gates.judge_resume(replace(RUN, phase=Phase.FINISHED, problem=problem)) is not None


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (WINDOW, None),
        (AT_SAMPLE, None),
        (replace(RUN, phase=Phase.FINISHED, waiting_for=""), None),
        (replace(RUN, phase=Phase.ROLLED_BACK, waiting_for=""), None),
        (replace(RUN, phase=Phase.LOAD, waiting_for=""), "not-now"),
        (replace(RUN, phase=Phase.MAPPING_REVIEW, waiting_for="mapping"), "not-now"),
        (replace(RUN, phase=Phase.REJECTED, waiting_for=""), "nothing-staged"),
        (replace(WINDOW, pickups_asked=1), "busy"),
    ],
)
def test_a37_a_person_is_erased_only_where_the_run_waits_or_has_ended(run: Run, code: str | None):
    refusal = gates.judge_erase(run)
    assert (refusal and refusal.code) == code
