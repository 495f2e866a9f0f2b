"""Wanted tables against live ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.schema.gaps import (
    PROFILE,
    AddField,
    AddKey,
    AddLookup,
    AddOptions,
    AllowColumns,
    CreateTable,
    SecureColumn,
    gaps,
    number,
    unready_keys,
)
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


def test_r119_a_missing_table_comes_before_its_columns_then_lookups_then_keys() -> None:
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


HEALTH = Field("bw_allergies", Kind.MEMO, "bw_Allergies", "Allergies", max_length=2000, custom=True, secured=True)


def patients(*fields: Field) -> Table:
    return replace(CONTACT, fields=(CONTACT.fields[0], *fields), keys=())


def test_n22_a_column_that_is_there_unlocked_is_a_step_and_no_blocker() -> None:
    there = replace(HEALTH, secured=False)
    found = gaps([patients(HEALTH)], {"contact": patients(there)})
    assert found.steps == (SecureColumn("contact", "bw_allergies"),)
    assert found.blockers == ()
    assert gaps([patients(HEALTH)], {"contact": patients(HEALTH)}).steps == ()
    assert gaps([patients(there)], {"contact": patients(HEALTH)}).steps == ()


def test_n22_a_new_column_of_health_data_is_locked_from_its_first_moment() -> None:
    (step,) = gaps([patients(HEALTH)], {"contact": patients()}).steps
    assert isinstance(step, AddField)
    assert step.field.secured


def test_what_cannot_be_locked_is_never_asked_to_be() -> None:
    visit = replace(VISIT, fields=tuple(replace(field, secured=True) for field in VISIT.fields))
    found = gaps([visit, CONTACT], {"contact": bare(CONTACT)})
    made = [step.field for step in found.steps if isinstance(step, AddField | AddLookup)]
    table = next(step.table for step in found.steps if isinstance(step, CreateTable))
    assert [field.name for field in (*made, *table.fields) if field.secured] == []


@pytest.mark.parametrize(
    ("allowed", "is_a_step"),
    [(None, False), ((), True), ((("contact", "bw_other"),), True), ((("contact", "bw_allergies"),), False)],
)
def test_n22_the_profile_is_the_last_step_until_the_apps_user_may_write_every_locked_column(
    allowed: tuple[tuple[str, str], ...] | None, is_a_step: bool
) -> None:
    found = gaps([VISIT, patients(HEALTH)], {"contact": patients()}, allowed=allowed)
    last = found.steps[-1]
    assert (last == AllowColumns(PROFILE, (("contact", "bw_allergies"),))) is is_a_step


def test_without_health_data_there_is_no_profile() -> None:
    assert not any(isinstance(step, AllowColumns) for step in gaps([VISIT], {}, allowed=()).steps)


def test_r127_a_lookup_to_its_own_table_and_one_to_several_come_after_every_table() -> None:
    again = Field("bw_earlierid", Kind.LOOKUP, "bw_EarlierId", "Earlier visit", targets=("bw_visit",), custom=True)
    payer = Field("bw_payerid", Kind.LOOKUP, "bw_PayerId", "Payer", targets=("account", "contact"), custom=True)
    visit = replace(VISIT, fields=(*VISIT.fields, again, payer))
    account = Table("account", "accounts", "accountid", "name")
    found = gaps([visit], {"contact": CONTACT, "account": account})
    assert found.blockers == ()
    assert [step.field.name for step in found.steps if isinstance(step, AddLookup)] == [
        "bw_patientid",
        "bw_earlierid",
        "bw_payerid",
    ]


def test_a_lookup_to_a_table_that_is_nowhere_is_named_instead_of_tried() -> None:
    found = gaps([VISIT], {})
    assert [(b.field, b.text) for b in found.blockers] == [
        ("bw_patientid", "The lookup has to point to contact, which is not in the environment.")
    ]
    nowhere = replace(VISIT, fields=(replace(VISIT.fields[1], targets=()),))
    assert "has to point to a table" in gaps([nowhere], {"contact": CONTACT}).blockers[0].text


def test_the_currency_comes_with_a_tables_first_amount() -> None:
    fee = Field("bw_fee", Kind.MONEY, "bw_Fee", "Fee", precision=2, custom=True)
    currency = Field("transactioncurrencyid", Kind.LOOKUP, targets=("transactioncurrency",))
    visit = replace(VISIT, fields=(fee, currency), keys=())
    assert gaps([visit], {}).blockers == ()
    assert gaps([visit], {"bw_visit": replace(visit, fields=())}).blockers == ()
    without = replace(visit, fields=(currency,))
    assert [b.field for b in gaps([without], {"bw_visit": replace(visit, fields=())}).blockers] == [
        "transactioncurrencyid"
    ]


def test_r128_keys_that_are_still_being_built_are_waited_for_under_any_name() -> None:
    def waiting(*keys: Key) -> tuple[tuple[str, str], ...]:
        return unready_keys([CONTACT], {"contact": replace(CONTACT, keys=keys)})

    assert waiting(Key("by_hand", ("bw_sourceid",), "InProgress")) == (("contact", "by_hand"),)
    assert waiting(Key("bw_sourceidkey", ("bw_sourceid",), "Pending")) == (("contact", "bw_sourceidkey"),)
    assert waiting(Key("bw_sourceidkey", ("bw_sourceid",), "Active")) == waiting() == ()
