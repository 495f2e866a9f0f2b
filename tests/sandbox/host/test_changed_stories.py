"""An app that changed under a running instance: the framework's own words, or a list of what is there."""

from __future__ import annotations

import json

import pytest

QUESTION = "Was a change made to the orchestrator code after this instance had already started running?"


async def reason_after_change(hosting, edition: str) -> str:
    async with hosting("story") as host:
        instance_id = host.operations.start("tale", instance_id="old")
        await host.engine.until(instance_id, lambda _: '"EventType":10,' in "".join(host.operations.history("old")))
    async with hosting("story", env={"STORY": edition}) as host:
        host.clock.advance(3600)
        instance = await host.engine.finished("old")
        assert instance.status == "Failed"
        return json.loads(instance.output)


@pytest.mark.parametrize(
    ("edition", "sentence"),
    [
        (
            "renamed step",
            "scheduled an activity task with sequence number 0 named 'step', but the current orchestration replay "
            "instead scheduled an activity task named 'renamed' with this sequence number. ",
        ),
        (
            "timer instead",
            "scheduled an activity task with sequence number 0 named 'step', but the current orchestration replay "
            "instead produced a CreateTimerOrchestratorAction action with this sequence number.",
        ),
        (
            "without the step",
            "scheduled an activity task with sequence number 0 named 'step', but the current orchestration replay "
            "instead produced a CreateTimerOrchestratorAction action with this sequence number.",
        ),
    ],
)
async def test_a_story_that_goes_another_way_is_non_deterministic(hosting, edition, sentence):
    reason = await reason_after_change(hosting, edition)
    opening = "Non-Deterministic workflow detected: A previous execution of this orchestration "
    assert reason == f"{opening}{sentence} {QUESTION}"


async def test_an_instance_whose_orchestrator_is_gone_fails_with_the_list_of_those_there(hosting):
    reason = await reason_after_change(hosting, "without the tale")
    assert reason == (
        "The function 'tale' doesn't exist, is disabled, or is not an orchestrator function. Additional info: "
        "The following are the known orchestrator functions: 'another'."
    )


async def test_the_same_story_goes_on_after_a_restart(hosting):
    async with hosting("story") as host:
        host.operations.start("tale", instance_id="old")
        await host.engine.until("old", lambda _: '"EventType":10,' in "".join(host.operations.history("old")))
    async with hosting("story") as host:
        host.clock.advance(3600)
        assert json.loads((await host.engine.finished("old")).output) == "the end"
