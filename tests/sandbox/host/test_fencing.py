"""Two hosts that both believe an instance, an entity or an activity to be theirs: what one stores, the other cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.clock import Clock
from sandbox.host.engine.decisions import Completed, RunActivity, Turn
from sandbox.host.engine.effects import Effects, Writer
from sandbox.host.engine.entities import BatchResult, EntityTurns
from sandbox.host.engine.events import Kind, parsed, raised, text_of
from sandbox.host.engine.membership import Membership
from sandbox.host.engine.turns import Turns
from sandbox.host.store.database import Overtaken
from sandbox.host.store.hub import Hub
from sandbox.host.store.messages import Message

CLOCK = Clock()


class Decides:
    """Decides the same in each turn; waits to be let go first, as a slow replay does."""

    def __init__(self, turn: Turn) -> None:
        self.turn_ = turn
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def turn(self, _instance: Any, _past: Any, _new: Any) -> Turn:
        self.asked.set()
        await self.go_on.wait()
        return self.turn_

    async def batch(self, *_names: str, **given: Any) -> BatchResult:
        self.asked.set()
        await self.go_on.wait()
        total = str(int(given["state"] or 0) + len(given["operations"]))
        return BatchResult(True, total, tuple((False, total) for _ in given["operations"]))


class Side:
    """One host's own connection to the state file, and what it would do with it."""

    def __init__(self, state: Path, turn: Turn) -> None:
        self.hub = Hub(state)
        self.writer = Writer(self.hub, CLOCK, default_version="")
        self.decides = Decides(turn)
        nothing: Callable[[Any], None] = lambda _: None  # noqa: E731
        self.turns = Turns(
            self.hub, CLOCK, self.writer, self.decides,
            batch=100, notice=nothing, committed=nothing, outstanding=lambda _: 0,
        )  # fmt: skip
        self.entities = EntityTurns(self.hub, CLOCK, self.writer, self.decides, notice=nothing)
        self.membership = Membership(self.hub, f"http://{id(self)}", lease_seconds=60)

    def begin(self) -> None:
        with self.hub.transaction():
            self.writer.begin(
                name="story", instance_id="one", input_json=None, version=None, parent=None, parent_name=None,
                effects=Effects(),
            )  # fmt: skip

    def send(self, instance_id: str, item: dict[str, Any]) -> None:
        with self.hub.transaction():
            self.hub.messages.send([Message(instance_id, None, text_of(item))])


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """A slow host and a quick one on one state file. The quick one runs an activity, the slow one would end it all."""
    slow = Side(tmp_path / "hub.db", Turn(ending=Completed('"never"')))
    quick = Side(tmp_path / "hub.db", Turn(decisions=(RunActivity(0, "work", "1"),)))
    quick.decides.go_on.set()
    with closing(slow.hub), closing(quick.hub):
        slow.membership.join()
        quick.membership.join()
        slow.membership.look()
        yield slow, quick


async def test_of_two_turns_on_one_past_only_the_first_is_stored(sides: tuple[Side, Side]):
    slow, quick = sides
    slow.begin()
    late = asyncio.create_task(slow.turns.take("one"))
    await slow.decides.asked.wait()
    assert await quick.turns.take("one") is None
    history = quick.hub.instances.history("one")
    slow.decides.go_on.set()
    with pytest.raises(Overtaken):
        await late
    found = slow.hub.instances.get("one")
    assert found is not None
    assert (found.status, found.revision) == ("Running", 1)
    assert slow.hub.instances.history("one") == history
    assert slow.hub.activities.count("one") == 1


async def test_a_host_goes_on_from_what_another_has_stored_and_not_from_what_it_remembers(sides: tuple[Side, Side]):
    slow, quick = sides
    quick.begin()
    await quick.turns.take("one")
    remembered = len(quick.hub.instances.history("one"))
    slow.decides.turn_ = Turn(decisions=(RunActivity(1, "work", "2"),))
    slow.decides.go_on.set()
    slow.send("one", raised(CLOCK.now(), name="word", input_json="1"))
    await slow.turns.take("one")
    quick.decides.turn_ = Turn(ending=Completed('"done"'))
    quick.send("one", raised(CLOCK.now(), name="word", input_json="2"))
    await quick.turns.take("one")
    texts = quick.hub.instances.history("one")
    assert len(texts) > remembered
    scheduled = [item["EventId"] for item in map(parsed, texts) if item["EventType"] == Kind.TASK_SCHEDULED]
    assert scheduled == [0, 1], "the activity of either host is in the history, once"
    found = slow.hub.instances.get("one")
    assert found is not None
    assert (found.status, found.revision) == ("Completed", 3)


async def test_of_two_batches_for_one_entity_only_the_first_counts(sides: tuple[Side, Side]):
    slow, quick = sides
    request = '{"op": "add", "signal": true, "id": "1", "input": "1"}'
    slow.send("@tally@t", raised(CLOCK.now(), name="op", input_json=request))
    late = asyncio.create_task(slow.entities.take("@tally@t"))
    await slow.decides.asked.wait()
    quick.send("@tally@t", raised(CLOCK.now(), name="op", input_json=request))
    await quick.entities.take("@tally@t")
    slow.decides.go_on.set()
    with pytest.raises(Overtaken):
        await late
    found = slow.hub.entities.get("@tally@t")
    assert found is not None
    assert found.state == "2"


async def test_a_result_is_taken_only_from_the_host_that_owns_the_row(sides: tuple[Side, Side]):
    slow, quick = sides
    quick.begin()
    await quick.turns.take("one")
    with slow.hub.transaction():
        (work,) = slow.hub.activities.claim(slow.membership.id, limit=10, added_before=float("inf"))
    with quick.hub.transaction():
        assert quick.hub.activities.claim(quick.membership.id, limit=10, added_before=float("inf")) == []
        assert quick.hub.hosts.bury(wall=float("inf"))  # every lease has run out, and every claim with it
    with quick.hub.transaction():
        assert quick.hub.activities.claim("another", limit=10, added_before=float("inf")) == [work]
        assert not quick.hub.activities.finish(work, slow.membership.id)
        assert quick.hub.activities.finish(work, "another")
    assert not slow.membership.renew(), "whoever was removed has to take another place"


async def test_every_instance_is_kept_by_one_host_and_every_host_keeps_some(sides: tuple[Side, Side]):
    instances = [f"run-7/load/{lane}" for lane in range(64)]
    kept = [[one for one in instances if side.membership.keeps(one)] for side in sides]
    assert sorted(kept[0] + kept[1]) == sorted(instances)
    assert min(map(len, kept)) >= 16


async def test_the_eldest_is_one_and_the_next_when_it_leaves(sides: tuple[Side, Side]):
    slow, quick = sides
    assert (slow.membership.is_eldest(), quick.membership.is_eldest()) == (True, False)
    slow.membership.leave()
    assert quick.membership.is_eldest()
    assert quick.membership.look()
    assert quick.membership.alone
