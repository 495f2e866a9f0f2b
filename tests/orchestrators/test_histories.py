"""A run that began under an older version of the app goes on under this one as if nothing had happened."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from shared.version import VERSION
from tests.orchestrators.histories import FOLDER, SCENARIOS, Told, record, replays

KEPT = sorted(FOLDER.glob("*.json.gz"))


def _kept(file: Path) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = json.loads(gzip.decompress(file.read_bytes()))
    return found


def test_this_version_has_its_histories_recorded():
    assert f"{VERSION}.json.gz" in {file.name for file in KEPT}, "python -m tests.orchestrators.histories"
    assert set(_kept(FOLDER / f"{VERSION}.json.gz")) == set(SCENARIOS)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_every_story_decides_today_what_it_decided_then_at_each_of_its_turns(file: Path):
    turns = 0
    for name, orchestrations in _kept(file).items():
        assert orchestrations
        for one in orchestrations:
            for decided in replays(one["context"]):
                assert decided == one["actions"][: len(decided)], f"{name}: {one['context']['story']}"
                turns += 1
            assert decided == one["actions"], f"{name}: {one['context']['story']}"
    assert turns > 300


@pytest.mark.parametrize("name", ["smooth", "sample rejected"])
async def test_the_histories_are_those_of_the_stories_as_they_are(tmp_path: Path, name: str):
    """Else they would go on proving something that no run does any more."""
    today = await record(tmp_path, name)
    kept = _kept(FOLDER / f"{VERSION}.json.gz")[name]
    assert sorted(one["context"]["story"] for one in today) == sorted(one["context"]["story"] for one in kept)
    (mine,) = (one["actions"] for one in today if one["context"]["story"] == "migration")
    (theirs,) = (one["actions"] for one in kept if one["context"]["story"] == "migration")
    assert [_name(action) for action in mine] == [_name(action) for action in theirs]


def test_a_story_that_changed_its_mind_is_found_out():
    kept = _kept(FOLDER / f"{VERSION}.json.gz")["smooth"]
    one = next(one for one in kept if one["context"]["story"] == "migration")
    *_, decided = replays({**one["context"], "story": "rollback"})
    assert decided != one["actions"]


def _name(action: dict[str, object]) -> object:
    return action.get("functionName") or action.get("actionType")
