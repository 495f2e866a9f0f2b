"""A start request is judged whole: every complaint at once, nothing guessed, nothing secret kept."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from shared import bodies, intake
from shared.people import asked
from shared.settings import read

SETTINGS = read({"BRIDGEWORK_SECRET_CORE_PRACTICE": "s3cret", "BRIDGEWORK_SOURCE_HOSTS": "*.corepractice.example"})
GOOD: dict[str, Any] = {
    "practice": "Harbour Dental",
    "source": {"kind": "api", "base_url": "https://api.corepractice.example", "secret": "core-practice"},
    "target": {"url": "https://harbour.crm6.dynamics.com/"},
}


def complaints(body: Any) -> dict[str, str]:
    with pytest.raises(intake.Doubtful) as doubtful:
        intake.start(body if isinstance(body, bytes) else orjson.dumps(body), SETTINGS)
    return {complaint["at"]: complaint["problem"] for complaint in doubtful.value.complaints}


def changed(path: str, value: Any) -> dict[str, Any]:
    body = copy.deepcopy(GOOD)
    place = body
    *way, last = path.split(".")
    for step in way:
        place = place.setdefault(step, {})
    place[last] = value
    return body


def test_a_good_request_is_kept_with_its_defaults_and_without_any_secret():
    kept = intake.start(orjson.dumps(GOOD), SETTINGS)
    assert kept["options"]["schema"] == "provision"
    assert kept["options"]["sample_size"] == 200
    assert kept["source_system"] == "harbour-dental"
    assert kept["target"]["url"] == "https://harbour.crm6.dynamics.com"
    assert b"s3cret" not in orjson.dumps(kept)


def test_every_complaint_comes_at_once():
    body = changed("options.sample_size", 5)
    body["options"]["time_zone"] = "Sydney"
    body["options"]["colour"] = "red"
    body["source"]["secret"] = "nobody-set-this"
    body["target"]["url"] = "http://harbour.crm6.dynamics.com"
    assert set(complaints(body)) == {
        "options.sample_size", "options.time_zone", "options.colour", "source.secret", "target.url",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("practice", ""),
        ("source.kind", "fax"),
        ("source.base_url", "ftp://api.corepractice.example"),
        ("source.base_url", "https://user:pass@api.corepractice.example"),
        ("source.base_url", "https://elsewhere.example"),
        ("source.base_url", "http://127.0.0.1:8000"),
        ("target.url", "https://harbour.example.com"),
        ("target.url", "https://"),
        ("target.url", "https://harbour.crm6.dynamics.com/?a=1"),
        ("options.delta_window_hours", 0),
        ("options.delta_window_hours", 1000),
        ("options.schema", "maybe"),
        ("callback_url", "https://attacker.example/hook"),
    ],
)
def test_a_doubtful_member_is_named(path: str, value: Any):
    assert any(at.startswith(path.split(".")[0]) for at in complaints(changed(path, value)))


@pytest.mark.parametrize("blob", ["../other/x.zip", "/etc/passwd", "C:\\x.zip", "https://x/y.zip", ""])
def test_a_bundle_address_stays_inside_the_inbox(blob: str):
    assert complaints({**GOOD, "source": {"kind": "bundle", "blob": blob}})


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null", b'"text"', b"{"])
def test_a_body_that_is_no_request_is_refused_without_a_crash(body: bytes):
    assert complaints(body)


def test_a_refusal_repeats_no_value_of_the_request():
    found = complaints(changed("options.fallback_owner", 12345678))
    assert "12345678" not in str(found)


def test_the_same_key_always_leads_to_the_same_run():
    key = intake.start_key("a customer's own key / with ? anything #")
    assert intake.run_id(key) == intake.run_id(key)
    assert intake.run_id(key) != intake.run_id(intake.start_key("another"))
    assert intake.run_id(key)[0] == "r"
    assert len(intake.run_id(key)) == 21


def test_a_decision_needs_a_whole_digest():
    with pytest.raises(intake.Doubtful):
        bodies.decision(b'{"gate": "mapping", "decision": "approve", "digest": "abc", "by": "me"}')


@pytest.mark.parametrize(
    "body",
    [
        {"part": {}},
        {"part": {"object": "notes", "wave": 3}},
        {"part": {"generation": "base"}},
        {"part": {"wave": -1}},
        {"with_dependents": True},
    ],
)
def test_n3_a_part_is_one_thing_and_said_in_full(body: dict[str, Any]):
    with pytest.raises(intake.Doubtful):
        bodies.rollback(orjson.dumps(body))


def test_n3_a_part_may_come_with_a_word_about_what_points_at_it():
    found = bodies.rollback(b'{"part": {"wave": 0}, "with_dependents": false}')
    assert found.part is not None
    assert (found.part.wave, found.with_dependents) == (0, False)
    assert bodies.rollback(b"").part is None


@pytest.mark.parametrize(
    "body", [{"by": "me"}, {"id": "p-1"}, {"id": "", "by": "me"}, {"id": "1", "by": "me", "object": "staff"}]
)
def test_a37_an_erasure_names_a_patient_and_who_decides(body: dict[str, Any]):
    with pytest.raises(intake.Doubtful):
        asked.erase(orjson.dumps(body))
