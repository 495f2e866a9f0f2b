"""Where a file goes: by size, by type, by what the organisation allows and by what the practice said."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from shared.attachments.router import (
    FilesPolicy,
    Route,
    Routed,
    base64_length,
    extension,
    mark,
    route,
)
from shared.dataverse.results import AttachmentRules

RULES = AttachmentRules(5_242_880, frozenset({"exe", "js"}), frozenset({"text/html"}))
LIBRARY = {"sharepoint": {"site_url": "https://c.sharepoint.com/sites/p", "library": "Scans"}}
NOTES = FilesPolicy.of(RULES, {})
TO_LIBRARY = FilesPolicy.of(RULES, {"oversize": "sharepoint", **LIBRARY})
TO_COLUMN = FilesPolicy.of(RULES, {"oversize": "file-column"})


def file(size: object = 100, name: str | None = "scan.png", kind: str | None = "image/png") -> dict[str, object]:
    return {"id": "x-1", "file_id": "f-1", "name": name, "content_type": kind, "size": size}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 2_999, 3_000, 3_001])
def test_r93_sizes_are_measured_as_dataverse_measures_them(size: int):
    assert base64_length(size) == len(base64.b64encode(b"x" * size))


@pytest.mark.parametrize(("setting", "fits"), [(4_000, 3_000), (4_001, 3_000), (4_003, 3_000), (4_004, 3_003)])
def test_n20_a14_a_file_at_the_limit_is_a_note_and_one_byte_more_is_not(setting: int, fits: int):
    policy = replace(NOTES, most_base64_bytes=setting)
    assert [route(file(size), policy).route for size in (fits - 1, fits, fits + 1)] == [
        Route.NOTE, Route.NOTE, Route.QUARANTINE,
    ]  # fmt: skip


@pytest.mark.parametrize("left_out", [{"site_url": ""}, {"library": ""}])
def test_a15_without_a_library_a_file_is_set_aside_with_the_reason_and_never_dropped(left_out: dict[str, str]):
    without = replace(TO_LIBRARY, **left_out)  # type: ignore[arg-type]
    assert route(file(300_000_000), without) == Routed(Route.QUARANTINE, "file-too-large")
    assert route(file(1, "a.exe"), without) == Routed(Route.QUARANTINE, "file-type-blocked")


@pytest.mark.parametrize(
    "blocked", [file(name="a.exe"), file(name="A.EXE"), file(name="a.png.Js"), file(kind="Text/HTML; charset=utf-8")]
)
def test_n20_blocked_types_may_still_go_to_the_library_but_into_no_note_and_no_column(blocked: dict[str, object]):
    assert route(blocked, TO_LIBRARY) == Routed(Route.SHAREPOINT, "file-type-blocked")
    assert route(blocked, TO_COLUMN) == Routed(Route.QUARANTINE, "file-type-blocked")
    assert route(blocked, NOTES) == Routed(Route.QUARANTINE, "file-type-blocked")


def test_n20_where_the_organisation_lists_what_is_allowed_nothing_else_goes():
    policy = replace(NOTES, allowed_types=("image/png",), blocked_types=("image/png",))
    assert route(file(), policy).route is Route.NOTE
    assert route(file(kind="image/jpeg"), policy).reason == "file-type-blocked"
    assert route(file(kind=None), policy).reason == "file-type-blocked"


@pytest.mark.parametrize(
    ("size", "reason"),
    [(0, "file-empty"), ("0", "file-empty"), (None, "file-size-unknown"), ("", "file-size-unknown"),
     ("large", "file-size-unknown"), (-5, "file-size-unknown"), ("12", "")],
)  # fmt: skip
def test_n20_empty_files_and_files_of_unknown_size_say_so(size: object, reason: str):
    assert route(file(size), TO_LIBRARY).reason == reason


@pytest.mark.parametrize("policy", [NOTES, TO_LIBRARY, TO_COLUMN, replace(NOTES, allowed_types=("a/b", "c/d"))])
def test_the_policy_comes_back_from_the_run_s_document_as_it_was(policy: FilesPolicy):
    assert FilesPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    ("name", "expected"), [("a.PNG", "png"), ("a", ""), (".htaccess", ""), ("a.b.c", "c"), ("a.", ""), ("", "")]
)
def test_an_extension_is_what_stands_behind_the_last_dot(name: str, expected: str):
    assert extension(name) == expected


def test_a_mark_changes_with_the_file_its_names_and_its_way_and_tells_nothing():
    one = {**file(), "sha256": "AB", "updated_at": "2026-01-01"}
    marks = [mark(one, Route.NOTE), mark(one, Route.SHAREPOINT)]
    marks += [mark({**one, name: "other"}, Route.NOTE) for name in ("file_id", "name", "content_type", "sha256")]
    marks += [mark({**one, "size": 7}, Route.NOTE)]
    assert len(set(marks)) == len(marks)
    assert mark({**one, "sha256": "ab", "updated_at": "later"}, Route.NOTE) == marks[0]
    unstated = {**one, "sha256": None}
    assert mark(unstated, Route.NOTE) != mark({**unstated, "updated_at": "later"}, Route.NOTE)
    assert "scan" not in marks[0]
