"""Two are one by rule, and families stay as many as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.matching import Found, Match, Person, Rule, name_key, same_person

JANE = Person("p-1", "p-1", "Jane", "O'Brien", "family@home.example", "1980-02-03")


def row(id: str = "c-1", **changes: str | None) -> Person:
    """A contact that is already there: Jane's, without a source id."""
    return replace(JANE, id=id, source_id=None, **changes)


def test_n21_the_source_id_decides_whatever_else_changed():
    there = Person("c-1", "p-1", "Janet", "Smith", None, None)
    assert same_person(JANE, [row("c-9"), there]) == Match(Found.MATCHED, ("c-1",), Rule.SOURCE_ID)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"email": " Family@HOME.example "},
        {"first_name": "JANE", "last_name": "o’brien"},
        {"first_name": " jané "},
        {"last_name": "OBrien"},
    ],
)
def test_n21_without_one_email_and_name_and_birth_date_must_all_agree(changes: dict[str, str]):
    match = same_person(JANE, [row(**changes)])
    assert match == Match(Found.MATCHED, ("c-1",), Rule.EMAIL_NAME_AND_BIRTH_DATE)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "other@home.example"},
        {"first_name": "June"},
        {"first_name": "Jane Mary"},
        {"last_name": "Brien"},
        {"birth_date": "1980-03-02"},
        {"email": None},
        {"email": ""},
        {"birth_date": None},
        {"first_name": None},
        {"last_name": " "},
    ],
)
def test_n21_any_difference_or_gap_makes_somebody_new(changes: dict[str, str | None]):
    assert same_person(JANE, [row(**changes)]) == Match(Found.NEW)
    assert same_person(replace(JANE, **changes), [row(**changes)]).found is (
        Found.MATCHED if all((value or "").strip() for value in changes.values()) else Found.NEW
    )


def test_n21_several_that_fit_go_to_a_person():
    match = same_person(JANE, [row("c-2"), row("c-1"), row("c-3", email=None)])
    assert match == Match(Found.AMBIGUOUS, ("c-1", "c-2"), Rule.EMAIL_NAME_AND_BIRTH_DATE)
    twice = same_person(JANE, [Person("c-2", "p-1"), Person("c-1", "p-1")])
    assert twice == Match(Found.AMBIGUOUS, ("c-1", "c-2"), Rule.SOURCE_ID)


def test_n21_another_patients_contact_is_never_taken_however_alike():
    assert same_person(JANE, [replace(JANE, id="c-1", source_id="p-2")]) == Match(Found.NEW)


@given(
    st.lists(
        st.tuples(st.sampled_from(["Ann", "Ben", "Cleo", "Dan"]), st.sampled_from(["1980-01-01", "2015-06-07"])),
        unique=True,
        max_size=8,
    )
)
def test_n21_a_household_with_one_address_stays_as_many_people_as_it_is(members: list[tuple[str, str]]):
    household = [
        Person(f"p-{number}", f"p-{number}", name, "Citizen", "home@home.example", born)
        for number, (name, born) in enumerate(members)
    ]
    contacts: list[Person] = []
    for patient in household:
        match = same_person(patient, contacts)
        assert match.found is Found.NEW
        contacts.append(replace(patient, id=f"c-{len(contacts)}"))
    assert len(contacts) == len(household)
    for number, patient in enumerate(household):
        without_id = [replace(contact, source_id=None) for contact in contacts]
        assert same_person(patient, without_id).ids == (f"c-{number}",)


def test_names_are_compared_without_case_accents_and_spacing():
    assert name_key("  Renée   MÜLLER-Lang ") == name_key("renee muller lang")
    assert name_key("D’Arcy") == name_key("Darcy")
    assert name_key("Ann") != name_key("Anne")
