"""The written-out hot path means what the getters mean that it was written from."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from shared.corepractice import answers
from shared.mapping.compiled import ObjectMap
from shared.mapping.composed.people import PEOPLE
from shared.mapping.placements.talk import PARTIES
from shared.mapping.rows import Row, SetAside
from shared.mapping.straight import TRUTH, WHOLE, Fixed, Link, Marked, Plain, text_that_fits, values_of
from shared.mapping.transforms import OF_TEXT, PLAIN, Unfit, bounded_text, choice, shortened_text

ODD: tuple[Any, ...] = (
    None, "", " ", "x", "x" * 60, "ß" * 50, "😀" * 30, 0, 1, -1, 2**31, 2**31 - 1, 1.5, True, False, "true",
    "1900-01-01", "2024-04-07T02:30:00+10:00", "0001-01-01T00:00:00Z", "12.30", "1e5", [], {}, "yes",
)  # fmt: skip
HOWS: dict[str, Plain] = {
    "text": Plain("f", PLAIN["text"], text_that_fits(None)),
    "bounded": Plain("f", bounded_text(50), text_that_fits(50)),
    "shortened": Plain("f", shortened_text(50), text_that_fits(50)),
    "integer": Plain("f", PLAIN["integer"], WHOLE),
    "boolean": Plain("f", PLAIN["boolean"], TRUTH),
    **{name: Plain("f", PLAIN[name], of_text=of_text) for name, of_text in OF_TEXT.items()},
    "choice": Plain("f", choice({"x": 7, "true": 1, "false": 0}), among={"x": 7, "true": 1, "false": 0}),
    "open choice": Plain("f", choice({"x": 7, "": 9}), among={"x": 7, "": 9}),
}


def _slowly(how: Plain, record: dict[str, Any]) -> Any:
    try:
        return how.transform(record.get(how.source))
    except (Unfit, TypeError) as wrong:
        return type(wrong)


def _straight(how: Plain, record: dict[str, Any]) -> Any:
    try:
        return values_of([("c", how)])(record)["c"]
    except (Unfit, TypeError) as wrong:
        return type(wrong)


@pytest.mark.parametrize("name", HOWS)
@given(value=st.one_of(st.sampled_from(ODD), st.text(max_size=60), st.integers(), st.floats(allow_nan=False)))
@settings(max_examples=60, deadline=None)
def test_every_kind_of_column_is_the_same_straight_as_by_its_transform(name: str, value: Any):
    for record in ({"f": value}, {}):
        slow, fast = _slowly(HOWS[name], record), _straight(HOWS[name], record)
        assert (fast, type(fast)) == (slow, type(slow))


def test_a_fixed_column_and_one_with_a_getter_of_its_own_stand_in_their_places():
    found = values_of([("a", Fixed(3)), ("b", lambda record: record["x"]), ("c", HOWS["text"])])({"x": 1, "f": "y"})
    assert list(found.items()) == [("a", 3), ("b", 1), ("c", "y")]


def test_a_reference_leads_somewhere_or_to_its_default_whatever_form_the_id_has():
    values = values_of([("c", Link("f", {"7": "seven"}.__getitem__, "nobody"))])
    said = [values(record)["c"] for record in ({"f": "7"}, {"f": 7}, {"f": ""}, {"f": None}, {})]
    assert said == ["seven", "seven", "nobody", "nobody", "nobody"]


def test_a_marked_column_is_the_record_s_id_behind_its_mark_and_no_text_in_it_is_code():
    values = values_of([("c", Marked("it's \\ {id}|"))])
    assert values({"id": "p-1"}) == {"c": "it's \\ {id}|p-1"}
    assert values({"id": 7}) == {"c": "it's \\ {id}|7"}


@pytest.mark.parametrize("odd", [[], ["sms"], {"a": 1}, 7])
def test_a_preference_of_no_known_form_is_no_preference_and_stops_nobody(odd: Any):
    flag = PEOPLE["contact_donotphone"][0]
    assert flag({"reminder_preference": odd}) == flag({"reminder_preference": "something"})


def test_a_whole_practice_becomes_the_same_rows_and_the_same_wire(every: dict[str, ObjectMap]):
    practice = Practice(Clinic(patients=60, seed=3))
    seen = 0
    for object_map in every.values():
        if object_map.source not in practice.objects:
            continue
        for record in map(dict, practice.all(object_map.source)):
            found = object_map.rows(_as_read(object_map.source, record))
            if isinstance(found, SetAside):
                assert found.reason
            for row in found if isinstance(found, list) else ():
                seen += 1
                assert object_map.to_create(row, 5) == _wire_by_hand(object_map, row, 5)
    assert seen > 60


def _as_read(name: str, record: dict[str, Any]) -> dict[str, Any]:
    return dict(answers.page(name, orjson.dumps({"data": [record], "next_cursor": None})).records[0])


def _wire_by_hand(object_map: ObjectMap, row: Row, number: int) -> dict[str, Any]:
    """Column by column, by the way an update takes."""
    there = [name for name, value in row.values.items() if value is not None]
    names = [name for name in there if not object_map.by_name[name].at_closing and name != "createdby"]
    wire = {**object_map.to_update(row, names), "importsequencenumber": number}
    assert PARTIES not in wire
    return wire
