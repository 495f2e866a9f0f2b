"""The real stories on the local host, with hands that answer from a script: what the story does with each answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.host import Host
from sandbox.host.running import running_host
from shared.wire.steps import BY_NAME

APP = '''"""The app's stories, with hands that answer from a script and write down what they were asked."""
import json
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

from orchestrators.blueprint import blueprint

HERE = Path(__file__).parent
app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(blueprint)


def hand(name):
    async def run(payload: dict) -> dict:
        with (HERE / "calls.ndjson").open("a") as calls:
            calls.write(json.dumps([name, payload]) + "\\n")
        script = json.loads((HERE / "script.json").read_text())
        key = name + ":" + payload.get("topic", payload.get("step", ""))
        answers = script.get(key) or script.get(name) or []
        (HERE / "counts").mkdir(exist_ok=True)
        counter = HERE / "counts" / key.replace(":", "-")
        count = len(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text("." * count)
        if not answers:
            return {"reply": {}}
        answer = answers[min(count, len(answers)) - 1]
        if answer == "raise":
            raise RuntimeError("lost")
        return answer

    run.__name__ = name
    return run


for name in json.loads((HERE / "steps.json").read_text()):
    app.function_name(name)(app.activity_trigger(input_name="payload")(hand(name)))
'''

Script = dict[str, list[Any]]


def reply(**members: Any) -> dict[str, Any]:
    return {"reply": members}


def slices(step: str, *objects: str) -> dict[str, Any]:
    """A plan of one wave with one lane per object."""
    parts = [
        {"run": "r1", "step": step, "generation": "base", "object": name, "lane": 0, "lanes": 1} for name in objects
    ]
    return reply(waves=[parts])


SMOOTH: Script = {
    "plan:profile": [slices("profile", "patients")],
    "plan:load": [slices("load", "patients")],
    "look:mapping": [reply(answer="approve")],
    "look:sample": [reply(answer="approve")],
    "look:sign-off": [reply(answer="approve")],
    "look:window": [reply(answer="close")],
    "begin_pickup": [reply(run="r1", generation="delta-0001", closing=True)],
    "begin_proof": [reply(run="r1")],
    "open_window": [reply(hours=24)],
}


@dataclass
class Telling:
    """One story being told."""

    host: Host
    folder: Path
    id: str

    def calls(self, *, without: tuple[str, ...] = ("mark", "look", "plan")) -> list[str]:
        """The steps that were asked for, in order."""
        asked = [json.loads(line) for line in (self.folder / "calls.ndjson").read_text().splitlines()]
        return [name for name, _ in asked if name not in without]

    def phases(self) -> list[str]:
        """The phases the run went through."""
        asked = [json.loads(line) for line in (self.folder / "calls.ndjson").read_text().splitlines()]
        return [payload["phase"] for name, payload in asked if name in ("mark", "finish")]

    async def ends(self) -> dict[str, Any]:
        """What the story answers in the end."""
        async with asyncio.timeout(60):
            instance = await self.host.engine.finished(self.id)
        assert instance.status == "Completed", instance.output
        found: dict[str, Any] = json.loads(instance.output or "null")
        return found

    async def ends_while_time_passes(self, seconds: float) -> dict[str, Any]:
        """What the story answers in the end, the clock jumping ahead until it does."""
        end = asyncio.create_task(self.ends())
        while not end.done():
            self.host.clock.advance(seconds)
            await asyncio.wait([end], timeout=0.05)
        return await end

    async def has_asked(self, name: str, times: int) -> None:
        """Wait until a step was asked for so often."""
        async with asyncio.timeout(60):
            while self.calls(without=()).count(name) < times:  # noqa: ASYNC110 - a file tells, and a file cannot notify
                await asyncio.sleep(0.01)


Tell = Callable[[Script], Any]


@asynccontextmanager
async def telling(home: Path, changes: Script, story: str, given: Any = None) -> AsyncIterator[Telling]:
    """A story being told in ``home``, with a script that differs from the smooth one."""
    folder = home / "app"
    folder.mkdir()
    (folder / "function_app.py").write_text(APP)
    (folder / "host.json").write_text('{"version": "2.0", "extensions": {"durableTask": {"hubName": "t"}}}')
    (folder / "script.json").write_text(json.dumps({**SMOOTH, **changes}))
    (folder / "steps.json").write_text(json.dumps(list(BY_NAME)))
    (folder / "calls.ndjson").write_text("")
    async with running_host(folder, state=home / "hub.db", port=0) as host:
        id_ = host.operations.start(story, instance_id="r1", input_json=json.dumps(given or {"run": "r1"}))
        yield Telling(host, folder, id_)


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """Tell the migration with a script that differs from the smooth one."""

    def begin(changes: Script, story: str = "migration", given: Any = None) -> Any:
        return telling(tmp_path, changes, story, given)

    return begin
