"""What of a run was put back alone, and what that says about rows that are not there."""

from __future__ import annotations

from dataclasses import replace

from shared.runs import parts
from shared.runs.parts import Part

PART = Part(1, {"object": "notes"}, ("notes", "attachments"), at="now", release={"rows": ["r"]})
SAMPLE = Part(2, {"generation": "sample"}, ("notes",), "sample", done_at="then")


def test_n3_a_part_takes_every_generation_of_its_objects_and_a_sample_only_its_own():
    assert PART.takes("00003|delta-0001|notes|000")
    assert not PART.takes("00002|base|patients|000")
    assert not PART.takes("00000|schema|schema|000")
    assert SAMPLE.takes("00001|sample|notes|000")
    assert not SAMPLE.takes("00002|base|notes|000")


def test_parts_are_kept_as_they_were():
    assert parts.read(parts.spelled([PART, SAMPLE])) == (PART, SAMPLE)
    assert parts.read("") == ()


def test_only_one_is_under_way_until_it_has_ended():
    assert parts.under_way([SAMPLE, PART]) == PART
    ended = parts.ended([SAMPLE, PART], at="later")
    assert parts.under_way(ended) is None
    assert ended[1] == replace(PART, done_at="later", release=None)


def test_a_row_is_excused_until_it_is_asked_for_again_and_never_by_a_sample():
    assert parts.put_back([SAMPLE]) == frozenset()
    assert parts.put_back([PART]) == {"notes", "attachments"}
    assert parts.put_back(parts.asked_again([PART])) == frozenset()
    assert parts.put_back(parts.ended([PART], at="now", overtaken=True)) == frozenset()
