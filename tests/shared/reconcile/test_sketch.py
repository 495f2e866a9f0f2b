"""Two summaries of a few kilobytes tell exactly which ids are in one set and not in the other."""

from __future__ import annotations

import random
import uuid

import orjson
import pytest

from shared.reconcile.sketch import Sketch


def ids(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    return [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(count)]


def sketch(guids: list[str]) -> Sketch:
    made = Sketch()
    made.add_all(guids)
    return made


@pytest.mark.parametrize("strays", [0, 1, 2, 17, 400])
def test_n1_the_ids_that_only_one_set_has_are_named(strays: int):
    both, more, fewer = ids(1, 3_000), ids(2, strays), ids(3, strays // 2)
    there, expected = sketch([*both, *more]), sketch([*reversed(both), *fewer])
    assert (there - expected).told() == (sorted(more), sorted(fewer), True)
    assert len(there) == 3_000 + strays


def test_more_strays_than_fit_are_counted_and_said_to_be_more():
    found, none, all_of_them = (sketch(ids(4, 5_000)) - Sketch()).told()
    assert not all_of_them
    assert len(found) < 5_000
    assert none == []
    assert len(sketch(ids(4, 5_000))) == 5_000


def test_lanes_summaries_add_up_and_survive_being_written_down():
    everything = ids(5, 900)
    lanes = [sketch(everything[start::3]) for start in range(3)]
    together = lanes[0] + lanes[1] + lanes[2]
    kept = Sketch.of(orjson.loads(orjson.dumps(together.state())))
    assert (kept - sketch(everything)).told() == ([], [], True)


def test_an_id_is_the_same_in_capitals():
    guid = ids(6, 1)[0]
    assert (sketch([guid.upper()]) - sketch([guid])).told() == ([], [], True)
