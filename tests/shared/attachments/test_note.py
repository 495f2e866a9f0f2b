"""What a note says about its file, and what a file is called in the library."""

from __future__ import annotations

import pytest

from shared.attachments import locations
from shared.attachments.note import final_name, note_text, upload_name
from shared.attachments.router import FilesPolicy, Route
from shared.sharepoint.names import made_of_ids, readable

CONTACT = "b8e83578-6385-587a-a59b-02b1ce395584"
POLICY = FilesPolicy(oversize=Route.SHAREPOINT, site_url="https://c.sharepoint.com/sites/p", library="Scans")
SCAN = {
    "id": "x-12", "name": "<b>Jane</b> & co.png", "content_type": "image/png", "size": 3, "sha256": "ab" * 32,
    "category": "consent_form", "captured_at": "2024-04-07T02:30:00+10:00",
}  # fmt: skip
LARGE = {**SCAN, "size": 400_000_000}


def test_r91_a_note_tells_what_its_file_is_and_where_its_bytes_are():
    text = note_text(SCAN, POLICY, contact_id=CONTACT)
    for said in ("Consent form", "2024-04-07T02:30:00+10:00", "ab" * 32, "Stored in: this note"):
        assert said in text
    assert "<b>" not in text
    assert "&lt;b&gt;Jane" in text


def test_r94_the_note_of_a_large_file_says_in_which_library_folder_and_file_it_is():
    text = note_text(LARGE, POLICY, contact_id=CONTACT)
    assert f"SharePoint library Scans, folder {CONTACT}, file -b-Jane-b- &amp; co (x-12).png" in text


def test_a_name_with_line_breaks_cannot_pass_for_another_line():
    text = note_text({**SCAN, "name": "a.png\nSHA-256: 00"}, POLICY, contact_id=CONTACT)
    assert text.count("SHA-256:") == 2
    assert "File: a.png SHA-256: 00" in text


def test_a_note_s_text_is_the_same_on_every_attempt():
    assert note_text(SCAN, POLICY, contact_id=CONTACT) == note_text(dict(SCAN), POLICY, contact_id=CONTACT)


@pytest.mark.parametrize("id_", ["x-12", "X-12", "12/3", "12-3", "ä", "a" * 90, "..", "Smith, Jane", "7f" * 16])
def test_n7_the_name_in_an_address_is_made_of_ids_and_has_no_suffix(id_: str):
    name = upload_name(id_)
    assert made_of_ids(name) == name
    assert "." not in name


def test_ids_that_differ_only_in_case_or_odd_characters_never_share_a_name():
    ids = ["a1", "A1", "a/1", "a-1", "a:1", "a" * 60, "a" * 61, "ä", "ö", "12"]
    assert len({upload_name(id_).lower() for id_ in ids}) == len(ids)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("left.jpg", "left (x-12).jpg"), ("a:b?.dcm", "a-b- (x-12).dcm"),
        (None, "file (x-12)"), ("scan", "scan (x-12)"),
        ("archive.tar.gz", "archive.tar (x-12).gz"), ("a.thisisnosuffix", "a (x-12)"),
    ],
)  # fmt: skip
def test_people_read_the_original_name_told_apart_by_the_id(name: str | None, expected: str):
    assert final_name({"id": "x-12", "name": name}) == expected


def test_a_very_long_name_keeps_its_id_and_its_suffix():
    name = final_name({"id": "x-12", "name": "n" * 400 + ".dcm"})
    assert name.endswith("(x-12).dcm")
    assert readable(name) == name


def test_a15_the_rows_of_a_run_have_ids_of_its_own_and_hang_together():
    def id_(what: str) -> str:
        return locations.location_id("here", "r1", what)

    library = locations.library_row(id_("library"), name="Scans", relative_url="Scans", site=id_("site"))
    row = locations.contact_row(id_(CONTACT), contact=CONTACT, library=id_("library"))
    assert library["parentsiteorlocation_sharepointsite@odata.bind"] == f"/sharepointsites({id_('site')})"
    assert row["regardingobjectid_contact@odata.bind"] == f"/contacts({CONTACT})"
    assert row["relativeurl"] == CONTACT
    assert id_("library") in row["parentsiteorlocation_sharepointdocumentlocation@odata.bind"]
    assert id_("library") == id_("library") != locations.location_id("here", "r2", "library")
    there = {"relativeurl": CONTACT.upper(), "_parentsiteorlocation_value": id_("library")}
    assert locations.is_of(CONTACT, there, library=id_("library"))
    assert not locations.is_of(CONTACT, there, library=id_("site"))
