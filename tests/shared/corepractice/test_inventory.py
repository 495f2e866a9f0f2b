"""The inventory says everything about the fields and nothing about anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.corepractice.app import RunningServer
from shared.corepractice.client import ApiSource
from shared.corepractice.inventory import ObjectProfile, inventory
from shared.corepractice.profiles import MOST_BY_EVIDENCE, reads_as_label
from shared.corepractice.source import Description, ObjectCount, Record
from shared.mapping.choices import Choices
from shared.mapping.propose import propose

ReadAll = Callable[..., Awaitable[list[Record]]]


def profiled(name: str, records: list[Record]) -> ObjectProfile:
    profile = ObjectProfile(name)
    for record in records:
        profile.add(record)
    return profile


def field_of(values: list[Any], name: str = "custom_fields.own") -> dict[str, Any]:
    """How the inventory shows a field that holds these values, after a journey through storage."""
    profile = profiled("patients", [{"id": str(number), name: value} for number, value in enumerate(values)])
    stored = orjson.loads(orjson.dumps(profile.to_json()))
    return ObjectProfile.from_json(stored).document()[name]


async def test_r115_every_object_and_field_of_a_practice_is_there(api: ApiSource, read_all: ReadAll) -> None:
    description = await api.describe()
    profiles = {found.name: profiled(found.name, await read_all(api, found.name)) for found in description.objects}
    document = inventory(profiles, description)
    patients = document["objects"]["patients"]
    assert patients["records"] == patients["listed"]["count"] + patients["listed"]["archived"]
    assert document["unknown_fields"] == []
    assert set(patients["fields"]["status"]["values"]) == {"active", "inactive", "archived", "deceased"}
    assert patients["fields"]["alert_text"]["max_length"] > 4000
    assert patients["fields"]["provider_id"]["refers_to"] == "staff"
    assert patients["fields"]["medicare_number"]["sensitivity"] == "government"
    assert document["objects"]["appointments"]["fields"]["duration_minutes"]["max"] >= 30
    assert orjson.loads(orjson.dumps(document)) == document
    rules = propose(document, Choices("bw", "here", allowed=(("health", "test"),)))
    assert {"locations", "staff", "patients", "appointments"} <= {rule.object for rule in rules.objects}


async def test_no_value_that_points_to_anybody_is_in_it(
    server: RunningServer, api: ApiSource, read_all: ReadAll
) -> None:
    """Canaries in every field of a patient, an appointment and a member of staff; none of them gets out."""
    for name in ("patients", "staff", "appointments"):
        practice = server.practice
        ids = practice.truth(name).ids[:2]
        for number, id_ in enumerate(ids):
            present = practice.find(name, id_)
            assert present is not None
            keep = {"id", "status", "created_at", "updated_at", "custom_fields"}
            marks: dict[str, Any] = {key: f"Canary {key}" for key in present if key not in keep}
            marks |= {key: "1888-12-31" for key in ("date_of_birth", "started_on", "left_on") if key in present}
            if name == "patients":
                marks |= {"patient_number": 987654, "custom_fields": {}}
                marks["custom_fields"] = {key: f"Canary {key}" for key in present["custom_fields"]}
                marks["custom_fields"] |= {"recall_interval_months": 987654, "first_visit_on": "1888-12-31"}
            practice.edit(
                name, id_, marks | {"email": f"canary{number}@example.com"} if name != "appointments" else marks
            )
    description = await api.describe()
    profiles = {found.name: profiled(found.name, await read_all(api, found.name)) for found in description.objects}
    kept = [inventory(profiles, description), *(profile.to_json() for profile in profiles.values())]
    everything = orjson.dumps(kept).decode().casefold()
    people = [record for name in ("patients", "staff") for record in await read_all(api, name)]
    told = {
        person[field] for person in people for field in ("last_name", "mobile", "medicare_number") if person.get(field)
    }
    assert "canary" not in everything
    assert "987654" not in everything
    assert "1888" not in everything
    assert [value for value in told if f'"{str(value).casefold()}"' in everything] == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False, None], "boolean"),
        ([1, 2, None], "integer"),
        ([1, 2.5], "decimal"),
        ([2**40, 1], "text"),
        (["2024-01-31", None], "date"),
        (["2024-01-31T10:00:00+10:00", "2024-01-31T00:00:00Z"], "instant"),
        (["2024-01-31", "2024-01-31T00:00:00Z"], "text"),
        (["31/01/2024"], "text"),
        (["185.00", "-20.00", "0.05", None], "money"),
        (["185.00"] * 5, "money"),
        (["185.00", "20.5"], "text"),
        (["185.00", "20"], "text"),
        (["185.00", 20.25], "text"),
        (["$185.00"], "text"),
        (["1,185.00"], "text"),
        ([185.25, 20.75], "decimal"),
        ([True, 1], "text"),
        (["one", "two"], "text"),
        (["two\nlines"], "memo"),
        (["x" * 2001], "memo"),
        (["red", "blue"] * 3, "choice"),
        ([None, None], "text"),
    ],
)
def test_r116_an_unknown_field_is_what_all_its_values_could_be(values: list[Any], kind: str) -> None:
    shown = field_of(values)
    assert (shown["kind"], shown["known"], shown["sensitivity"]) == (kind, False, "health")


def test_r117_a_pick_list_of_the_practice_shows_its_values() -> None:
    assert field_of(["red"] * 5 + ["blue"] * 3 + [None])["values"] == {"blue": 3, "red": 5}


@pytest.mark.parametrize(
    "values",
    [
        ["red"] * 9 + ["Jane Canary"],
        ["red"] * 9 + ["Jane Canary"] * 2,
        ["0412 345 678"] * 5,
        ["jane@example.com"] * 5,
        ["1/2/1980"] * 5,
        ["x" * 41] * 5,
        ["two\nlines"] * 5,
        [f"label {chr(97 + n)}" for n in range(MOST_BY_EVIDENCE + 1)] * 4,
    ],
)
def test_free_text_shows_no_value(values: list[str]) -> None:
    shown = field_of(values)
    assert shown["kind"] in ("text", "memo")
    assert not {"values", "min", "max", "distinct"} & set(shown)


def test_a_stray_value_in_a_known_pick_list_is_counted_and_not_told() -> None:
    stray = ["Jane Canary", "0412 345 678", "jane@example.com"]
    shown = field_of(["male"] * 4 + ["intersex"] * 3 + stray, "gender")
    assert shown["kind"] == "choice"
    assert shown["values"] == {"intersex": 3, "male": 4}
    assert shown["other_values"] == 3


def test_lengths_are_counted_as_dataverse_counts_them() -> None:
    assert field_of(["é", "👍🏽"], "first_name")["max_length"] == 4


def test_a_record_without_a_field_counts_as_one_that_has_none_in_it() -> None:
    profile = profiled("patients", [{"id": "1", "title": "Dr"}, {"id": "2"}, {"id": "3", "title": None}])
    assert (profile.document()["title"]["count"], profile.document()["title"]["nulls"]) == (1, 2)


def test_ranges_are_told_only_where_they_say_nothing_about_anybody() -> None:
    record = {
        "id": "1",
        "created_at": "2024-01-31T10:00:00+10:00",
        "date_of_birth": "1980-01-01",
        "patient_number": 7,
        "custom_fields.first_visit_on": "2020-01-01",
        "custom_fields.shoe_size": 43,
    }
    fields = profiled("patients", [record]).document()
    assert [name for name, shown in fields.items() if "min" in shown] == ["created_at"]
    assert fields["created_at"]["min"] == "2024-01-31"


def test_money_shows_no_range_and_keeps_its_kind() -> None:
    """What somebody paid is nobody else's affair, and the catalogue knows better than two odd values."""
    records = [{"id": "1", "total": "185.00"}, {"id": "2", "total": "free"}, {"id": "3", "total": None}]
    shown = profiled("invoices", records).document()["total"]
    assert (shown["kind"], shown["count"], shown["nulls"], shown["max_length"]) == ("money", 2, 1, 6)
    assert not {"min", "max", "values"} & set(shown)
    own = field_of(["185.00", "20.00"])
    assert (own["kind"], own["count"], own["max_length"]) == ("money", 2, 6)
    assert not {"min", "max", "values"} & set(own)


def test_a31_an_object_nobody_knows_is_shown_as_such() -> None:
    description = Description("P", "UTC", (ObjectCount("medical_histories", 1), ObjectCount("staff", 0)))
    profiles = {"medical_histories": profiled("medical_histories", [{"id": "1", "answer": 12.5}])}
    document = inventory(profiles, description)
    shown = document["objects"]["medical_histories"]
    assert (shown["known"], shown["label"], shown["records"]) == (False, "Medical histories", 1)
    assert {field["known"] for field in shown["fields"].values()} == {False}
    assert document["unknown_fields"] == ["medical_histories.answer", "medical_histories.id"]
    assert document["objects"]["staff"]["fields"] == {}
    unread = inventory({}, description)["objects"]["medical_histories"]
    assert (unread["known"], unread["listed"]["count"]) == (False, 1)


LABELS = st.sampled_from(["red", "green", "blue", "Jane Canary"])
VALUES = st.one_of(st.none(), LABELS, st.booleans(), st.integers(-5, 5), st.just("2024-01-31"), st.text(max_size=3))


@given(st.lists(VALUES, max_size=40), st.integers(0, 40))
def test_two_halves_merged_tell_no_more_than_the_whole(values: list[Any], cut: int) -> None:
    records = [{"id": "1", "gender": value, "custom_fields.own": value} for value in values]
    whole, first = profiled("patients", records), profiled("patients", records[:cut])
    first.merge(profiled("patients", records[cut:]))
    for name, shown in first.document().items():
        expected = whole.document()[name]
        assert {**shown, "values": 0, "distinct": 0, "other_values": 0, "kind": 0} == {
            **expected, "values": 0, "distinct": 0, "other_values": 0, "kind": 0,
        }  # fmt: skip
        assert set(shown.get("values", ())) <= set(expected.get("values", ()))
        assert shown["kind"] in (expected["kind"], "text", "memo")


@given(st.text(max_size=60))
def test_a_label_is_short_one_line_and_has_few_digits(text: str) -> None:
    if reads_as_label(text):
        assert 0 < len(text) <= 40
        assert "\n" not in text
        assert "@" not in text
        assert sum(character.isdigit() for character in text) <= 3
