"""A run goes wrong, is undone, its map corrected, and run again: into an environment whose recycle bin still holds the
first attempt's rows under the very same ids. Meanwhile no other run may write what the first one moves. The practice is
one of the smallest: it has a single record of each object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from sandbox.customer import Customer, Refused
from sandbox.dataverse.behaviour import calm
from tests.journeys.conftest import Stay, stay
from tests.journeys.one_of_each import ONE_OF_EACH, SCAN, practice
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

    def something_new() -> dict[str, Any] | None:
        status = customer.status(run)
        assert not status["problem"], status["problem"]
        return status if status["waiting_for"] or status["phase"] not in held else None

    while (status := poll(something_new))["phase"] != "delta":
        phase, gate = status["phase"], status["waiting_for"]
        if gate:
            customer.decide(run, gate)
            poll(lambda gate=gate: customer.status(run)["waiting_for"] != gate)
        else:
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
    seen["first"] = first = customer.start(customer.request(billing_mode="both"))
    second = customer.start(customer.request(billing_mode="both", delta_window_hours=1))
    seen["second"] = second
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
    customer.let_the_window_pass(second)
    seen["contacts again"] = _contacts(customer)
    seen["verdict"] = customer.document(second, "verdict")["document"]
    seen["files"] = customer.document(second, "files")["document"]
    customer.decide(second, "sign-off")
    seen["finished"] = customer.until(second, phase="finished")
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


def test_s2_12_a_practice_with_one_of_each_goes_the_whole_way_and_is_proved(story: dict[str, Any]):
    verdict = story["verdict"]
    assert verdict["proved"], verdict
    assert (verdict["differences"], verdict["files"]["missing"], verdict["files"]["differs"]) == (0, 0, 0)


def test_s2_12_each_record_there_is_arrives_and_none_else(story: dict[str, Any]):
    counts = story["finished"]["objects"]
    known_as = {"communications": "phone_calls"}
    seen = {name: counts[known_as.get(name, name)]["extracted"] for name in ONE_OF_EACH}
    assert seen == dict.fromkeys(ONE_OF_EACH, 1)
    assert {name: one["set_aside"] for name, one in counts.items() if one["set_aside"]} == {}
    contacts = story["contacts again"].values()
    assert [row["lastname"] for row in contacts if "|patients|" in row.get("bw_sourceid", "")] == ["Fox"]
    assert story["files"]["brought"] == {"note": 1}
    assert story["files"]["proved"]["bytes"] == len(SCAN)
