"""What others refer to is written first and removed last."""

from __future__ import annotations

from shared.loading import waves
from shared.mapping.model import FieldMap


def test_parents_are_written_before_their_children(mapping: FieldMap):
    order = waves.waves(mapping)
    assert order == [["defaults", "locations", "referrers"], ["staff"], ["patients"], ["appointments"]]


def test_an_object_gets_as_many_lanes_as_it_has_shards_and_no_more():
    plan = waves.by_shards("r", "load", "base", [["a", "b"], ["c"], ["d"]], {"a": 9, "b": 1, "d": 0}, lanes=4)
    assert [[(part.object, part.lane, part.lanes) for part in wave] for wave in plan] == [
        [("a", 0, 4), ("a", 1, 4), ("a", 2, 4), ("a", 3, 4), ("b", 0, 1)]
    ]


def test_the_way_back_goes_by_wave_and_then_from_the_last_generation_to_the_first():
    journal = [
        (0, "00000|schema|schema|000", "schema", 9),
        (0, "00001|sample|locations|000", "account", 1),
        (2, "00001|sample|patients|000", "contact", 1),
        (0, "00002|base|locations|000", "account", 1),
        (2, "00002|base|patients|000", "contact", 1),
        (2, "00002|base|patients|001", "contact", 1),
        (2, "00003|delta-0001|patients|000", "contact", 1),
    ]
    plan = waves.backwards("r", "undo", journal)
    assert [[(part.generation, part.object, part.lane) for part in wave] for wave in plan] == [
        [("delta-0001", "patients", 0)],
        [("base", "patients", 0), ("base", "patients", 1)],
        [("sample", "patients", 0)],
        [("base", "locations", 0)],
        [("sample", "locations", 0)],
    ]


def test_n3_what_points_at_an_object_is_named_however_many_steps_away(mapping: FieldMap):
    assert waves.named(mapping, object="patients", wave=None) == ["patients"]
    assert waves.named(mapping, object=None, wave=mapping.rule("staff").wave) == ["staff"]  # type: ignore[union-attr]
    assert waves.named(mapping, object="unicorns", wave=None) == []
    assert waves.dependents(mapping, ["patients"]) == ["appointments"]
    assert waves.dependents(mapping, ["locations"]) == ["staff", "patients", "appointments"]
    assert waves.dependents(mapping, ["locations", "patients"]) == ["staff", "appointments"]
    assert waves.dependents(mapping, ["appointments"]) == []
