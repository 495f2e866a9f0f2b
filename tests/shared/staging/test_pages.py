"""Records survive being staged, and damage does not pass for records."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.staging import pages

WORDS = st.text(max_size=20)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), WORDS
)
RECORDS = st.lists(st.dictionaries(WORDS, VALUES, max_size=5), max_size=20)


@given(RECORDS, st.integers(1, 50))
def test_what_is_encoded_comes_back(records: list[dict[str, Any]], size: int) -> None:
    content = pages.encode(records)
    assert list(pages.decode(content)) == records
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    assert list(pages.iter_decode(chunks)) == records


def test_equal_records_are_equal_bytes() -> None:
    records = [{"id": str(number), "name": "Ádám\u2028\n"} for number in range(3000)]
    assert pages.encode(records) == pages.encode([dict(record) for record in records])
    assert list(pages.decode(pages.encode(records))) == records


@given(RECORDS, st.integers(0, 9), st.integers(0, 9))
def test_records_are_encoded_as_they_come_and_decoded_as_they_are_looked_at(
    records: list[dict[str, Any]], start: int, stop: int
) -> None:
    kept = pages.Records()
    for record in records:
        kept.add([record])
    assert pages.encode(kept) == pages.encode(records)
    assert (len(kept), list(kept), list(kept[start:stop])) == (len(records), records, records[start:stop])
    assert [kept[at] for at in range(len(kept))] == records
    assert not records or kept[-1] == records[-1]


@given(RECORDS, st.integers(1, 6), st.integers(1, 120))
def test_records_come_in_parts_of_so_many_and_of_so_many_bytes(
    records: list[dict[str, Any]], most: int, room: int
) -> None:
    kept = pages.Records()
    kept.add(records)
    parts = list(kept.parts(most=most, room=room))
    assert [record for part in parts for record in part] == records
    assert all(0 < len(part) <= most and (part.size <= room or len(part) == 1) for part in parts)
    for part, after in pairwise(parts):  # nothing that had room waits for the next part
        assert len(part) == most or part.size + after[:1].size > room


def test_records_take_little_of_the_memory_that_objects_would() -> None:
    record = {f"column_{number}": f"a value of its own, {number}" for number in range(40)}
    content = pages.encode([record] * 1_000)
    tracemalloc.start()
    try:
        kept = pages.decode(content)
        lines = tracemalloc.get_traced_memory()[0]
        whole = list(kept)
        assert len(whole) == len(kept)
        assert tracemalloc.get_traced_memory()[0] - lines > 2 * lines
    finally:
        tracemalloc.stop()


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    records = [{"id": str(number), "name": "x" * (number % 7)} for number in range(200)]
    content = bytearray(pages.encode(records))
    content[place % len(content)] ^= change
    for read in (lambda c: list(pages.decode(c)), lambda c: list(pages.iter_decode([c]))):
        try:
            assert read(bytes(content)) == records  # a few bits of a frame's header mean nothing
        except pages.Damaged:
            continue


@pytest.mark.parametrize("cut", [0, 1, 10, -1, -4, -20])
def test_a_shard_cut_short_is_damaged(cut: int) -> None:
    content = pages.encode([{"id": str(number)} for number in range(1000)])[:cut]
    with pytest.raises(pages.Damaged):
        pages.decode(content)
    with pytest.raises(pages.Damaged):
        list(pages.iter_decode([content]))


def test_what_follows_a_shard_makes_it_damaged() -> None:
    content = pages.encode([{"id": "1"}])
    for extra in (b"x", content):
        with pytest.raises(pages.Damaged):
            pages.decode(content + extra)
        with pytest.raises(pages.Damaged):
            list(pages.iter_decode([content + extra]))


def test_a_bomb_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST", 1000)
    content = pages.encode([{"id": "0" * 2000}])
    with pytest.raises(pages.Damaged):
        pages.decode(content)
    with pytest.raises(pages.Damaged):
        list(pages.iter_decode([content]))
