"""What a receipt remembers, and what a journal entry is after a file was brought."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.attachments.receipts import Receipt, ReceiptState, abandoned, after_files, begun, refused
from shared.journal.entries import Entry

FRESH = Receipt("x-1", "attachments", "sharepoint", "row", ReceiptState.INTENDED, "new")
DONE = replace(FRESH, state=ReceiptState.DONE, mark="old", item="i1", quick_xor="q1", version='W/"7"', made_folder=True)
HALF = replace(FRESH, item="i2", quick_xor="q2", session="https://s", size=5, sha256="ab", old_item="i1")


def test_the_same_file_goes_on_where_an_attempt_was_cut_off():
    going = begun(FRESH, HALF)
    assert (going.item, going.session, going.old_item, going.sha256) == ("i2", "https://s", "i1", "ab")
    assert abandoned(FRESH, HALF) == ""


def test_another_version_takes_the_place_of_the_one_that_arrived():
    going = begun(FRESH, DONE)
    assert (going.item, going.old_item, going.old_quick_xor) == ("", "i1", "q1")
    assert going.made_folder
    assert going.version == DONE.version
    assert abandoned(FRESH, DONE) == ""


def test_another_version_leaves_nothing_of_one_that_never_arrived():
    half = replace(HALF, mark="older")
    assert abandoned(FRESH, half) == "i2"
    going = begun(FRESH, half)
    assert (going.item, going.session, going.old_item) == ("", "", "i1")


def test_what_was_refused_keeps_the_version_that_arrived_before():
    refusal = refused(begun(FRESH, DONE), "file-damaged-in-source")
    assert (refusal.item, refusal.old_item, refusal.version) == ("", "i1", DONE.version)
    assert begun(FRESH, refusal).old_item == "i1"


def test_that_somebody_had_edited_the_row_is_never_forgotten():
    assert begun(FRESH, replace(DONE, edited=True)).edited
    assert begun(replace(FRESH, edited=True), DONE).edited


@pytest.mark.parametrize(
    ("journal", "receipt", "expected"),
    [
        ('W/"7"', None, 'W/"7"'),
        ('W/"7"', replace(DONE, version='W/"10"'), 'W/"10"'),
        ('W/"12"', replace(DONE, version='W/"10"'), 'W/"12"'),  # a delta wrote the row after its file
        ('W/"7"', replace(DONE, version=""), 'W/"7"'),
        ('W/"7"', FRESH, ""),  # cut off: who changed the row last has to tell
        ('W/"7"', replace(FRESH, edited=True), 'W/"7"'),
        ("", DONE, ""),
    ],
)
def test_n3_the_version_we_left_is_the_later_of_the_row_s_and_its_file_s(
    journal: str, receipt: Receipt | None, expected: str
):
    assert after_files(Entry("row", None, journal), receipt).version == expected


def test_a_receipt_names_no_file():
    assert not {"name", "filename", "content_type"} & set(Receipt.__dataclass_fields__)
