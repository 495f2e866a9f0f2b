"""Notes in the name of those who wrote them, and large files in the library."""

from __future__ import annotations

from typing import Any


def test_a22_r74_notes_are_their_authors_own_or_say_whose_they_are_and_the_verdict_says_which(told: dict[str, Any]):
    notes = [row for row in told["rows"]["annotation"] if not row.get("filename") and _is_note(row)]
    ours = {row["createdby"] for row in told["rows"]["contact"] if row.get("bw_sourceid")}
    named = [row for row in notes if row["createdby"] not in ours]
    assert all(row["createdby"] == row["ownerid"] and "Written " not in row["notetext"] for row in named)
    others = [row for row in notes if row["createdby"] in ours]
    assert all(row["notetext"].startswith("<p><em>Written ") for row in others)
    assert told["verdict"]["note_authors"] == {"as its creator": len(named), "in its first line": len(others)}
    assert len(named) > 5 < len(others)
    assert told["verdict"]["rows_made_by_others"] == {}


def _is_note(row: dict[str, Any]) -> bool:
    return "Stored in: " not in (row.get("notetext") or "")


def test_r94_n20_large_imaging_is_in_the_library_under_the_contact_and_goes_with_the_run(told: dict[str, Any]):
    (file,) = told["library"]
    assert file["size"] > 5_000_000
    locations = told["rows"]["sharepointdocumentlocation"]
    contacts = {row["contactid"] for row in told["rows"]["contact"]}
    assert {row["regardingobjectid"] for row in locations if row.get("regardingobjectid")} <= contacts
    assert told["verdict"]["files"]["bytes"] > 5_000_000
    assert told["library after"] == []
