"""A practice without anybody or anything. One with a single record of each object makes a second try (its own file)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.conftest import Stay, stay
from tests.journeys.one_of_each import ONE_OF_EACH, practice


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    """The town of such a practice."""
    folder = tmp_path_factory.mktemp("nothing")
    with stay(folder, patients=0, dataverse=["--calm"], corepractice=practice(folder / "data", {})) as here:
        yield here


@pytest.fixture(scope="module")
def there_and_back(nothing: Stay) -> dict[str, Any]:
    """The whole story, with what was seen on the way."""
    customer = nothing.customer("Small Dental")
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
        "verdict": verdict, "files": files, "rows": rows, "status": finished,
        "back": back["rollback"], "equal": customer.export() == before,
    }  # fmt: skip


def test_s2_12_the_smallest_practice_goes_the_whole_way_and_is_proved(there_and_back: dict[str, Any]) -> None:
    verdict = there_and_back["verdict"]
    assert verdict["proved"], verdict
    assert (verdict["differences"], verdict["files"]["missing"], verdict["files"]["differs"]) == (0, 0, 0)


def test_s2_12_where_nothing_is_nothing_arrives(there_and_back: dict[str, Any]) -> None:
    counts = there_and_back["status"]["objects"]
    known_as = {"communications": "phone_calls"}
    seen = {name: counts.get(known_as.get(name, name), {}).get("extracted", 0) for name in ONE_OF_EACH}
    contacts = [row for row in there_and_back["rows"] if row["table"] == "contact"]
    assert seen == dict.fromkeys(ONE_OF_EACH, 0)
    assert not [row for row in contacts if "|patients|" in row.get("bw_sourceid", "")]
    assert there_and_back["files"]["brought"] == {}


def test_s2_12_the_way_back_leaves_the_target_as_it_was(there_and_back: dict[str, Any]) -> None:
    assert there_and_back["back"]["held"] == 0
    assert there_and_back["equal"]
