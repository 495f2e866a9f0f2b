"""Invokes functions on behalf of the engine, the routes and the timers: time limits, client bindings, failure logs."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Mapping

from .engine.activities import ActivityFailed, failure_details
from .functions import Function
from .store.activities import Work
from .workers.contract import Datum, Failure, Outcome, Worker

log = logging.getLogger(__name__)


class Invocations:
    """`client_binding` gives the JSON of a durable client for a function with such bindings."""

    def __init__(self, worker: Worker, *, timeout: float | None, client_binding: Callable[[], str]) -> None:
        self._worker = worker
        self._timeout = timeout
        self._client_binding = client_binding

    async def invoke(self, function: Function, inputs: Mapping[str, Datum]) -> Outcome:
        """Run it, with functionTimeout as in host.json. A sync function that overruns keeps its thread to the end."""
        bindings = {name: Datum("string", self._client_binding()) for name in function.client_bindings}
        try:
            async with asyncio.timeout(self._timeout):
                outcome = await self._worker.invoke(function, {**inputs, **bindings})
        except TimeoutError:
            outcome = Outcome(failure=Failure(_timeout_text(function.name, self._timeout or 0), ""))
        if outcome.failure is not None and function.trigger.kind != "activityTrigger":
            log.error("Function '%s' failed: %s", function.name, outcome.failure.message)
        return outcome

    async def run_activity(self, work: Work) -> str | None:
        """The result of a queued activity as JSON text, None for nothing; raises ActivityFailed."""
        function = self._worker.catalogue.activity(work.name)
        if function is None:  # the app changed while it was queued
            text = self._worker.catalogue.unknown("activityTrigger", work.name)
            raise ActivityFailed(f"Activity function '{work.name}' failed: {text}", text)
        outcome = await self.invoke(function, {function.trigger.name: Datum("json", work.input or "null")})
        if outcome.failure is not None:
            message, stack = outcome.failure.message, outcome.failure.stack
            raise ActivityFailed(
                f"Activity function '{work.name}' failed:  {message}",
                failure_details(message, stack, function.name),
            )
        value = outcome.returned.value
        if value is None or value == "null":
            return None
        # An activity annotated `-> str` still arrives as JSON; anything else was encoded as a bare value.
        return str(value) if outcome.returned.kind == "json" else json.dumps(value)


def _timeout_text(name: str, seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    span = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return (
        f"Timeout value of {span} exceeded by function 'Functions.{name}' (Id: '{uuid.uuid4()}'). "
        "Initiating cancellation."
    )
