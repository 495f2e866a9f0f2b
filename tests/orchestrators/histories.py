"""Histories of the stories as a version of the app told them, to be replayed by every later one.

A run outlives a deployment: the story that has begun is replayed by the code that is there now, and has to decide as it
did. ``python -m tests.orchestrators.histories`` records what this version decides; a release commits the file, and it
never changes afterwards.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azure.durable_functions.orchestrator import Orchestrator

from orchestrators.blueprint import STORIES
from sandbox.host.classic.answers import context_json
from sandbox.host.engine.decisions import Past
from sandbox.host.host import Host
from sandbox.host.store.instances import Query
from shared.version import VERSION
from tests.orchestrators.conftest import Script, reply, slices, telling

FOLDER = Path(__file__).parent / "golden"
BY_NAME = {story.__name__: story for story in STORIES}
PROBLEM = {"problem": {"code": "privilege-missing", "message": "m", "remedy": "r"}}
TURNED_BACK: Script = {
    "plan:undo": [slices("undo", "patients", "staff")],
    "undo_files": [reply(more=True), reply(more=False)],
    "undo_schema": [reply(more=True), reply(more=False)],
}
SCENARIOS: dict[str, tuple[str, Script]] = {
    "smooth": ("migration", {}),
    "amended": ("migration", {"look:mapping": [reply(answer="amend"), reply(answer="approve")]}),
    "a problem": ("migration", {"owners": [PROBLEM, reply()], "look:problem": [reply(answer="resume")]}),
    "paused": ("migration", {"schema": [{"wish": "pause"}, reply()], "look:paused": [reply(answer="resume")]}),
    "again": ("migration", {"schema": [reply(more=True), {"again": 0.01}, reply(more=False)]}),
    "a lane in trouble": (
        "migration",
        {"plan:load": [slices("load", "a", "b")], "load": [PROBLEM, reply()], "look:problem": [reply(answer="resume")]},
    ),
    "picked up": ("migration", {"look:window": [reply(answer="pickup"), reply(answer="close")]}),
    "proved again": ("migration", {"look:sign-off": [reply(answer="prove-again"), reply(answer="approve")]}),
    "sample rejected": ("migration", {"look:sample": [reply(answer="reject")], **TURNED_BACK}),
    "turned back": ("migration", {"load": [{"wish": "rollback"}], **TURNED_BACK}),
    "rehearsed": ("rehearsal", {"plan:rehearse": [slices("rehearse", "patients")]}),
    "verified later": ("verify", {}),
    "purged": ("purge", {}),
}
Told = dict[str, Any]


def replays(context: Told) -> Iterator[list[dict[str, Any]]]:
    """What the story decides at each of its turns, as the worker would be asked: with all that had happened by then."""
    history = context["history"]
    turns = [at for at, event in enumerate(history) if event["EventType"] == 13][:-1]  # OrchestratorCompleted
    for end in [*turns, len(history)]:
        until = {**context, "history": history[: end + 1]}
        answer = Orchestrator.create(BY_NAME[context["story"]])(json.dumps(until))
        yield json.loads(answer)["actions"][0]


async def record(folder: Path, name: str) -> list[Told]:
    """Every orchestration of a scenario: what it was told, and what it decided in the end."""
    story, script = SCENARIOS[name]
    async with telling(folder, script, story) as told:
        await told.ends()
        return [_told(told.host, instance) for instance in told.host.operations.find(Query())]


def _told(host: Host, instance: Any) -> Told:
    context = json.loads(context_json(instance, Past(instance.execution_id), host.operations.history(instance.id)))
    context["story"] = instance.name
    *_, actions = replays(context)
    return {"context": context, "actions": actions}


def main() -> None:
    """Record this version."""
    found = {}
    for name in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = asyncio.run(record(Path(folder), name))
    FOLDER.mkdir(exist_ok=True)
    written = json.dumps(found, separators=(",", ":")).encode()
    (FOLDER / f"{VERSION}.json.gz").write_bytes(gzip.compress(written, mtime=0))


if __name__ == "__main__":
    main()
