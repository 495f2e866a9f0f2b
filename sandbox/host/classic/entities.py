"""Entity batches over the classic protocol: the trigger's payload and the SDK's reply."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from ..engine.entities import BatchResult, Operation
from ..limits import capped
from ..workers.contract import Datum, Worker

log = logging.getLogger(__name__)


class ClassicEntities:
    """Implements `engine.entities.EntityCode` with a worker that runs the 1.x SDK."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def batch(
        self, name: str, key: str, *, existing: bool, state: str | None, operations: Sequence[Operation]
    ) -> BatchResult:
        function = self._worker.catalogue.entity(name)
        if function is None:
            text = self._worker.catalogue.unknown("entityTrigger", name)
            return _all_failed(text, operations, existing=existing, state=state)
        payload = json.dumps(
            {
                "self": {"name": name, "key": key},
                "exists": existing,
                "state": state,
                "batch": [{"name": each.name, "input": each.input, "isSignal": each.signal} for each in operations],
            }
        )
        outcome = await self._worker.invoke(function, {function.trigger.name: Datum("json", payload)})
        if outcome.failure is not None:
            log.error("Entity '%s' failed: %s", name, outcome.failure.message)
            return _all_failed(capped(outcome.failure.message, name), operations, existing=existing, state=state)
        reply = json.loads(outcome.returned.value)
        results = tuple((bool(each["isError"]), str(each["result"])) for each in reply["results"])
        for operation, (is_error, text) in zip(operations, results, strict=True):
            if is_error:
                log.error("Operation '%s' of entity '%s' failed: %s", operation.name, name, text)
        exists = bool(reply["entityExists"])
        return BatchResult(exists, reply["entityState"] if exists else None, results)


def _all_failed(text: str, operations: Sequence[Operation], *, existing: bool, state: str | None) -> BatchResult:
    return BatchResult(existing, state, tuple((True, json.dumps(text)) for _ in operations))
