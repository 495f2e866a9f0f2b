"""Whether what is there will do, and in which words it will not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.schema.fit import FITS, matching_key, mismatch, securable, secured
from shared.schema.model import Field, Key, Kind, Table

WANTED = {
    Kind.TEXT: Field("bw_x", Kind.TEXT, max_length=100),
    Kind.MEMO: Field("bw_x", Kind.MEMO, max_length=5000),
    Kind.MONEY: Field("bw_x", Kind.MONEY, precision=2),
    Kind.DECIMAL: Field("bw_x", Kind.DECIMAL, precision=4),
    Kind.FILE: Field("bw_x", Kind.FILE, max_length=131_072),
    Kind.LOOKUP: Field("bw_x", Kind.LOOKUP, targets=("account", "contact")),
}
MADE = (
    Kind.TEXT, Kind.MEMO, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT, Kind.CHOICE,
    Kind.LOOKUP, Kind.FILE,
)  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_r125_every_kind_of_column_is_verified_against_every_other(kind: Kind) -> None:
    wanted = WANTED.get(kind, Field("bw_x", kind))
    for other in MADE:
        there = replace(wanted, kind=other, max_length=wanted.max_length, secured=False)
        assert bool(mismatch(wanted, there)) is (other is not kind and other not in FITS.get(kind, frozenset())), other


def test_what_is_exactly_as_wanted_will_do() -> None:
    assert [mismatch(field, field) for field in WANTED.values()] == [""] * len(WANTED)


@pytest.mark.parametrize(
    ("kind", "there", "words"),
    [
        (Kind.TEXT, {"max_length": 99}, "too short: 99 characters where 100 are needed"),
        (Kind.TEXT, {"max_length": 4000}, ""),
        (Kind.MONEY, {"precision": 0}, "keeps 0 decimal places where 2 are needed"),
        (Kind.MONEY, {"precision": 4}, ""),
        (Kind.DECIMAL, {"precision": 2}, "keeps 2 decimal places where 4 are needed"),
        (Kind.FILE, {"max_length": 32_768}, "too small: 32,768 KB where 131,072 are needed"),
        (Kind.LOOKUP, {"targets": ("contact",)}, "cannot point to account"),
        (Kind.LOOKUP, {"targets": ("lead", "contact", "account")}, ""),
        (Kind.MONEY, {"kind": Kind.DECIMAL}, "Decimal where Currency is needed"),
        (Kind.FILE, {"kind": Kind.OTHER}, "another type where File is needed"),
    ],
)
def test_room_and_precision_may_be_larger_but_never_smaller(kind: Kind, there: dict[str, object], words: str) -> None:
    text = mismatch(WANTED[kind], replace(WANTED[kind], **there))  # type: ignore[arg-type]
    assert words in text
    assert bool(text) is bool(words)


def test_n16_a_day_kept_as_a_time_is_refused_with_the_portals_own_trap_named() -> None:
    text = mismatch(Field("bw_born", Kind.DATE), Field("bw_born", Kind.INSTANT))
    assert "Date and time (behaviour: User local) where Date only (behaviour: Date only) is needed" in text
    assert "unless its behaviour is Date only too" in text


def test_n22_only_columns_that_dataverse_can_lock_are_asked_to_be_locked() -> None:
    fields = (
        Field("bw_name", Kind.TEXT, custom=True, secured=True),
        Field("bw_notes", Kind.MEMO, custom=True, secured=True),
        Field("bw_sourceid", Kind.TEXT, custom=True, secured=True),
        Field("bw_patientid", Kind.LOOKUP, custom=True, secured=True),
        Field("createdon", Kind.INSTANT, secured=True),
        Field("bw_fee", Kind.MONEY, custom=True),
    )
    table = Table("bw_x", "bw_xs", "bw_xid", "bw_name", fields=fields, keys=(Key("k", ("bw_sourceid",)),), custom=True)
    assert secured(table) == ("bw_notes",)
    assert securable(table, fields[-1])


def test_a_key_is_known_by_its_columns_first_and_a_sound_one_is_preferred() -> None:
    wanted = Key("bw_SourceIdKey", ("bw_sourceid",))
    failed, by_hand = Key("bw_sourceidkey", ("bw_sourceid",), "Failed"), Key("own", ("bw_sourceid",), "Active")
    elsewhere = Key("bw_sourceidkey", ("lastname",), "Active")

    def found(*keys: Key) -> Key | None:
        return matching_key(Table("contact", "contacts", "contactid", "fullname", keys=keys), wanted)

    assert found(failed, by_hand) == by_hand
    assert found(elsewhere, by_hand) == by_hand
    assert found(failed) == failed
    assert found(elsewhere) == elsewhere
    assert found() is None
    assert matching_key(None, wanted) is None
