"""References lead where they led, whatever a thing has become."""

from __future__ import annotations

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.mapping.crosswalk import Crosswalk, first_of_each, holds, index, organisation_key
from shared.vocabulary import NAMESPACE, row_id

USER = "00000000-0000-4000-8000-000000000001"
FALLBACK = "00000000-0000-4000-8000-00000000000f"


def test_the_same_organisation_spelt_twice_is_one():
    names = ["Smith & Sons Dental", "SMITH AND SONS  DENTAL.", "smith & sons dental", "Sïmith Dental"]
    keyed = [(str(number), organisation_key(name)) for number, name in enumerate(names)]
    assert first_of_each(keyed) == {"0": "0", "1": "0", "2": "0", "3": "3"}


def test_organisations_without_a_name_stay_apart():
    assert first_of_each([("a", ""), ("b", "")]) == {"a": "a", "b": "b"}


@given(st.sets(st.text(min_size=1, max_size=12)), st.text(min_size=1, max_size=12))
def test_an_index_holds_exactly_what_was_put_in(ids: set[str], other: str):
    found = index(ids)
    assert all(holds(found, id_) for id_ in ids)
    assert holds(found, other) == (other in ids)


def crosswalk() -> Crosswalk:
    known = {name: index(ids) for name, ids in {"staff": ["s1", "s2"], "referrers": ["r1", "r2"]}.items()}
    return Crosswalk("here", FALLBACK, users={"s1": USER}, aliases={"r2": "r1"}, known=known)


def test_staff_lead_to_their_user_or_to_their_contact():
    assert crosswalk().resolve("staff", "s1") == ("users", USER)
    assert crosswalk().resolve("staff", "s2") == ("staff", row_id("here", "staff", "s2"))
    assert crosswalk().resolve("staff", "s9") is None


def test_a_second_spelling_leads_to_the_first():
    assert crosswalk().resolve("referrers", "r2") == ("referrers", row_id("here", "referrers", "r1"))
    assert crosswalk().merged_away("referrers", "r2")
    assert not crosswalk().merged_away("referrers", "r1")


def test_whoever_has_no_user_leaves_their_rows_to_the_fallback_owner():
    assert crosswalk().owner("s1") == USER
    assert crosswalk().owner("s2") == FALLBACK
    assert crosswalk().owner(None) == FALLBACK


@given(st.text(), st.text(), st.text())
def test_a_row_id_is_a_uuid_of_version_5(system: str, object_name: str, source_id: str):
    assert row_id(system, object_name, source_id) == str(uuid5(NAMESPACE, f"{system}/{object_name}/{source_id}"))


def test_two_practices_never_share_a_row_id():
    assert row_id("one", "patients", "P1") != row_id("two", "patients", "P1")
    assert row_id("one", "patients", "P1") == row_id("one", "patients", "P1")
