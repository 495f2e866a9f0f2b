"""What is said of a sample is true: counted again here, in the plainest way, from the records themselves."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from shared.diff.features import KINDS
from tests.shared.diff.practices import Chosen, Practice, ordinary
from tests.shared.diff.shapes import SHAPES
from tests.shared.diff.test_recall import clinic

SECRET = "Xylophone-Quetzalcoatl"


@pytest.fixture(scope="module", params=[100, 300])
def told(request: pytest.FixtureRequest) -> tuple[Practice, Chosen, dict[str, Any]]:
    practice = clinic(7)
    for place, name in enumerate(sorted(SHAPES)):
        SHAPES[name](practice, 61 * place)
    return (practice, *practice.sample(request.param))


def kind(coverage: dict[str, Any], object_: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = coverage["objects"][object_]["features"][name]
    return found


def test_n23_the_headline_counts_what_is_listed(told: tuple[Practice, Chosen, dict[str, Any]]):
    _, chosen, coverage = told
    lines = [line for part in coverage["objects"].values() for line in part["features"].values()]
    assert coverage["there"] == sum(line["there"] for line in lines)
    assert coverage["covered"] == sum(line["covered"] for line in lines)
    assert coverage["records"] == sum(map(len, chosen.values())) <= coverage["most"]
    start = f"{coverage['covered']:,} of {coverage['there']:,} features of the data are in the sample of "
    assert coverage["headline"] == f"{start}{coverage['records']} records"
    for line in lines:
        assert len(line["uncovered"]) == line["there"] - line["covered"] == len(line["why"])
    assert {name for part in coverage["objects"].values() for name in part["features"]} <= set(KINDS)


def test_n23_every_value_of_a_pick_list_is_counted_there_and_covered_as_it_is(
    told: tuple[Practice, Chosen, dict[str, Any]],
):
    practice, chosen, coverage = told
    for object_, field in (("appointments", "status"), ("appointments", "type"), ("payments", "method")):
        said = kind(coverage, object_, "values")
        missing = {name.partition("=")[2] for name in said["uncovered"] if name.startswith(f"{field}=")}
        there = {str(one[field]) for one in practice.records[object_] if one.get(field)}
        shown = {str(one[field]) for one in chosen[object_] if one.get(field)}
        assert missing == there - shown, field


FORMS = {
    "null": lambda value: value is None,
    "an empty text": lambda value: value == "",
    "filled": lambda value: value not in (None, ""),
    "nothing but space": lambda value: isinstance(value, str) and value.isspace(),
}


def test_n23_every_field_that_is_filled_or_empty_is_counted_as_it_is(told: tuple[Practice, Chosen, dict[str, Any]]):
    _, chosen, coverage = told
    for object_ in ("patients", "treatments"):
        rows = [one for one in chosen[object_] if one.get("patient_id") != "gone"]
        for name in ("fields", "custom fields"):
            for feature in kind(coverage, object_, name)["uncovered"]:
                field, _, form = feature.partition(": ")
                assert not any(FORMS[form](one.get(field)) for one in rows), feature


def test_n23_how_many_records_an_object_has_and_how_many_are_sampled(told: tuple[Practice, Chosen, dict[str, Any]]):
    practice, chosen, coverage = told
    for name in ("patients", "appointments", "treatments", "attachments", "notes", "staff"):
        assert coverage["objects"][name]["records"] == len(practice.records[name])
        assert coverage["objects"][name]["sampled"] == len(chosen.get(name, ()))
    mails = [one for one in practice.records["communications"] if one["kind"] == "email"]
    assert coverage["objects"]["emails"]["records"] == len(mails)


def test_n23_what_no_row_can_show_is_told_apart_from_what_had_no_room():
    practice = ordinary(300)
    for number in range(30):
        practice.put("treatments", number, patient_id="gone", status="existing")
    chosen, coverage = practice.sample(100)
    values = kind(coverage, "treatments", "values")
    assert values["why"] == {"status=existing": "no-row"}
    assert coverage["gives_way"]["uncovered"]["no-row"]["features"] >= 1
    assert any(one["patient_id"] == "gone" for one in chosen["treatments"]), "that it is set aside is shown"


def test_n23_the_last_tier_gives_way_first():
    practice = ordinary(300)
    for number in range(400):
        practice.put("patients", number, **{"custom_fields.interests": "x" * number, "mobile": f"+61 400 {number:06}"})
        practice.put("staff", first_name=f"S{number}")
    for number in range(400):
        practice.put("appointments", number, patient_id=f"patients-{number}", provider_id=f"staff-{number + 3}")
    _, coverage = practice.sample(100)
    assert coverage["gives_way"]["uncovered"]["no-room"]["features"] > 300, "there are more providers than room"
    assert coverage["records"] <= 100
    assert not kind(coverage, "patients", "custom fields")["uncovered"]


def test_n23_the_document_names_fields_ids_and_codes_and_no_value_of_a_record():
    chance = random.Random(5)
    practice = ordinary(150)
    fields = ("first_name", "last_name", "occupation", "custom_fields.interests", "custom_fields.how_heard", "status")
    for field in fields:
        for record in chance.sample(practice.records["patients"], 3):
            record[field] = f"{SECRET} {field}"
    for field in ("reason", "status", "type", "starts_at", "chair"):
        chance.choice(practice.records["appointments"])[field] = SECRET
    for name in ("body", "subject", "author_name"):
        chance.choice(practice.records["notes"])[name] = f"<b>{SECRET}</b>"
    chance.choice(practice.records["insurance_policies"])["carrier"] = SECRET
    _, coverage = practice.sample(100)
    assert SECRET.encode() not in orjson.dumps(coverage)
    assert "Xylophone" not in str(coverage)
