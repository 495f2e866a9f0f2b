"""An auditor finds whatever was done to a pack, and is told the file. Each test tampers and asks the program."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.evidence import pack
from shared.evidence.archive import MANIFEST, SEAL
from tests.shared.evidence.making import (
    LANE,
    PROGRAM,
    Contents,
    contents,
    digest_of,
    lane_chain,
    packed,
    rewritten,
    sealed,
    verified,
    verified_here,
    whole,
)

STORY_FILE, LANE_FILE, LANE_END = "audit/story-0000.ndjson", f"audit/{LANE}-0000.ndjson", f"audit/{LANE}-0001.ndjson"
FILES = tuple(contents(whole()))
Check = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path) -> Check:
    """What the program says about files that it has to refuse, as an archive and as a folder."""

    def check(files: Contents | bytes, *, naming: str, digest: str = "") -> str:
        archive = files if isinstance(files, bytes) else packed(files)
        path = tmp_path / "evidence.zip"
        path.write_bytes(archive)
        code, said = verified(path, digest=digest)
        faults = [line for line in said.splitlines() if line.startswith("WRONG")]
        assert code == 1, said
        assert any(f" {naming}:" in line for line in faults), said
        return said

    return check


def test_n24_a_pack_as_it_was_made_is_found_to_be_just_that(tmp_path: Path):
    path = tmp_path / "evidence.zip"
    path.write_bytes(whole())
    code, said = verified(path, digest=digest_of(whole()))
    assert code == 0, said
    assert [line.split()[1] for line in said.splitlines()[:-1]] == [
        *("archive:", "manifest:", "files:", "program:", "documents:", "approvals:", "verdicts:", "chains:", "trail:")
    ]
    assert "19 events in 2 chains, 0 of them still open" in said


def test_n24_the_same_content_makes_the_same_bytes():
    assert whole.__wrapped__() == whole.__wrapped__()
    assert packed(contents(whole())) == whole()


def test_n24_a_pack_is_checked_as_a_folder_too(tmp_path: Path):
    shutil.unpack_archive(_written(tmp_path, whole()), tmp_path / "folder")
    assert verified(tmp_path / "folder", digest=digest_of(whole()))[0] == 0
    (tmp_path / "folder" / "note.txt").write_text("by hand")
    code, said = verified(tmp_path / "folder")
    assert (code, " note.txt: " in said) == (1, True)


def test_n24_a_pack_without_an_audit_trail_is_checked_without_one(tmp_path: Path):
    code, said = verified(_written(tmp_path, whole(trail=False)))
    assert code == 0, said
    assert "there is none to compare with" in said


def test_n24_the_program_keeps_to_the_language_and_the_library_of_python_3_8():
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 8))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} <= sys.stdlib_module_names
    newer = {"removeprefix", "removesuffix", "batched", "pairwise", "is_relative_to", "strict"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & newer


def _written(folder: Path, archive: bytes) -> Path:
    path = folder / "evidence.zip"
    path.write_bytes(archive)
    return path


# Somebody changes the pack


@pytest.mark.parametrize("name", FILES)
def test_n24_an_altered_byte_is_found_in_whatever_file(name: str, refused: Check):
    files = contents(whole())
    middle = len(files[name]) // 2
    files[name] = files[name][:middle] + bytes([files[name][middle] ^ 1]) + files[name][middle + 1 :]
    refused(files, naming=SEAL if name == MANIFEST else name)


@pytest.mark.parametrize("name", FILES)
def test_n24_a_removed_file_is_missed(name: str, refused: Check):
    files = contents(whole())
    del files[name]
    refused(files, naming=name)


def test_n24_no_byte_of_the_archive_itself_can_be_altered(tmp_path: Path):
    archive, found = whole(), 0
    content = sum(len(one) for one in contents(archive).values())
    names = [name.encode() for name in FILES]
    headers = [archive.index(b"PK\3\4")] + [archive.index(name) - 30 for name in names]
    places = {start + offset for start in headers for offset in (4, 10, 12, 14, 18, 26)}
    places |= set(range(archive.index(b"PK\1\2"), len(archive), 41)) | {len(archive) - 1}
    assert len(archive) - content < 10_000
    for place in sorted(places):
        path = _written(tmp_path, archive[:place] + bytes([archive[place] ^ 4]) + archive[place + 1 :])
        code, said = verified_here(path)
        assert (code, "WRONG" in said) == (1, True), place
        found += 1
    assert found == len(places)


@pytest.mark.parametrize("name", ["note.txt", "documents/mapping-3.json", "audit/undo.patients.000-0000.ndjson"])
def test_n24_an_added_file_is_found(name: str, refused: Check):
    refused({**contents(whole()), name: b"{}"}, naming=name)


def test_n24_an_archive_with_something_behind_or_before_it_is_refused(refused: Check):
    refused(whole() + b"\0", naming="the archive's directory")
    refused(b"#!/bin/sh\n" + whole(), naming=FILES[0])


def test_n24_what_is_no_archive_is_refused_and_named(refused: Check):
    refused(b"PK", naming="evidence.zip")
    refused(whole()[:-30], naming="evidence.zip")


# Somebody changes the pack and makes the manifest anew


@pytest.mark.parametrize("name", [name for name in FILES if name not in (MANIFEST, SEAL)])
def test_n24_who_makes_the_manifest_anew_is_found_by_the_digest_that_the_app_showed(name: str, refused: Check):
    files = contents(whole())
    files[name] += b" "
    refused(sealed(files), naming=MANIFEST, digest=digest_of(whole()))


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("documents/", "setup", "audit/"))])
def test_n24_a_document_or_a_chain_is_missed_even_by_a_new_manifest(name: str, refused: Check):
    files = contents(whole())
    del files[name]
    naming = {STORY_FILE: LANE_FILE, LANE_FILE: LANE_FILE, LANE_END: LANE_FILE}
    refused(sealed(files), naming=naming.get(name, name))


def test_n24_another_program_in_the_pack_is_found(refused: Check):
    files = contents(whole())
    files[pack.PROGRAM] = b"print('The evidence is as it was packed.')\n"
    refused(sealed(files), naming=pack.PROGRAM)


def changed(files: Contents, name: str, change: Callable[[Any], None]) -> Contents:
    """A JSON file changed, and everything that can be made to fit, made to fit: the index and the manifest."""
    body = json.loads(files[name])
    change(body)
    content, digest = pack.content(body)
    entries = json.loads(files[pack.DOCUMENTS])
    for entry in entries:
        if entry["file"] == name:
            entry["digest"] = digest
    return sealed({**files, name: content, pack.DOCUMENTS: orjson.dumps(entries)} if name != pack.DOCUMENTS else files)


def swapped(body: dict[str, Any]) -> None:
    body["fields_verified"], body["rows_verified"] = body["rows_verified"], body["fields_verified"]


FIGURES: dict[str, Callable[[dict[str, Any]], None]] = {
    "two figures swapped": swapped,
    "fewer differences": lambda body: body.update(differences=0),
    "another headline": lambda body: body.update(headline="2,003 fields of 200 rows compared; 0 differ"),
    "no headline": lambda body: body.update(headline="All is well"),
    "proved": lambda body: body.update(proved=True, because={}),
    "an outcome moved": lambda body: body["outcomes"].update(differs=0, equal=body["outcomes"]["equal"] + 3),
    "an object's difference": lambda body: body["objects"]["patients"].update(differs=0),
    "an object's columns": lambda body: body["objects"]["patients"].update(columns={}),
    "a record set aside": lambda body: body["objects"]["notes"].update(set_aside=0),
    "a record more": lambda body: body["objects"]["notes"].update(records=103),
    "rows created": lambda body: body["objects"]["notes"].update(created=90),
    "a rule's count": lambda body: body["objects"]["notes"]["rules"].update(lookup=299),
    "the normalisations": lambda body: body["normalisations"].update(lookup=1),
    "conservation": lambda body: body["conservation"].update(broken=[{"object": "notes", "missing": 1}]),
    "money": lambda body: body["money"].update(holds=False),
    "unexpected rows": lambda body: body["rows_unexpected"].update(contact=2),
    "a field listed": lambda body: body["objects"]["notes"]["listed"].append(["annotation", "x", "y", "differs"]),
}


@pytest.mark.parametrize("what", FIGURES)
def test_n24_a_verdict_that_does_not_add_up_is_found_though_everything_else_was_made_to_fit(what: str, refused: Check):
    name = "documents/verdict-1.json"
    refused(changed(contents(whole(trail=False)), name, FIGURES[what]), naming=name)


def test_n24_a_verdict_with_sound_sums_in_the_place_of_another_is_found(refused: Check):
    files = contents(whole(trail=False))
    files["documents/verdict-2.json"] = files["documents/verdict-1.json"]
    refused(sealed(files), naming="documents/verdict-2.json")


@pytest.mark.parametrize("name", ["documents/mapping-2.json", "documents/verdict-2.json"])
def test_n24_a_document_that_was_changed_after_its_approval_is_found(name: str, refused: Check):
    def note(body: dict[str, Any]) -> None:
        body["note"] = 1

    refused(changed(contents(whole(trail=False)), name, note), naming="approvals.json")
    refused(changed(contents(whole()), name, note), naming="documents.json")


def test_n24_an_approval_cannot_be_given_a_document_of_the_same_digest_that_is_another(refused: Check):
    files = contents(whole(trail=False))
    name, other = "documents/mapping-2.json", b'{"objects":[3]}'
    entries = json.loads(files[pack.DOCUMENTS])
    entries.append({**next(one for one in entries if one["file"] == name), "sequence": 3})
    files |= {name: other, pack.DOCUMENTS: orjson.dumps(entries)}
    refused(sealed(files), naming=name)


def test_n24_a_masked_document_stands_for_the_one_that_was_decided_about(refused: Check):
    files, name = contents(whole(trail=False)), "documents/sample-diff-1.masked.json"
    body = json.loads(files[name])
    refused(sealed({**files, name: orjson.dumps({**body, "digest": "0" * 64})}), naming=name)


@pytest.mark.parametrize("change", ["removed", "turned", "invented"])
def test_n24_decisions_are_those_of_the_audit_trail(change: str, refused: Check):
    files = contents(whole())
    taken = json.loads(files[pack.APPROVALS])
    if change == "removed":
        taken.pop()
    elif change == "turned":
        taken[0]["decision"] = "approve"
    else:
        taken.append({**taken[-1], "gate": "mapping", "digest": taken[0]["digest"]})
    refused(sealed({**files, pack.APPROVALS: orjson.dumps(taken)}), naming=pack.APPROVALS)


def test_n24_another_run_s_files_are_not_taken_for_this_one_s(refused: Check):
    files = contents(whole())
    body = {**json.loads(files[pack.RUN]), "run": "r" + "f" * 20}
    refused(sealed({**files, pack.RUN: orjson.dumps(body)}), naming=pack.RUN)


# Somebody changes the audit trail and makes the manifest anew


def _lines(files: Contents, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def test_r143_an_altered_event_is_named(refused: Check):
    files = contents(whole())
    files[LANE_FILE] = files[LANE_FILE].replace(b'"batch":1,', b'"batch":7,')
    assert f"event 2 of '{LANE}' was altered" in refused(sealed(files), naming=LANE_FILE)


def test_r143_an_altered_event_with_a_hash_that_fits_is_named(refused: Check):
    files = contents(whole())
    lines = _lines(files, STORY_FILE)

    def alter(bodies: list[dict[str, Any]]) -> None:
        bodies[3]["facts"]["sequence"] = 9

    lines[3] = rewritten(lines, alter).splitlines(keepends=True)[3]
    files[STORY_FILE] = b"".join(lines)
    assert "event 4 of 'story' was altered" in refused(sealed(files), naming=STORY_FILE)


def test_r143_a_removed_event_is_named(refused: Check):
    files = contents(whole())
    lines = _lines(files, LANE_FILE)
    files[LANE_FILE] = b"".join([lines[0], *lines[2:]])
    assert f"event 2 of '{LANE}' was removed" in refused(sealed(files), naming=LANE_FILE)


def test_r143_reordered_events_are_named(refused: Check):
    files = contents(whole())
    lines = _lines(files, STORY_FILE)
    lines[2], lines[3] = lines[3], lines[2]
    files[STORY_FILE] = b"".join(lines)
    assert "event 3 of 'story' was reordered" in refused(sealed(files), naming=STORY_FILE)


def test_r143_an_event_that_was_put_in_is_named(refused: Check):
    files = contents(whole())
    lines = _lines(files, LANE_FILE)
    files[LANE_FILE] = b"".join([*lines[:2], lines[1], *lines[2:]])
    assert f"event 2 of '{LANE}' was put in" in refused(sealed(files), naming=LANE_FILE)


@pytest.mark.parametrize("end", [LANE_END, STORY_FILE])
def test_r143_a_chain_that_was_cut_off_is_found(end: str, refused: Check):
    files = contents(whole())
    files[end] = b"".join(_lines(files, end)[:-1])
    refused(sealed(files), naming=LANE_END if end == LANE_END else MANIFEST)


def test_r143_a_chain_renumbered_after_an_event_was_removed_does_not_end_where_the_story_says(refused: Check):
    files = contents(whole())
    anew = rewritten(lane_chain().lines, lambda bodies: bodies.pop(1)).splitlines(keepends=True)
    files |= {LANE_FILE: b"".join(anew[:3]), LANE_END: b"".join(anew[3:])}
    refused(sealed(files), naming=LANE_END)


def test_r143_a_chain_made_anew_in_full_length_is_not_the_one_that_the_story_knew(refused: Check):
    files = contents(whole())

    def alter(bodies: list[dict[str, Any]]) -> None:
        bodies[1]["facts"]["created"] = 19

    anew = rewritten(lane_chain().lines, alter).splitlines(keepends=True)
    files |= {LANE_FILE: b"".join(anew[:3]), LANE_END: b"".join(anew[3:])}
    refused(sealed(files), naming=LANE_END)


def test_r143_events_cannot_be_told_behind_the_end_of_a_chain(refused: Check):
    files = contents(whole())
    files[LANE_END] += lane_chain().tell("batch-loaded", batch=5).lines[-1]
    refused(sealed(files), naming=LANE_FILE)


def test_r143_a_story_made_anew_in_full_is_found_by_the_digest_that_the_app_showed(refused: Check):
    files = contents(whole())
    files[STORY_FILE] = rewritten(_lines(files, STORY_FILE), lambda bodies: bodies[0]["facts"].update(request="1" * 64))
    refused(sealed(files), naming=MANIFEST, digest=digest_of(whole()))


def test_n24_the_pack_s_own_copy_of_the_program_says_the_same(tmp_path: Path):
    archive = _written(tmp_path, whole())
    shutil.unpack_archive(archive, tmp_path / "folder")
    code, said = verified(archive, program=tmp_path / "folder" / pack.PROGRAM)
    assert code == 0, said
    done = subprocess.run(["sha256sum", "-c", SEAL], cwd=tmp_path / "folder", capture_output=True, check=False)
    assert done.returncode == 0
