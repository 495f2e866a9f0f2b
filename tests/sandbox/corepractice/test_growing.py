"""A clinic is the same wherever it is grown, and as near at two million patients as at fifty."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc

import pytest

from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Place, Practice
from sandbox.corepractice.records import microseconds
from sandbox.corepractice.shapes import OBJECTS


def test_a_clinic_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="10,000,000"):
        Clinic(10_000_001)


_DIGEST = """
import hashlib, json
from sandbox.corepractice.clinic import Clinic
from sandbox.corepractice.practice import Place, Practice
practice = Practice(Clinic(120, seed=9))
text = json.dumps([list(practice.all(name)) for name in practice.objects])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_a_seed_is_the_same_clinic_in_every_process() -> None:
    practice = Practice(Clinic(120, seed=9))
    text = json.dumps([list(practice.all(name)) for name in practice.objects])
    here = hashlib.sha256(text.encode()).hexdigest()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        there = subprocess.run(
            [sys.executable, "-c", _DIGEST], env=environment, capture_output=True, text=True, check=True
        )
        assert there.stdout.strip() == here


def test_another_seed_is_another_clinic_and_the_order_of_asking_does_not_matter() -> None:
    clinic = Clinic(500, seed=2)
    late = clinic.load("patients", 499)
    list(Practice(clinic).all("appointments"))
    assert clinic.load("patients", 499) == late
    assert Clinic(500, seed=3).load("patients", 499) != late


def test_two_hundred_thousand_patients_page_in_flat_memory() -> None:
    practice = Practice(Clinic(200_000))
    tracemalloc.start()
    try:
        for since in (None, microseconds("2024-01-01T00:00:00Z")):
            after = None
            for _ in range(4):
                page = practice.page("patients", 500, since=since, after=after, archived=True)
                after = page.last
        first = tracemalloc.get_traced_memory()[1]
        place = practice.page("patients", 1, since=None, after=None, archived=True).last
        assert place is not None
        ids = sum(1 for _ in practice.slips("patients"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ids == 196_000
    assert first < 12_000_000
    assert peak - first < 1_000_000


def test_the_last_page_of_two_million_is_as_near_as_the_first() -> None:
    practice = Practice(Clinic(2_000_000))
    page = practice.page("patients", 500, since=None, after=Place("p-001999990"), archived=True)
    assert 1 <= len(page.records) <= 9
    assert page.last is None
    recent = practice.page("patients", 5, since=microseconds("2025-06-29T23:00:00Z"), after=None, archived=True)
    assert len(recent.records) == 5


@pytest.mark.parametrize("name", OBJECTS[5:])
def test_every_object_of_two_million_patients_is_near_at_both_ends(name: str) -> None:
    practice = Practice(Clinic(2_000_000))
    count = practice.tally(name).active
    first = practice.page(name, 3, since=None, after=None, archived=True)
    after = Place(f"{first.records[0]['id'][:-9]}{count - 4:09d}")
    last = practice.page(name, 500, since=None, after=after, archived=True)
    recent = practice.page(name, 3, since=microseconds("2025-04-01T00:00:00Z"), after=None, archived=True)
    assert (len(first.records), len(last.records), len(recent.records)) == (3, 3, 3)
    assert last.last is None
    assert all(record["updated_at"] >= "2025-04-01" for record in recent.records)
