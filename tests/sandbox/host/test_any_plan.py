"""Whatever an orchestrator does, in whatever order results arrive, both sides of the protocol agree on every task."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

Plan = list[Any]


def plan_of(chance: random.Random, names: Any, depth: int = 0) -> tuple[Plan, int]:
    """A plan, and the sum it must come to."""
    steps, total = [], 0
    for _ in range(chance.randint(1, 5)):
        step, value = step_of(chance, names, depth)
        steps.append(step)
        total += value
    return steps, total


def step_of(chance: random.Random, names: Any, depth: int) -> tuple[Plan, int]:
    kinds = ["task", "task", "all", "race", "signal"]
    match chance.choice(kinds):
        case "all":
            pairs = [task_of(chance, names, depth) for _ in range(chance.randint(1, 6))]
            return ["all", [step for step, _ in pairs]], sum(value for _, value in pairs)
        case "race":
            number = chance.randint(1, 99)
            return ["race", number], number
        case "signal":
            return ["signal", next(names), 5], 0
        case _:
            return task_of(chance, names, depth)


def task_of(chance: random.Random, names: Any, depth: int) -> tuple[Plan, int]:
    number = chance.randint(1, 99)
    match chance.choice(["echo", "retry", "timer", "entity"] + (["child"] if depth < 2 else [])):
        case "retry":
            return ["retry", next(names), chance.randint(0, 3), number], number
        case "timer":
            return ["timer", chance.randint(0, 20)], 0
        case "entity":
            return ["entity", next(names), number], number
        case "child":
            steps, total = plan_of(chance, names, depth + 1)
            return ["child", steps], total
        case _:
            return ["echo", number], number


@pytest.mark.parametrize("batch", [1, 3, 1000])
async def test_any_plan_comes_to_its_sum(hosting, worker, batch):
    chance = random.Random(f"{worker} {batch}")
    names = (f"{worker}-{batch}-{number}" for number in itertools.count())
    plans = [plan_of(chance, names) for _ in range(40)]
    async with hosting("plans", worker=worker, batch=batch) as host:
        ids = [host.operations.start("carry_out", input_json=json.dumps(json.dumps(steps))) for steps, _ in plans]
        for instance_id, (steps, total) in zip(ids, plans, strict=True):
            instance = await host.engine.finished(instance_id)
            assert (instance.status, instance.output) == ("Completed", str(total)), steps
