"""What the app's user must be allowed to do follows from what the start request asks for (R105)."""

from __future__ import annotations

from typing import Any

import pytest

from activities.preflight import privileges

REQUEST: dict[str, Any] = {
    "options": {"billing_mode": "table", "schema": "guide", "impersonate_authors": False},
    "privacy": {"health": {"allow": False}, "government": {"allow": False}},
    "files": {"oversize": "quarantine"},
}


def asked(part: str = "options", **changes: Any) -> frozenset[str]:
    return privileges({**REQUEST, part: {**REQUEST[part], **changes}})


def test_rows_notes_and_activities_can_be_made_linked_given_and_taken_back():
    assert {"prvCreateContact", "prvAssignActivity", "prvDeleteNote", "prvOverrideCreatedOnCreatedBy"} <= asked()


@pytest.mark.parametrize(
    ("part", "changes", "needed"),
    [
        ("options", {"billing_mode": "both"}, "prvCreateOpportunity"),
        ("options", {"schema": "provision"}, "prvCreateAttribute"),
        ("options", {"impersonate_authors": True}, "prvActOnBehalfOfAnotherUser"),
        ("files", {"oversize": "sharepoint"}, "prvCreateSharePointDocumentLocation"),
    ],
)
def test_each_choice_brings_its_own_privileges_and_nothing_else_asks_for_them(
    part: str, changes: dict[str, Any], needed: str
):
    assert needed not in asked()
    assert needed in asked(part, **changes)


def test_n22_locking_columns_away_needs_the_profiles():
    request = {**REQUEST, "options": {**REQUEST["options"], "schema": "provision"}}
    assert "prvCreateFieldSecurityProfile" not in privileges(request)
    locked = {**request, "privacy": {"health": {"allow": True}}}
    assert "prvCreateFieldSecurityProfile" in privileges(locked)
