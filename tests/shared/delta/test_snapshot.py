"""Two states of a practice, held against one another without keeping either (N13, A28)."""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.corepractice.changes import Script, apply_script, merge
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Practice
from shared.delta.departures import flip, survivors
from shared.delta.snapshot import CREATED, MODIFIED, UNCHANGED, Snapshot, content_sum, missing, overlaid
from shared.mapping.crosswalk import fingerprint, index

State = dict[str, dict[str, dict[str, Any]]]
NOW = 1_760_000_000.0
GROWN: dict[int, tuple[Clinic, State]] = {}
"""Clinics as they were seeded, each with all of its records."""


def state(practice: Practice) -> State:
    return {name: {str(r["id"]): dict(r) for r in practice.all(name)} for name in practice.objects}


def grown(seed: int) -> tuple[Practice, State]:
    if seed not in GROWN:
        clinic = Clinic(16, seed)
        GROWN[seed] = clinic, state(Practice(clinic))
    clinic, then = GROWN[seed]
    return Practice(clinic, clock=lambda: NOW), then


def told(then: State, now: State, *, pieces: int) -> dict[str, dict[str, set[str]]]:
    """What the snapshots say changed, by object: nothing here compares a record with a record."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, records in now.items():
        before = list(then[name].values())
        known = overlaid([Snapshot.read(Snapshot.of(before[n::pieces]).packed()) for n in range(pieces)])
        said: dict[str, set[str]] = {CREATED: set(), MODIFIED: set(), UNCHANGED: set()}
        for id_, record in records.items():
            said[known.told(record)].add(id_)
        listed = [index(list(records)[n::pieces]) for n in range(pieces)]
        marks = set(missing(known, listed))
        found[name] = {**said, "gone": {id_ for id_ in then[name] if fingerprint(id_) in marks}}
    return found


def merged(then: State, now: State, gone: Mapping[str, set[str]]) -> dict[str, str]:
    pointed = {
        (name, id_): record["patient_id"]
        for name, records in then.items()
        for id_, record in records.items()
        if record.get("patient_id") in gone["patients"]
    }
    there = {at: now[at[0]][at[1]]["patient_id"] for at in pointed if at[1] not in gone[at[0]]}
    return survivors(pointed, there, gone=gone["patients"])


def merge_some(practice: Practice, chance: random.Random, count: int) -> dict[str, str]:
    """Patients of whom something hangs, each merged into one who stays."""
    found: dict[str, str] = {}
    for _ in range(count):
        ids = [str(r["id"]) for r in practice.all("patients")]
        held = {r["patient_id"] for r in practice.all("appointments")} & set(ids) - set(found.values())
        loser = chance.choice(sorted(held))
        survivor = chance.choice([id_ for id_ in ids if id_ != loser])
        merge(practice, loser, survivor)
        found[loser] = survivor
    return found


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    created=st.integers(0, 4),
    updated=st.integers(0, 7),
    deleted=st.integers(0, 3),
    merges=st.integers(0, 3),
    strokes=st.integers(0, 10),
    pieces=st.integers(1, 4),
)
def test_n13_a28_what_two_snapshots_tell_is_what_happened(
    seed: int, created: int, updated: int, deleted: int, merges: int, strokes: int, pieces: int
):
    practice, then = grown(seed % 3)
    done = apply_script(practice, Script(seed, created, updated, deleted, records=strokes, appointments=4))
    into = merge_some(practice, random.Random(seed), merges)
    now = state(practice)
    found = told(then, now, pieces=pieces)
    for name, said in found.items():
        assert said[CREATED] == set(now[name]) - set(then[name])
        assert said[MODIFIED] == {id_ for id_ in set(now[name]) & set(then[name]) if now[name][id_] != then[name][id_]}
        assert said["gone"] == set(then[name]) - set(now[name])
        assert said[UNCHANGED] == set(now[name]) - said[CREATED] - said[MODIFIED]
    people = done["patients"]
    here = {loser: survivor for loser, survivor in into.items() if loser in then["patients"]}
    assert found["patients"]["gone"] == {*people["deleted"], *here}
    last = {loser: _end(survivor, into) for loser, survivor in here.items()}
    mine = {r["patient_id"] for name in then for r in then[name].values() if "patient_id" in r}
    told_merged = merged(then, now, {name: said["gone"] for name, said in found.items()})
    assert told_merged == {loser: survivor for loser, survivor in last.items() if loser in mine}
    flips = {id_: flip(then["patients"][id_]["status"], now["patients"][id_]) for id_ in found["patients"][MODIFIED]}
    assert {id_ for id_, what in flips.items() if what} == set(people["archive_flipped"]) - set(here)


def _end(patient: str, into: Mapping[str, str]) -> str:
    return _end(into[patient], into) if patient in into else patient


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({("appointments", "a"): "q", ("notes", "n"): "q"}, {"p": "q"}),
        ({("appointments", "a"): "q", ("notes", "n"): "r"}, {}),  # torn apart: no merge
        ({("appointments", "a"): "q", ("notes", "n"): "p"}, {}),  # one still refers to whom nobody has
        ({("appointments", "a"): "q"}, {"p": "q"}),  # the note is gone as well
        ({}, {}),  # everything went with the patient
        ({("appointments", "a"): "gone", ("notes", "n"): "gone"}, {}),
        ({("appointments", "a"): None, ("notes", "n"): None}, {}),
    ],
)
def test_a28_a_merge_is_told_from_a_delete_by_where_everything_hangs_now(
    now: dict[tuple[str, str], str | None], said: dict[str, str]
):
    then = {("appointments", "a"): "p", ("notes", "n"): "p"}
    assert survivors(then, now, gone={"p", "gone"}) == said


def test_n13_the_last_word_of_a_record_counts_and_one_that_was_gone_is_new():
    first, second = {"id": "p-1", "name": "Fox"}, {"id": "p-1", "name": "Hare"}
    known = overlaid([Snapshot.of([first]), Snapshot.of([second])])
    assert [known.told(first), known.told(second)] == [MODIFIED, UNCHANGED]
    without = overlaid([Snapshot.of([first, {"id": "p-2"}])], without={fingerprint("p-1")})
    assert [without.told(first), without.told({"id": "p-2"})] == [CREATED, UNCHANGED]


def test_n13_an_empty_column_more_is_no_change():
    assert content_sum({"id": "1", "a": 2}) == content_sum({"b": None, "a": 2, "id": "1"})
    assert content_sum({"id": "1", "a": 2}) != content_sum({"id": "1", "a": "2"})


def test_n13_a_snapshot_takes_sixteen_bytes_a_record_and_names_nobody():
    packed = Snapshot.of([{"id": "Zoe Harbour", "name": "Zoe"}, {"id": "p-2"}]).packed()
    assert len(packed) == 32
    assert b"Zoe" not in packed
    assert list(missing(Snapshot.read(packed), [array("Q")])) == sorted(map(fingerprint, ["Zoe Harbour", "p-2"]))
