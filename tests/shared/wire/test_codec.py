"""What travels is plain JSON, small, and understood by a version that knows fewer fields."""

from __future__ import annotations

import dataclasses
import json

import pytest

from shared.wire import payloads, steps
from shared.wire.codec import decode, encode

KINDS = [kind for kind in vars(payloads).values() if dataclasses.is_dataclass(kind)]


def filled(kind: type) -> object:
    values = {"str": "r1", "int": 1, "float": 1.5, "bool": True}
    given = {
        field.name: values[str(field.type)]
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and str(field.type) in values
    }
    if "problem" in {field.name for field in dataclasses.fields(kind)} and kind is payloads.Trouble:
        given["problem"] = payloads.Problem("code", "message")
    return kind(**given)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_payload_survives_the_journey(kind: type):
    value = filled(kind)
    travelled = json.loads(json.dumps(encode(value)))
    assert decode(kind, travelled) == value
    assert decode(kind, {**travelled, "a_later_field": 1}) == value
    assert "__class__" not in str(travelled)


def test_an_envelope_carries_a_problem_whole():
    envelope = payloads.Envelope(problem=payloads.Problem("code", "message", "remedy"))
    assert decode(payloads.Envelope, encode(envelope)) == envelope


def test_a_wave_of_sixteen_lanes_stays_under_four_kilobytes():
    wave = payloads.Slices(
        [payloads.Slice("r" + "0" * 20, "reconcile", "deltas.12", "appointments", n, 16) for n in range(16)]
    )
    assert len(json.dumps(encode(wave))) < 4096


def test_the_catalogue_names_each_step_once():
    assert len(steps.BY_NAME) == len(steps.ALL)
