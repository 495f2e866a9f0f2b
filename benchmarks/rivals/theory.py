"""What a modelled server lets anybody write at most, worked out from its limits: the yardstick of every rival.

A user has three budgets on each server (`sandbox.dataverse.limits`): requests and execution time in a sliding window,
and requests at once. Whichever is smallest holds; over several windows that is hardly ever the last one.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sandbox.dataverse.limits import Limits


def steady(limits: Limits, *, batch: int, users: int = 1) -> float:
    """The most rows a second over whole windows, in batches of ``batch`` rows."""
    busy = _most(limits.execution_seconds) / limits.window_seconds
    requests = min(busy / limits.cost(batch), _most(limits.requests) / limits.window_seconds)
    return min(requests * batch * users * limits.servers, burst(limits, batch=batch, users=users))


def burst(limits: Limits, *, batch: int, users: int = 1) -> float:
    """The most rows a second for as long as the budgets of one window last."""
    return _most(limits.concurrent) / limits.cost(batch) * batch * users * limits.servers


def burst_seconds(limits: Limits, *, batch: int) -> float:
    """How long a burst can last before it has used up a window's budget."""
    if limits.concurrent is None:
        return 0.0
    by_time = _most(limits.execution_seconds) / limits.concurrent
    return min(by_time, _most(limits.requests) * limits.cost(batch) / limits.concurrent)


def ceiling(limits: Limits, seconds: float, *, batch: int, users: int = 1) -> float:
    """The most rows a second in a run of so many seconds: a burst, or whole windows."""
    at_most = burst if seconds <= burst_seconds(limits, batch=batch) else steady
    return at_most(limits, batch=batch, users=users)


def one_at_a_time(limits: Limits, *, batch: int) -> float:
    """Rows a second of a client that waits for each answer, wherever nothing else holds it up."""
    return batch / limits.cost(batch)


def slowed(limits: Limits, times: float) -> Limits:
    """The same server with every second stretched, so that a small machine can play it: rates shrink, shares stay."""
    return replace(
        limits,
        per_request_ms=limits.per_request_ms * times,
        per_row_ms=limits.per_row_ms * times,
        window_seconds=limits.window_seconds * times,
        execution_seconds=None if limits.execution_seconds is None else limits.execution_seconds * times,
    )


def _most(limit: float | None) -> float:
    return math.inf if limit is None else limit
