"""Wanted tables against live ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.schema.gaps import AddField, AddKey, AddLookup, AddOptions, CreateTable, gaps, number
from shared.schema.model import Field, Key, Kind, Option, Table

SOURCE_ID = Field("bw_sourceid", Kind.TEXT, "bw_SourceId", "Source id", max_length=100, custom=True)
ROLE = Field(
    "bw_role", Kind.CHOICE, "bw_Role", "Role", options=(Option(0, "Patient"), Option(0, "Provider")), custom=True
)
KEY = Key("bw_SourceIdKey", ("bw_sourceid",))
CONTACT = Table(
    "contact", "contacts", "contactid", "fullname",
    fields=(Field("lastname", Kind.TEXT, max_length=50), SOURCE_ID, ROLE), keys=(KEY,),
)  # fmt: skip
VISIT = Table(
    "bw_visit", "bw_visits", "bw_visitid", "bw_name",
    schema_name="bw_Visit", label="Visit", custom=True, keys=(KEY,),
    fields=(
        Field("bw_name", Kind.TEXT, "bw_Name", "Name", max_length=200, custom=True),
        Field("bw_patientid", Kind.LOOKUP, "bw_PatientId", "Patient", targets=("contact",), custom=True),
        SOURCE_ID,
        Field("overriddencreatedon", Kind.INSTANT),
    ),
)  # fmt: skip


def bare(table: Table) -> Table:
    return replace(table, fields=tuple(field for field in table.fields if not field.custom), keys=())


def test_nothing_is_missing_where_everything_is_there() -> None:
    live = replace(CONTACT, keys=(Key("bw_sourceidkey", ("bw_sourceid",), "Active"),))
    found = gaps([CONTACT], {"contact": live})
    assert found.steps == ()
    assert found.blockers == ()


def test_a_missing_table_comes_before_its_columns_then_lookups_then_keys() -> None:
    found = gaps([VISIT, CONTACT], {"contact": bare(CONTACT)})
    names = [(type(step), getattr(step, "table", None)) for step in found.steps]
    assert names == [
        (CreateTable, VISIT),
        (AddField, "bw_visit"),
        (AddField, "contact"),
        (AddField, "contact"),
        (AddLookup, "bw_visit"),
        (AddKey, "bw_visit"),
        (AddKey, "contact"),
    ]
    assert found.blockers == ()


def test_the_primary_name_and_what_dataverse_gives_every_table_are_no_steps() -> None:
    fields = {step.field.name for step in gaps([VISIT], {}).steps if isinstance(step, AddField)}
    assert fields == {"bw_sourceid"}


def test_the_order_is_the_same_every_time() -> None:
    assert gaps([VISIT, CONTACT], {"contact": bare(CONTACT)}) == gaps([VISIT, CONTACT], {"contact": bare(CONTACT)})


def test_new_choice_values_come_from_the_publishers_range() -> None:
    step = next(
        s
        for s in gaps([CONTACT], {"contact": bare(CONTACT)}, option_prefix=54321).steps
        if isinstance(s, AddField) and s.field.name == "bw_role"
    )
    assert [option.value for option in step.field.options] == [543210000, 543210001]


def test_only_labels_that_a_choice_lacks_are_added_with_values_that_are_free() -> None:
    role = replace(ROLE, options=(Option(727000000, "patient "), Option(727000001, "Other")))
    live = replace(CONTACT, fields=(CONTACT.fields[0], SOURCE_ID, role), keys=KEY and (KEY,))
    found = gaps([CONTACT], {"contact": live})
    assert found.steps == (AddOptions("contact", "bw_role", (Option(727000002, "Provider"),)),)


def test_numbering_keeps_values_that_are_given() -> None:
    assert number([Option(5, "a"), Option(0, "b")], [Option(10000, "c")], option_prefix=1) == (
        Option(5, "a"),
        Option(10001, "b"),
    )


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (replace(SOURCE_ID, kind=Kind.INTEGER), "another kind"),
        (replace(SOURCE_ID, max_length=20), "too short"),
        (replace(SOURCE_ID, kind=Kind.MEMO), ""),
        (replace(SOURCE_ID, max_length=4000), ""),
    ],
)
def test_a_column_in_the_way_is_a_blocker_unless_it_holds_the_same_values(there: Field, words: str) -> None:
    live = replace(CONTACT, fields=(CONTACT.fields[0], there, ROLE))
    found = gaps([CONTACT], {"contact": live})
    assert [words in blocker.text for blocker in found.blockers] == ([True] if words else [])


def test_a_lookup_that_cannot_point_where_it_must_is_a_blocker() -> None:
    patient = replace(VISIT.fields[1], targets=("account",))
    live = replace(VISIT, fields=(VISIT.fields[0], patient, *VISIT.fields[2:]))
    assert [b.text for b in gaps([VISIT], {"bw_visit": live}).blockers] == [
        "The lookup is there but cannot point to contact."
    ]


def test_standard_tables_and_columns_cannot_be_made() -> None:
    found = gaps([CONTACT, replace(VISIT, name="account", custom=False)], {"contact": replace(CONTACT, fields=())})
    assert {(b.table, b.field, b.missing) for b in found.blockers} == {
        ("contact", "lastname", True),
        ("account", "", True),
    }


@pytest.mark.parametrize(
    ("key", "blocked"),
    [
        (Key("bw_sourceidkey", ("bw_sourceid",), "Pending"), False),
        (Key("by_hand", ("bw_sourceid",), "Active"), False),
        (Key("bw_sourceidkey", ("bw_sourceid",), "Failed"), True),
        (Key("bw_sourceidkey", ("lastname",), "Active"), True),
    ],
)
def test_a_key_over_the_same_columns_will_do_unless_it_failed(key: Key, blocked: bool) -> None:
    found = gaps([CONTACT], {"contact": replace(CONTACT, keys=(key,))})
    assert found.steps == ()
    assert bool(found.blockers) is blocked
