"""A run goes wrong, is undone, its map corrected, and run again: into an environment whose recycle bin still holds the
first attempt's rows under the very same ids. Meanwhile no other run may write what the first one moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from sandbox.customer import Customer, Refused
from sandbox.dataverse.behaviour import calm
from tests.journeys.conftest import Stay, stay
from tests.journeys.one_of_each import ONE_OF_EACH, practice
from tests.journeys.somebody import Somebody
from tests.journeys.watching import at_rest, poll

HELD_IN = {"discover", "propose", "schema", "owners", "extract", "sample", "load", "reconcile"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """A town with one record of each object, and an environment that keeps what is deleted."""
    folder = tmp_path_factory.mktemp("second-try")
    (folder / "behaviour.json").write_text(json.dumps(asdict(calm(recycle_bin=True))))
    given = practice(folder / "data", ONE_OF_EACH)
    with stay(folder, patients=0, dataverse=["--behaviour", str(folder / "behaviour.json")], corepractice=given) as now:
        yield now


def _contacts(customer: Customer) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in customer.export()]
    return {line["id"]: line["row"] for line in lines if line.get("table") == "contact" and "row" in line}


def _refused(customer: Customer, run: str) -> Refused:
    """How the approval of a map is refused."""
    return customer.refusal(lambda: customer.decide(run, "mapping"))


def _paused_everywhere(customer: Customer, run: str) -> dict[str, list[str]]:
    """Approve until the delta window, and hold the run in every phase it is seen in; exports while it was held."""
    held: dict[str, list[str]] = {}
    while (status := customer.status(run))["phase"] != "delta":
        phase, gate = status["phase"], status["waiting_for"]
        assert not status["problem"], status["problem"]
        if gate:
            customer.decide(run, gate)
            poll(lambda gate=gate: customer.status(run)["waiting_for"] != gate)
        elif phase not in held:
            customer.ask(run, "pause")
            poll(lambda: at_rest(customer, run, "paused") or customer.status(run)["waiting_for"])
            held[phase] = first = customer.export()
            assert customer.export() == first
            customer.ask(run, "resume")
    return held


@pytest.fixture(scope="module")
def story(here: Stay) -> dict[str, Any]:
    """The first try, its way back, and the second."""
    customer = here.customer("Trying Dental")
    seen: dict[str, Any] = {"before": customer.export()}
    seen["first"] = first = customer.start()
    seen["second"] = second = customer.start()
    customer.until(second, waits_for="mapping")
    seen["paused in"] = set(_paused_everywhere(customer, first))
    seen["contacts"] = _contacts(customer)
    seen["refused"] = _refused(customer, second)
    customer.ask(first, "rollback")
    seen["back"] = customer.until(first, phase="rolled-back")["rollback"]
    seen["between"] = customer.export()
    seen["bin"] = Somebody(here).deleted("contacts", "contact")
    change = {"object": "appointments", "field": "chair", "label": "Room"}
    shown = customer.document(second, "mapping")["sequence"]
    customer.decide(second, "mapping", "amend", changes=[change])
    poll(lambda: customer.document(second, "mapping")["sequence"] == shown + 1)
    customer.until(second, waits_for="mapping")
    customer.approve_until_delta(second)
    seen["contacts again"] = _contacts(customer)
    seen["verdict"] = customer.document(second, "verdict")["document"]
    seen["first again"] = customer.refusal(lambda: customer.ask(first, "rollback"))
    customer.ask(second, "rollback")
    seen["back again"] = customer.until(second, phase="rolled-back")["rollback"]
    seen["after"] = customer.export()
    return seen


def test_r147_a_run_can_be_held_in_every_phase_and_nothing_moves_while_it_is(story: dict[str, Any]):
    assert story["paused in"] >= {"schema", "load"}
    assert story["paused in"] <= HELD_IN


def test_two_runs_that_move_the_same_objects_into_one_environment_do_not_write_at_once(story: dict[str, Any]):
    refused = story["refused"]
    assert (refused.status, refused.problem["type"].rpartition("/")[2]) == (409, "environment-busy")
    assert story["first"] in refused.problem["detail"]
    assert "patients" in refused.problem["detail"]


def test_r147_the_first_try_goes_back_whole(story: dict[str, Any]):
    assert story["back"]["held"] == 0
    assert story["between"] == story["before"]


def test_r147_the_corrected_map_runs_again_under_the_same_ids_beside_the_bin(story: dict[str, Any]):
    assert story["verdict"]["proved"], story["verdict"]
    assert set(story["contacts again"]) == set(story["contacts"])
    assert story["bin"] >= set(story["contacts again"])


def test_r147_the_second_try_goes_back_as_whole_as_the_first(story: dict[str, Any]):
    assert story["first again"].status == 409
    assert story["back again"]["held"] == 0
    assert story["after"] == story["before"]
