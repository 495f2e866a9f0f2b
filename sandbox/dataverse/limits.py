"""Service protection: three sliding windows for every user on every web server, and what a refusal says.

Documented limits are 6,000 requests and 1,200 seconds of execution in 300 seconds, and 52 at once. A file scales them,
adds virtual servers and makes requests cost time. State only: `app` asks and reports.

Where requests cost modelled time, each is charged as soon as its time is known, not when it ends. What is under way
then counts: 52 requests of half a second are 2 % of the documented budget, but half of one scaled to twelve seconds.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from .errors import DataverseError

PATIENCE = 1.5
"""How much longer Retry-After gets each time a client knocks before it is over."""


@dataclass(frozen=True)
class Limits:
    """None means no such limit. `per_request_ms` and `per_row_ms` are simulated server time, really waited for.

    `spread`: a client without cookies meets any server by `chance`, or the servers by `turns`. In a scaled window there
    are so few requests that chance alone fills one server's budget long before the others'.
    """

    requests: int | None = None
    execution_seconds: float | None = None
    concurrent: int | None = None
    window_seconds: float = 300.0
    servers: int = 1
    per_request_ms: float = 0.0
    per_row_ms: float = 0.0
    dop_hint: int | None = None
    spread: str = "chance"

    def cost(self, rows: int) -> float:
        """Modelled seconds of a request that touches so many rows."""
        return (self.per_request_ms + self.per_row_ms * rows) / 1000

    @property
    def off(self) -> bool:
        return self.requests is None and self.execution_seconds is None and self.concurrent is None


OFF = Limits()
DOCUMENTED = Limits(requests=6000, execution_seconds=1200.0, concurrent=52)


def load_limits(name: str) -> Limits:
    """`off`, `documented`, or a JSON file of the names above; ValueError names an unknown one."""
    if name in ("off", "documented"):
        return OFF if name == "off" else DOCUMENTED
    document = json.loads(Path(name).read_text(encoding="utf-8"))
    unknown = sorted(set(document) - {field.name for field in fields(Limits)})
    if unknown:
        raise ValueError(f"{name}: unknown limits: {', '.join(unknown)}")
    limits = Limits(**document)
    if limits.window_seconds <= 0 or limits.servers < 1:
        raise ValueError(f"{name}: window_seconds and servers must be positive")
    if limits.spread not in ("chance", "turns"):
        raise ValueError(f"{name}: spread is chance or turns")
    return limits


@dataclass
class _Window:
    """What one user did on one server lately. `refused` is since the last request that was let in, `shut_at` the moment
    of the first such refusal, and `shut` the seconds of all such spells that are over."""

    started: deque[float] = field(default_factory=deque)
    executed: deque[tuple[float, float]] = field(default_factory=deque)
    seconds: float = 0.0
    running: int = 0
    refused: int = 0
    shut_at: float | None = None
    shut: float = 0.0

    def forget(self, before: float) -> None:
        while self.started and self.started[0] <= before:
            self.started.popleft()
        while self.executed and self.executed[0][0] <= before:
            self.seconds -= self.executed.popleft()[1]


@dataclass
class Admission:
    """A request that was let in; `Protection.leave` ends it. `charged`: its time is on the account already."""

    window: _Window
    at: float
    charged: bool = False


class Protection:
    """The limiters of all users; `now` is any steady clock in seconds."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self.limits = limits
        self.refusals = 0
        self.executed = 0.0
        """Seconds, of everything that was ever let in."""
        self._now = now
        self._windows: dict[tuple[str, int], _Window] = {}

    def enter(self, user: str, server: int) -> Admission:
        """Let a request in, or raise the 429 of the limit it hits."""
        now, limits = self._now(), self.limits
        window = self._windows.setdefault((user, server), _Window())
        window.forget(now - limits.window_seconds)
        if limits.concurrent is not None and window.running >= limits.concurrent:
            raise self._refusal(
                window, 1.0, "0x80072326", f"Number of concurrent requests exceeded the limit of {limits.concurrent}."
            )
        if limits.requests is not None and len(window.started) >= limits.requests:
            raise self._refusal(
                window,
                window.started[0] + limits.window_seconds - now,
                "0x80072322",
                f"Number of requests exceeded the limit of {limits.requests} over time window of"
                f" {limits.window_seconds:g} seconds.",
            )
        if limits.execution_seconds is not None and window.seconds >= limits.execution_seconds:
            raise self._refusal(
                window,
                self._until_time_frees(window, now),
                "0x80072321",
                f"Combined execution time of incoming requests exceeded limit of {limits.execution_seconds * 1000:,.0f}"
                f" milliseconds over time window of {limits.window_seconds:g} seconds. Decrease number of concurrent"
                " requests or reduce the duration of requests and try again later.",
            )
        window.started.append(now)
        window.running += 1
        window.refused = 0
        if window.shut_at is not None:
            window.shut += now - window.shut_at
            window.shut_at = None
        return Admission(window, now)

    def charge(self, admission: Admission, seconds: float) -> float:
        """Put a request's modelled time on the account; how much of it is still to be waited for."""
        now = self._now()
        self._spend(admission, now, seconds)
        return max(0.0, admission.at + seconds - now)

    def leave(self, admission: Admission) -> None:
        """The request is done; unless it was charged, it took what the clock says."""
        now = self._now()
        admission.window.running -= 1
        if not admission.charged:
            self._spend(admission, now, now - admission.at)

    def _spend(self, admission: Admission, now: float, seconds: float) -> None:
        admission.charged = True
        admission.window.executed.append((now, seconds))
        admission.window.seconds += seconds
        self.executed += seconds

    @property
    def doors(self) -> int:
        """How many users met how many servers."""
        return len(self._windows)

    @property
    def shut_seconds(self) -> float:
        """How long doors were shut, each from a first refusal until its user was let in there again; all together."""
        now = self._now()
        return sum(one.shut + (0.0 if one.shut_at is None else now - one.shut_at) for one in self._windows.values())

    def headers(self, user: str, server: int) -> dict[str, str]:
        """What is left, for diagnosis only."""
        window = self._windows.get((user, server), _Window())
        limits, found = self.limits, {}
        if limits.requests is not None:
            left = max(0, limits.requests - len(window.started))
            found["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(left)
        if limits.execution_seconds is not None:
            remaining = max(0.0, limits.execution_seconds - window.seconds)
            found["x-ms-ratelimit-time-remaining-xrm-requests"] = f"{remaining:,.2f}"
        return found

    def _until_time_frees(self, window: _Window, now: float) -> float:
        over = window.seconds - (self.limits.execution_seconds or 0.0)
        for at, spent in window.executed:
            over -= spent
            if over < 0:
                return at + self.limits.window_seconds - now
        return self.limits.window_seconds

    def _refusal(self, window: _Window, wait: float, code: str, message: str) -> DataverseError:
        self.refusals += 1
        if window.shut_at is None:
            window.shut_at = self._now()
        wait *= PATIENCE**window.refused
        window.refused += 1
        seconds = max(1, math.ceil(min(wait, 2 * self.limits.window_seconds)))
        return DataverseError(429, code, message, {"Retry-After": str(seconds)})
