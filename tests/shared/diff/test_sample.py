"""A sample shows every rare shape that is hidden among thousands, whole with what it refers to, and never too large."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.diff.households import LARGEST
from tests.shared.diff.practices import MAPPING, Chosen, Practice, ordinary
from tests.shared.diff.shapes import SHAPES

REFERENCES = {"provider_id": "staff", "author_id": "staff", "staff_id": "staff", "location_id": "locations",
              "patient_id": "patients", "referrer_id": "referrers", "appointment_id": "appointments",
              "invoice_id": "invoices"}  # fmt: skip
SLOWLY = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def count(chosen: Chosen) -> int:
    return sum(map(len, chosen.values()))


def complaints(practice: Practice, chosen: Chosen, size: int) -> list[str]:
    """What every sample has to keep to, whatever it is of."""
    ids = {name: {one["id"] for one in found} for name, found in chosen.items()}
    there = {name: {one["id"] for one in found} for name, found in practice.records.items()}
    found = [f"{count(chosen)} records"] if count(chosen) > size else []
    for name, records in chosen.items():
        found += [f"{name} twice"] if len(records) != len(ids[name]) else []
        for record in records:
            for field, to in REFERENCES.items():
                wanted = record.get(field)
                if wanted in there.get(to, ()) and wanted not in ids.get(to, ()) and wanted not in ("staff-0", MERGED):
                    found.append(f"{name}.{field} without {wanted}")
    families: dict[str, set[str]] = {}
    for patient in practice.records.get("patients", ()):
        if patient.get("family_id"):
            families.setdefault(patient["family_id"], set()).add(patient["id"])
    for name, members in families.items():
        if len(members) <= LARGEST and 0 < len(members & ids.get("patients", set())) < len(members):
            found.append(f"household {name} torn apart")
    return found


MERGED = "r-second"
"""Another record stands for it."""


@pytest.mark.parametrize("name", SHAPES)
def test_n23_each_class_of_defect_has_a_record_in_the_sample_that_shows_it(name: str):
    practice = ordinary(400)
    SHAPES[name](practice, 271)
    chosen, _ = practice.sample(100)
    assert [what for what, shown in practice.hidden if not shown(chosen)] == []
    assert complaints(practice, chosen, 100) == []


@given(
    patients=st.integers(150, 600),
    size=st.integers(150, 500),
    hidden=st.dictionaries(st.sampled_from(sorted(SHAPES)), st.integers(0, 3000), max_size=12),
)
@SLOWLY
def test_n23_whatever_is_hidden_among_thousands_is_in_the_sample(patients: int, size: int, hidden: dict[str, int]):
    practice = ordinary(patients)
    for name, at in hidden.items():
        SHAPES[name](practice, at)
    chosen, _ = practice.sample(size)
    # Of two that go further than all others only the further one is the furthest.
    lost = [what for what, shown in practice.hidden if not shown(chosen)]
    assert lost == [] or hidden.keys() >= {"the largest file", "a file that is too large"}
    assert complaints(practice, chosen, size) == []


def test_n23_all_shapes_at_once_fit_into_one_sample():
    practice = ordinary(1_000)
    for place, name in enumerate(SHAPES):
        if name != "the largest file":
            SHAPES[name](practice, 97 * place)
    chosen, coverage = practice.sample(200)
    assert [what for what, shown in practice.hidden if not shown(chosen)] == []
    assert complaints(practice, chosen, 200) == []
    assert coverage["records"] == 200


@given(families=st.lists(st.integers(1, 30), min_size=1, max_size=12), size=st.sampled_from([100, 137, 500]))
@SLOWLY
def test_n23_households_are_whole_and_the_sample_is_never_too_large(families: list[int], size: int):
    practice = ordinary(80)
    for name, members in enumerate(families):
        for member in range(members):
            practice.put("patients", 31 * member, family_id=f"F{name}", status="deceased" if member == 0 else "active")
    chosen, coverage = practice.sample(size)
    assert complaints(practice, chosen, size) == []
    assert coverage["gives_way"]["households_too_large"] == sum(members > LARGEST for members in families)


def test_n23_a_practice_of_nothing_but_households_fills_a_sample_with_whole_ones():
    practice = ordinary(0)
    for number in range(900):
        practice.put("patients", number, family_id=f"F{number % 300}")
    chosen, _ = practice.sample(200)
    assert complaints(practice, chosen, 200) == []
    assert len(chosen["patients"]) >= 195


def test_n23_what_a_sample_is_chosen_from_does_not_grow_with_the_staff():
    def pool(staff: int) -> int:
        practice = ordinary(1_000)
        for number in range(staff):
            practice.put("staff", first_name=f"S{number}")
        for records in practice.records.values():
            for number, record in enumerate(records):
                record.update(
                    {name: f"staff-{number % staff}" for name in ("provider_id", "author_id") if name in record}
                )
        return len(practice.gathered(practice.opened(100)).members)

    assert pool(600) < 1.2 * pool(100)


def test_n23_a_list_that_is_one_household_is_sampled_all_the_same():
    practice = ordinary(300)
    for patient in practice.records["patients"]:
        patient["family_id"] = "0"
    chosen, _ = practice.sample(200)
    assert count(chosen) == 200
    assert chosen["patients"]


@pytest.mark.parametrize(("patients", "size"), [(1, 100), (8, 100), (40, 500), (60, 200)])
def test_r131_a_sample_is_as_large_as_it_may_be_or_the_whole_practice(patients: int, size: int):
    practice = ordinary(patients)
    chosen, _ = practice.sample(size)
    ours = sum(len(found) for name, found in chosen.items() if name in ("defaults", "payers"))
    # Of the staff and the referrers there is nothing to show twice: who is a user gets no row.
    assert count(chosen) == size or count(chosen) - ours >= practice.size - 1


def test_r132_a_sample_of_ordinary_patients_shows_what_happened_to_them():
    chosen, _ = ordinary(500).sample(200)
    for name in ("patients", "appointments", "treatments", "invoices", "payments", "notes"):
        assert len(chosen[name]) >= 5, name
    whose = {one["patient_id"] for one in chosen["treatments"]}
    assert whose <= {one["id"] for one in chosen["patients"]}


def test_n23_the_same_records_make_the_same_sample():
    practices = [ordinary(300) for _ in range(2)]
    for practice in practices:
        for place, name in enumerate(SHAPES):
            SHAPES[name](practice, 53 * place)
    assert practices[0].sample(150) == practices[1].sample(150)


def test_n23_nothing_but_a_few_bytes_grows_with_the_number_of_records():
    kept = []
    for patients in (500, 2_000):
        practice = ordinary(patients)
        sample = practice.opened(200)
        for source in sample.order:
            for record in practice.records.get(source, ()):
                sample.consider(source, record)
        pool = sample.gather()
        for source in sample.order:
            pool.begin(source)
            for record in practice.records.get(source, ()):
                pool.see(record)
        held = sum(map(len, sample._candidates.holders.values())) + sum(map(len, sample._candidates.furthest.values()))
        kept.append((held, len(pool.members)))
    assert kept[0] == kept[1]


def test_n23_a_practice_without_records_has_an_empty_sample():
    chosen, coverage = Practice().sample(100)
    assert count(chosen) == 0
    assert coverage["headline"] == "0 of 0 features of the data are in the sample of 0 records"
    assert set(coverage["objects"]) == {rule.object for rule in MAPPING.objects} - {"defaults", "payers"}


def test_what_was_looked_at_goes_with_the_sample_and_does_not_wait_for_the_garbage_collector():
    practice = ordinary(20)
    gc.disable()
    try:
        sample = practice.opened(40)
        pool = practice.gathered(sample)
        sample.choose(pool)
        seen = [weakref.ref(one) for one in (sample, sample._candidates, sample._relations, pool)]
        del sample, pool
        assert [one() for one in seen] == [None] * 4
    finally:
        gc.enable()
