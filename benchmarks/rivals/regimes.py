"""The courses that rivals run: what is modelled, for how long, and how much slower than life a small machine plays it.

A request takes 60 ms and 2 ms more for each row. Where a window is scaled, its budgets are in the same proportion to it
as the documented ones: a mean of 4 requests under way, 20 begun in a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.rivals import theory
from sandbox.dataverse.limits import DOCUMENTED, Limits

REQUEST_MS, ROW_MS = 60.0, 2.0
NO_HINT = 52
"""x-ms-dop-hint as high as it goes: a hint that gives nothing away."""


@dataclass(frozen=True, slots=True)
class Regime:
    """``limits`` and ``seconds`` are the model's; it is played ``slow`` times slower. ``rows``: no more than these.

    ``alone``: seconds for those who send one request at a time, for whom all stretches are alike. ``widths``: what the
    hand-made gather tries, each for ``trial`` seconds.
    """

    name: str
    limits: Limits
    batch: int
    seconds: float
    alone: float
    trial: float
    widths: tuple[int, ...]
    users: int = 1
    slow: float = 1.0
    rows: int | None = None

    @property
    def ceiling(self) -> float:
        """Rows a second, in the model, that nobody can exceed."""
        seconds = self.seconds if self.rows is None else self.rows / self._burst
        return theory.ceiling(self.limits, seconds, batch=self.batch, users=self.users)

    @property
    def _burst(self) -> float:
        return theory.burst(self.limits, batch=self.batch, users=self.users)


def sustained(*, batch: int, window: float, windows: int, widths: tuple[int, ...]) -> Regime:
    """One application user on one server, over several windows."""
    limits = scaled(window)
    return Regime("one user, one server", limits, batch, windows * window, window, window, widths)


def fanned_out(*, batch: int, window: float, windows: int, widths: tuple[int, ...]) -> Regime:
    """Two application users on three servers, over several windows. Servers by turns: see `Limits.spread`."""
    limits = replace(scaled(window), servers=3, spread="turns")
    return Regime(
        "two users, three servers", limits, batch, windows * window, window / 2, window, widths, users=2, slow=3
    )


def burst(*, batch: int, rounds: int, widths: tuple[int, ...]) -> Regime:
    """So many rows that 52 requests at once take ``rounds`` of them, which is over before the budget of a window is."""
    limits = modelled(DOCUMENTED)
    rows = rounds * (limits.concurrent or 1) * batch
    ideal = rows / theory.burst(limits, batch=batch)
    return Regime("a burst", limits, batch, 3 * ideal, ideal / 4, 1.25 * ideal, widths, slow=4, rows=rows)


def modelled(limits: Limits) -> Limits:
    """With the time that requests take."""
    return replace(limits, per_request_ms=REQUEST_MS, per_row_ms=ROW_MS, dop_hint=NO_HINT)


def scaled(window: float) -> Limits:
    """The documented limits in a shorter window."""
    part = window / DOCUMENTED.window_seconds
    requests, seconds = DOCUMENTED.requests or 0, DOCUMENTED.execution_seconds or 0.0
    return modelled(
        replace(
            DOCUMENTED,
            window_seconds=window,
            requests=max(1, round(requests * part)),
            execution_seconds=seconds * part,
        )
    )
