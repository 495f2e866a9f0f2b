"""Practices at the lower end: one without anybody or anything, and one with a single record of each object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.customer import Customer
from tests.journeys.conftest import Stay, stay
from tests.journeys.one_of_each import ONE_OF_EACH, SCAN, practice


@pytest.fixture(scope="module", params=["nothing", "one of each"])
def smallest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Stay]]:
    """Each of the practices in a town of its own."""
    folder = tmp_path_factory.mktemp("smallest")
    given = practice(folder / "data", ONE_OF_EACH if request.param == "one of each" else {})
    with stay(folder, patients=0, dataverse=["--calm"], corepractice=given) as here:
        yield request.param, here


@pytest.fixture(scope="module")
def there_and_back(smallest: tuple[str, Stay]) -> dict[str, Any]:
    """The whole story, with what was seen on the way."""
    kind, here = smallest
    customer = Customer(here.town, "Small Dental")
    before = customer.export()
    run = customer.start(customer.request(delta_window_hours=1, billing_mode="both"))
    customer.approve_until_delta(run)
    customer.let_the_window_pass(run)
    verdict = customer.document(run, "verdict")["document"]
    files = customer.document(run, "files")["document"]
    rows = [line["row"] | {"table": line["table"]} for line in map(json.loads, customer.export()) if "row" in line]
    customer.decide(run, "sign-off")
    finished = customer.until(run, phase="finished")
    customer.ask(run, "rollback")
    back = customer.until(run, phase="rolled-back")
    return {
        "kind": kind, "verdict": verdict, "files": files, "rows": rows, "status": finished,
        "back": back["rollback"], "equal": customer.export() == before,
    }  # fmt: skip


def test_s2_12_the_smallest_practices_go_the_whole_way_and_are_proved(there_and_back: dict[str, Any]) -> None:
    verdict = there_and_back["verdict"]
    assert verdict["proved"], verdict
    assert (verdict["differences"], verdict["files"]["missing"], verdict["files"]["differs"]) == (0, 0, 0)


def test_s2_12_each_record_there_is_arrives_and_none_else(there_and_back: dict[str, Any]) -> None:
    counts = there_and_back["status"]["objects"]
    known_as = {"communications": "phone_calls"}
    seen = {name: counts.get(known_as.get(name, name), {}).get("extracted", 0) for name in ONE_OF_EACH}
    contacts = [row for row in there_and_back["rows"] if row["table"] == "contact"]
    if there_and_back["kind"] == "one of each":
        assert seen == dict.fromkeys(ONE_OF_EACH, 1)
        aside = {name: one["set_aside"] for name, one in counts.items() if one["set_aside"]}
        assert aside == {}
        assert [row["lastname"] for row in contacts if "|patients|" in row.get("bw_sourceid", "")] == ["Fox"]
        assert there_and_back["files"]["brought"] == {"note": 1}
        assert there_and_back["files"]["proved"]["bytes"] == len(SCAN)
    else:
        assert seen == dict.fromkeys(ONE_OF_EACH, 0)
        assert not [row for row in contacts if "|patients|" in row.get("bw_sourceid", "")]
        assert there_and_back["files"]["brought"] == {}


def test_s2_12_the_way_back_leaves_the_target_as_it_was(there_and_back: dict[str, Any]) -> None:
    assert there_and_back["back"]["held"] == 0
    assert there_and_back["equal"]
