"""A chain tells what was done to it: which event, by number, and how."""

from __future__ import annotations

import hashlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.chain import Broken, Walk, verify
from shared.audit.event import APP, STORY, Event, Head, line
from shared.audit.keyed import keyed, keyed_all
from shared.errors import Stop

LANE = "load.base.patients.000"
AT = "2026-01-01T00:00:00.000+00:00"


def written(count: int = 6, *, chain: str = LANE, said: str = "batch-loaded") -> list[bytes]:
    lines, head = [], Head()
    for number in range(1, count + 1):
        event = Event(said, APP, {"mark": f"{chain}/{number}", "created": number})
        one, head = line(event, chain=chain, after=head, at=AT)
        lines.append(one.rstrip(b"\n"))
    return lines


def forged(original: bytes, **changes: object) -> bytes:
    """As somebody would write it anew who knows how hashes are made."""
    body = {**orjson.loads(original), **changes}
    del body["hash"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return orjson.dumps({**body, "hash": hashlib.sha256(text).hexdigest()}, option=orjson.OPT_SORT_KEYS)


def broken(lines: list[bytes], **more: object) -> Broken | None:
    return verify(LANE, lines, **more)[1]  # type: ignore[arg-type]


def test_r143_a_chain_as_it_was_written_is_sound_and_has_a_head():
    lines = written()
    head, found = verify(LANE, lines)
    assert found is None
    assert head == Head(6, orjson.loads(lines[-1])["hash"])
    assert verify(LANE, []) == (Head(), None)


def test_r143_a_line_has_the_members_and_the_hash_that_the_format_says():
    first, second = (orjson.loads(one) for one in written(2))
    assert list(first) == sorted(["at", "chain", "facts", "hash", "kind", "n", "prev", "who"])
    assert (first["n"], first["prev"], second["n"], second["prev"]) == (1, "", 2, first["hash"])


@given(
    facts=st.dictionaries(
        st.text(max_size=8),
        st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.lists(st.text(), max_size=3)),
        max_size=5,
    ),
    who=st.text(),
)
def test_r143_the_standard_library_works_out_the_same_hash(facts: dict[str, object], who: str):
    one, head = line(Event("anything", who, facts), chain=LANE, after=Head(), at=AT)
    body = json.loads(one)
    del body["hash"]
    again = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(again).hexdigest() == head.hash


@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_r143_a_single_byte_changed_anywhere_is_found_and_named(place: int, byte: int):
    lines = written()
    text = bytearray(b"\n".join(lines))
    place %= len(text)
    if text[place] == byte or text[place] == ord("\n") or byte == ord("\n"):
        return
    number = text[:place].count(b"\n") + 1
    text[place] = byte
    found = broken(bytes(text).split(b"\n"))
    assert (found and found.n) == number


@pytest.mark.parametrize("n", [1, 3, 5])
def test_r143_an_altered_event_is_named_even_when_its_hash_was_made_to_fit(n: int):
    lines = written()
    lines[n - 1] = lines[n - 1].replace(b'"created":', b'"created":9')
    assert broken(lines) == Broken(LANE, n, "altered")
    lines[n - 1] = forged(written()[n - 1], who="nobody")
    assert broken(lines) == Broken(LANE, n, "altered")


def test_r143_the_last_event_made_to_fit_is_found_once_its_head_was_promised():
    lines = written()
    promised = [verify(LANE, lines)[0]]
    lines[-1] = forged(lines[-1], who="nobody")
    assert broken(lines) is None
    assert broken(lines, promised=promised) == Broken(LANE, 6, "altered")


@pytest.mark.parametrize("n", [1, 4, 5])
def test_r143_a_removed_event_is_named(n: int):
    lines = written()
    del lines[n - 1]
    assert broken(lines) == Broken(LANE, n, "removed")


def test_r143_a_stretch_cut_out_of_the_middle_is_named_by_its_first_event():
    lines = written(9)
    assert broken(lines[:3] + lines[6:]) == Broken(LANE, 4, "removed")


def test_r143_an_end_that_was_cut_off_is_found_once_the_head_was_promised():
    lines = written()
    head, _ = verify(LANE, lines)
    assert broken(lines[:4]) is None
    assert broken(lines[:4], promised=[head]) == Broken(LANE, 5, "cut-off")
    assert broken([], promised=[head]) == Broken(LANE, 1, "cut-off")


def test_r143_reordered_events_are_named_by_the_first_that_is_missing_from_its_place():
    lines = written()
    lines[2], lines[4] = lines[4], lines[2]
    assert broken(lines) == Broken(LANE, 3, "reordered")


def test_r143_an_inserted_event_is_named():
    lines = written()
    assert broken([*lines[:3], lines[1], *lines[3:]]) == Broken(LANE, 2, "inserted")
    assert broken([*lines[:3], forged(lines[2], n=4), *lines[3:]]) == Broken(LANE, 3, "altered")
    new = forged(lines[3], who="nobody")
    assert broken([*lines[:3], new, *lines[3:]]) == Broken(LANE, 4, "inserted")


def test_r143_a_line_put_in_that_is_no_event_at_all_is_named():
    lines = written()
    for nonsense in (b"", b"{}", b"[]", b"\xff", b'{"n":1}', lines[2] + b" "):
        assert broken([*lines[:2], nonsense, *lines[2:]]) == Broken(LANE, 3, "altered")


def test_r143_chains_that_changed_places_are_named():
    other = "load.base.patients.001"
    assert broken(written(chain=other)) == Broken(LANE, 1, "of-another-chain")
    mixed = [*written()[:2], *written(chain=other)[2:]]
    assert broken(mixed) == Broken(LANE, 3, "of-another-chain")


def story(*events: Event) -> list[bytes]:
    lines, head = [], Head()
    for event in events:
        one, head = line(event, chain=STORY, after=head, at=AT)
        lines.append(one.rstrip(b"\n"))
    return lines


def test_r143_the_story_of_another_run_is_not_taken_for_this_one_s():
    walk = Walk(STORY, run="r1")
    for one in story(Event("run-registered", APP, {"run": "r2"})):
        walk.step(one)
    assert walk.end() == Broken(STORY, 1, "of-another-run")


def test_r143_the_story_promises_the_heads_of_the_lanes_that_were_closed():
    lines = written()
    head, _ = verify(LANE, lines)
    walk = Walk(STORY)
    closed = {"chain": LANE, "n": head.n, "hash": head.hash}
    for one in story(Event("chain-closed", APP, closed), Event("chain-closed", APP, {"chain": "odd", "n": "x"})):
        walk.step(one)
    assert walk.closed == {LANE: head, "odd": Head()}


def test_a19_an_id_is_kept_as_a_keyed_hash_of_sixteen_bytes():
    one, other = "11" * 32, "22" * 32
    assert keyed(one, "P1") == keyed_all(one, ["P1", "P2"])[0]
    assert len({keyed(one, "P1"), keyed(one, "P2"), keyed(other, "P1")}) == 3
    assert len(keyed(one, "P1")) == 32
    with pytest.raises(Stop):
        keyed("", "P1")
