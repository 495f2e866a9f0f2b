"""Strict mode refuses what goes wrong silently on Azure, and nothing that is safe."""

from __future__ import annotations

import json

import pytest

HOUR = 3600


async def status_of(host, name: str, *, events: tuple[str, ...] = (), jump: bool = False):
    instance_id = host.operations.start(name, instance_id=name.replace("_", "-"))
    await host.engine.until(instance_id, lambda instance: instance.status != "Pending")
    for number, event in enumerate(events):
        host.operations.raise_event(instance_id, event, str(number + 1))
    if jump:
        await host.engine.until(
            instance_id, lambda _: '"EventType":10,' in "".join(host.operations.history(instance_id))
        )
        host.clock.advance(HOUR)
    return await host.engine.finished(instance_id)


@pytest.mark.parametrize(
    ("name", "events", "jump", "words"),
    [
        ("sliding_window", (), False, "still waits for an earlier action"),
        ("sliding_window_with_retry", (), False, "still waits for an earlier action"),
        ("handled_failure", (), False, "still waits for an earlier action"),
        ("two_events", ("news", "news"), True, "2 events named 'news' arrived"),
        ("event_of_another_case", ("approve",), False, "differs in case"),
        ("stranded", (), False, "would stay Running until one comes"),
    ],
)
async def test_a_hazard_fails_the_instance_and_says_why(hosting, worker, name, events, jump, words):
    async with hosting("hazards", worker=worker) as host:
        instance = await status_of(host, name, events=events, jump=jump)
        assert instance.status == "Failed"
        assert json.loads(instance.output).startswith("Strict mode: ")
        assert words in instance.output


@pytest.mark.parametrize(
    ("name", "events", "jump", "output"),
    [
        ("race", (), False, [5, [0, 1, 2]]),
        ("retried_alone", (), False, ["retried-alone", [0, 1, 2]]),
        ("one_early_event", ("news",), True, 1),
    ],
)
async def test_a_safe_pattern_is_left_alone(hosting, name, events, jump, output):
    async with hosting("hazards", batch=1) as host:
        instance = await status_of(host, name, events=events, jump=jump)
        assert (instance.status, json.loads(instance.output)) == ("Completed", output)


async def test_a_failed_fan_out_that_ends_the_orchestration_keeps_its_own_error(hosting):
    async with hosting("hazards") as host:
        instance = await status_of(host, "unhandled_failure")
        assert instance.status == "Failed"
        assert "one is broken" in instance.output
        assert "Strict mode" not in instance.output


async def test_without_strict_mode_the_protocol_serialises_a_sliding_window(hosting):
    async with hosting("hazards", strict=False) as host:
        instance = await status_of(host, "sliding_window")
        assert instance.status == "Completed"
        assert sorted(json.loads(instance.output)) == [0, 1, 2, 3, 4, 5]


async def test_without_strict_mode_two_early_events_collapse_into_the_last(hosting):
    async with hosting("hazards", strict=False) as host:
        instance = await status_of(host, "two_events", events=("news", "news"), jump=True)
        assert json.loads(instance.output) == [2, 2]
