"""What may take the place of an export, and who may have rows taken out whose records are gone (N13, A28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from shared import bodies, gates, intake
from shared.corepractice.source import Description, ObjectCount
from shared.runs.model import Document, Run
from shared.vocabulary import Phase

DIGEST = "a" * 64
RUN = Run("r" + "0" * 20, {"source": {"kind": "bundle", "blob": "first.zip"}}, phase=Phase.DELTA)
OBJECTS = (ObjectCount("patients", 3), ObjectCount("notes", 4))
NOW = Description("Harbour", "Australia/Sydney", OBJECTS, "2026-01-05T09:00:00+11:00")
REMOVE = {"how": "remove", "by": "me", "digest": DIGEST, "objects": ["patients"]}


def _asked(**changes: Any) -> bodies.RepairRequest:
    return bodies.repair(orjson.dumps({**REMOVE, **changes}))


@pytest.mark.parametrize(
    ("newer", "code"),
    [
        (NOW, None),
        (replace(NOW, exported_at="2026-01-06T09:00:00+11:00"), None),
        (replace(NOW, exported_at="some time"), None),
        (replace(NOW, objects=(*OBJECTS, ObjectCount("more", 1))), None),
        (replace(NOW, practice_name="Elsewhere"), "another-practice"),
        (replace(NOW, timezone="Australia/Perth"), "another-practice"),
        (replace(NOW, objects=OBJECTS[:1]), "bundle-lacks-objects"),
        (replace(NOW, exported_at="2026-01-04T23:59:00+01:00"), None),
        (replace(NOW, exported_at="2026-01-04T22:59:00Z"), None),
        (replace(NOW, exported_at="2026-01-04T21:59:00Z"), "bundle-older"),
    ],
)
def test_n13_only_a_later_export_of_the_whole_same_practice_takes_the_place_of_one(
    newer: Description, code: str | None
):
    refusal = gates.judge_newer(now=NOW, newer=newer)
    assert (refusal and refusal.code) == code


def test_n13_only_a_run_out_of_a_bundle_takes_a_bundle():
    api = replace(RUN, request={"source": {"kind": "api"}})
    assert gates.judge_pickup(RUN, bundle="second.zip") is None
    refusal = gates.judge_pickup(api, bundle="second.zip")
    assert refusal is not None
    assert (refusal.status, refusal.code) == (409, "not-from-a-bundle")
    assert gates.judge_pickup(api) is None
    assert replace(RUN, bundle="second.zip").blob == "second.zip"
    assert (RUN.blob, api.blob) == ("first.zip", "")


@pytest.mark.parametrize("name", ["/etc/passwd", "../staging/x", "a\\b", "https://elsewhere/x.zip"])
def test_n13_a_bundle_is_named_inside_the_inbox(name: str):
    assert bodies.pickup(b"").bundle == ""
    with pytest.raises(intake.Doubtful):
        bodies.pickup(orjson.dumps({"bundle": name}))


@pytest.mark.parametrize(
    ("run", "asked", "document", "gone", "code"),
    [
        (RUN, _asked(), True, {"patients": {"p-1"}}, None),
        (RUN, _asked(objects=[], records=[{"object": "patients", "source": "p-1"}]), True, {"patients": {"p-1"}}, None),
        (replace(RUN, phase=Phase.LOAD), _asked(), True, {"patients": {"p-1"}}, "not-to-be-proved-now"),
        (RUN, _asked(), False, {"patients": {"p-1"}}, "nothing-gone"),
        (RUN, _asked(), True, {}, "nothing-gone"),
        (RUN, _asked(digest="b" * 64), True, {"patients": {"p-1"}}, "other-digest"),
        (RUN, _asked(objects=["notes"]), True, {"patients": {"p-1"}}, "not-gone"),
        (RUN, _asked(records=[{"object": "patients", "source": "p-2"}]), True, {"patients": {"p-1"}}, "not-gone"),
    ],
)
def test_a28_rows_go_only_for_somebody_who_names_the_list_that_they_stand_in(
    run: Run, asked: bodies.RepairRequest, document: bool, gone: dict[str, set[str]], code: str | None
):
    shown = Document("source-changes", "path", DIGEST) if document else None
    refusal = gates.judge_removal(run, asked, shown, gone)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize(
    "body",
    [
        {**REMOVE, "objects": []},
        {**REMOVE, "digest": ""},
        {**REMOVE, "how": "rewrite"},
        {**REMOVE, "records": [{"object": "patients"}]},
    ],
)
def test_a28_a_removal_names_the_digest_and_what_is_to_go(body: dict[str, Any]):
    with pytest.raises(intake.Doubtful):
        bodies.repair(orjson.dumps(body))
