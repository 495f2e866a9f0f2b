"""Where a file goes, and what is said about it: decided from its size, its type and the organisation's own rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.attachments.note import final_name, note_text, upload_name
from shared.attachments.router import FilesPolicy, Route, base64_length, route
from shared.dataverse.results import AttachmentRules

LIMIT = 5_242_880
MOST = LIMIT // 4 * 3
"""The largest file whose Base64 text still fits the default of five mebibytes."""
POLICY = FilesPolicy(blocked_extensions=("exe",), blocked_types=("application/javascript",))
SHAREPOINT = replace(POLICY, oversize=Route.SHAREPOINT, site_url="https://x.sharepoint.com", library="Documents")
RECORD = {"id": "at-1", "name": "OPG.jpg", "content_type": "image/jpeg", "size": 1000, "category": "xray"}


def routed(policy: FilesPolicy = POLICY, **changes: Any) -> tuple[str, str]:
    found = route({**RECORD, **changes}, policy)
    return found.route.value, found.reason


@pytest.mark.parametrize("category", ["xray", "consent_form", "photo"])
def test_r88_r90_r91_r92_an_ordinary_file_becomes_a_note_whatever_it_shows(category: str):
    assert routed(category=category) == ("note", "")


@pytest.mark.parametrize(
    ("size", "expected"),
    [(MOST - 1, ("note", "")), (MOST, ("note", "")), (MOST + 1, ("quarantine", "file-too-large"))],
)
def test_r93_n20_a14_the_organisation_s_limit_is_measured_in_base64(size: int, expected: tuple[str, str]):
    assert base64_length(MOST) == LIMIT
    assert routed(size=size) == expected


def test_a14_our_own_limit_of_25_megabytes_holds_where_the_organisation_allows_more():
    generous = replace(SHAREPOINT, most_base64_bytes=131_072_000)
    assert routed(generous, size=25_000_000) == ("note", "")
    assert routed(generous, size=25_000_001) == ("sharepoint", "file-too-large")


@pytest.mark.parametrize("oversize", [Route.SHAREPOINT, Route.FILE_COLUMN, Route.QUARANTINE])
def test_r94_a15_large_imaging_goes_where_the_practice_said(oversize: Route):
    assert routed(replace(SHAREPOINT, oversize=oversize), size=300_000_000) == (oversize.value, "file-too-large")


@pytest.mark.parametrize("changes", [{"name": "a.EXE"}, {"content_type": "application/javascript; charset=utf-8"}])
def test_n20_a_blocked_type_goes_to_sharepoint_or_is_set_aside_and_never_dropped(changes: dict[str, Any]):
    assert routed(**changes) == ("quarantine", "file-type-blocked")
    assert routed(SHAREPOINT, **changes) == ("sharepoint", "file-type-blocked")
    assert routed(replace(SHAREPOINT, oversize=Route.FILE_COLUMN), **changes) == ("quarantine", "file-type-blocked")


def test_where_some_types_are_allowed_no_other_goes():
    assert routed(replace(POLICY, allowed_types=("image/png",))) == ("quarantine", "file-type-blocked")
    assert routed(replace(POLICY, allowed_types=("image/jpeg",))) == ("note", "")


@pytest.mark.parametrize(
    ("size", "reason"), [(0, "file-empty"), (None, "file-size-unknown"), ("x", "file-size-unknown")]
)
def test_a_file_without_bytes_or_size_is_set_aside_by_name(size: Any, reason: str):
    assert routed(SHAREPOINT, size=size) == ("quarantine", reason)


def test_a_policy_is_fixed_for_a_run_as_plain_json():
    rules = AttachmentRules(LIMIT, frozenset({"exe", "bat"}), frozenset({"x/y"}), frozenset())
    files = {"oversize": "sharepoint", "sharepoint": {"site_url": "https://x", "library": "L"}, "most_megabytes": 10}
    policy = FilesPolicy.of(rules, files)
    assert policy.most_bytes == 10_000_000
    assert FilesPolicy.from_json(policy.to_json()) == policy


def test_r89_the_note_says_what_the_file_is_and_where_it_lies():
    record = {**RECORD, "name": "<b>OPG</b>.jpg", "sha256": "ab", "captured_at": "2024-01-01T09:00:00+11:00"}
    text = note_text(record, POLICY, contact_id="c-1")
    assert "<b>" not in text
    assert "Xray" in text
    assert "ab" in text
    assert "SharePoint" not in text
    large = note_text({**record, "size": 300_000_000}, SHAREPOINT, contact_id="c-1")
    assert "folder c-1" in large
    assert large == note_text({**record, "size": 300_000_000}, SHAREPOINT, contact_id="c-1")


@pytest.mark.parametrize("name", ["OPG Smith.jpg", "a.b.c.pdf", "noext", ".hidden", "a/b:c*.png", "x" * 300 + ".jpg"])
def test_no_record_value_is_in_the_name_a_file_is_sent_under_and_people_see_their_own(name: str):
    record = {**RECORD, "name": name}
    sent = upload_name(str(record["id"]))
    assert sent == "at-1"
    shown = final_name(record)
    assert "(at-1)" in shown
    assert not set('"*:<>?/\\|') & set(shown)
    assert len(shown) <= 255
