"""A wake-up that comes too late is no failure; one that is refused while somebody waits is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as Status

from activities.reception import Outcome
from function_app import act
from shared.answers import Answer

WOKEN = Outcome(Answer(202, {}), wake=(("gate-1", "wake-0"),))


class Hub:
    """What the durable client says of one instance: its status at each look. Raising an event to it is refused, as it
    is for an instance that is gone: a moment that no real hub can be made to choose."""

    def __init__(self, *statuses: Status | None) -> None:
        self._statuses = list(statuses)
        self.raised = 0

    async def get_status(self, instance: str) -> Any:
        return SimpleNamespace(runtime_status=self._statuses.pop(0))

    async def raise_event(self, instance: str, event: str, data: Any) -> None:
        self.raised += 1
        raise Exception(f"Instance with ID {instance} is gone: either completed or failed")


async def test_an_instance_that_ends_just_before_it_is_woken_is_no_failure():
    hub = Hub(Status.Running, Status.Completed)
    await act(WOKEN, hub)  # type: ignore[arg-type]
    assert hub.raised == 1


async def test_an_instance_that_has_ended_is_not_woken():
    hub = Hub(Status.Completed)
    await act(WOKEN, hub)  # type: ignore[arg-type]
    assert hub.raised == 0


async def test_an_instance_that_still_waits_and_cannot_be_woken_is_a_failure():
    with pytest.raises(Exception, match="gone"):
        await act(WOKEN, Hub(Status.Running, Status.Running))  # type: ignore[arg-type]
