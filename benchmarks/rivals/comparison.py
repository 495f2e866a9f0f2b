"""All rivals on all courses, side by side, and whether ours gets where it should."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.rivals import theory
from benchmarks.rivals.race import Course, Lap, race
from benchmarks.rivals.regimes import Regime, burst, fanned_out, sustained
from benchmarks.sizes import Races
from sandbox.dataverse.limits import OFF
from sandbox.faults import Fault
from shared import settings

AREA = "Against others"
AIMS = f"{AREA}: what ours aims at"
OURS, DOCUMENTED_USE, GATHERED = "ours", "Microsoft's client, as documented", "Microsoft's client, gathered"
THREADS, LOOP = "dataverse-api, with threads", "a loop of single POSTs"
ALONE = {DOCUMENTED_USE: "microsoft", LOOP: "single_posts"}
"""Who sends one request at a time."""
STEADY_SHARE, FANNED_SHARE, BURST_SHARE, MOST_PUNISHED = 0.95, 5 / 6, 0.90, 0.01
LOST_ANSWERS = Fault("drop_after", match=r"^POST /api/data/v9.2/contacts", every=100)
"""One write in a hundred is carried out, and its answer never comes."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A rival's lap on a regime's course."""

    rival: str
    lap: Lap
    note: str = ""


def measure(races: Races) -> list[Figure]:
    """A grid for each regime, one for lost answers, then the aims."""
    batch = settings.read({}).batch_rows
    one = sustained(batch=batch, window=races.window, windows=races.windows, widths=races.widths)
    regimes = [one]
    if races.rounds:
        # Its cookies hold each of its two clients on one server: two doors, though there are six.
        wide = tuple(doors * races.widths[0] for doors in (2, 6))
        regimes.append(fanned_out(batch=batch, window=races.window / 2, windows=races.windows - 1, widths=wide))
        regimes.append(burst(batch=batch, rounds=races.rounds, widths=(one.limits.concurrent or 1,)))
    laps = {regime.name: _all(regime) for regime in regimes}
    found = [figure for regime in regimes for figure in _grid(regime, laps[regime.name])]
    lost = _lost_answers(races.rows)
    return [*found, *_lost_grid(lost, races.rows), *aims(regimes, laps, lost)]


def _all(regime: Regime) -> list[Ran]:
    gathered = [
        (width, race("microsoft_gathered", _course(regime, regime.trial, width=width))) for width in regime.widths
    ]
    best, lap = max(gathered, key=lambda one: one[1].rows_per_second)
    tried = ", ".join(f"{width}: {one.rows_per_second * regime.slow:,.0f}" for width, one in gathered)
    return [
        Ran(OURS, race("ours", _course(regime, regime.seconds, width=max(regime.widths)))),
        Ran(GATHERED, lap, f"width {best} (rows/s by width: {tried})"),
        Ran(THREADS, race("dataverse_api_threads", _course(regime, 2 * regime.alone))),
        *(
            Ran(rival, race(module, _course(regime, regime.alone, batch=_batch(rival, regime.batch))))
            for rival, module in ALONE.items()
        ),
    ]


def _batch(rival: str, batch: int) -> int:
    return 1 if rival == LOOP else batch


def _course(regime: Regime, seconds: float, *, width: int = 1, batch: int | None = None) -> Course:
    return Course(
        regime.limits,
        batch=batch or regime.batch,
        users=regime.users,
        width=width,
        seconds=seconds * regime.slow,
        rows=regime.rows,
        slow=regime.slow,
    )


def _grid(regime: Regime, laps: Sequence[Ran]) -> Iterable[Figure]:
    area = f"{AREA}: {regime.name}, at most {regime.ceiling:,.0f} rows/s"
    for ran in laps:
        lap = ran.lap
        busy = "; the simulator was at its end" if lap.server_cpu > 0.9 else ""
        rate = lap.rows_per_second * regime.slow
        yield Figure(area, "rows/s", rate, "rows/s", f"{ran.note}{busy}", ran.rival)
        yield Figure(area, "% of limit", 100 * rate / regime.ceiling, "%", row=ran.rival)
        yield Figure(area, "requests/1,000", lap.per_thousand(lap.requests), "requests", row=ran.rival)
        yield Figure(area, "429s", lap.refused, "answers", row=ran.rival)
        yield Figure(area, "% punished", 100 * lap.punished, "%", row=ran.rival)
        yield Figure(area, "CPU s/1,000", lap.per_thousand(lap.cpu), "s", row=ran.rival)
        yield Figure(area, "peak MiB", lap.memory, "MiB", row=ran.rival)
        yield Figure(area, "rows lost", lap.lost, "rows", row=ran.rival)


def _lost_answers(rows: int) -> list[Ran]:
    """Without limits, in small batches, so that there are enough requests for the faults to strike."""
    modules = {OURS: "ours", GATHERED: "microsoft_gathered", THREADS: "dataverse_api_threads", **ALONE}
    return [
        Ran(rival, race(module, Course(OFF, _batch(rival, 20), width=8, rows=rows, faults=(LOST_ANSWERS,))))
        for rival, module in modules.items()
    ]


def _lost_grid(laps: Sequence[Ran], rows: int) -> Iterable[Figure]:
    area = f"{AREA}: 1 % of answers lost, {rows:,} rows"
    for ran in laps:
        yield Figure(area, "rows lost", ran.lap.lost, "rows", row=ran.rival)
        yield Figure(area, "rows doubled", ran.lap.doubled, "rows", row=ran.rival)
        yield Figure(area, "requests/1,000", ran.lap.per_thousand(ran.lap.requests), "requests", row=ran.rival)


def aims(regimes: Sequence[Regime], laps: dict[str, list[Ran]], lost: Sequence[Ran]) -> Iterable[Figure]:
    """How far ours gets, against what the model allows, and whether that is far enough."""
    for regime, share in zip(regimes, (STEADY_SHARE, FANNED_SHARE, BURST_SHARE), strict=False):
        found = {ran.rival: ran.lap for ran in laps[regime.name]}
        ours, theirs = (found[rival].rows_per_second * regime.slow for rival in (OURS, DOCUMENTED_USE))
        allowed = regime.ceiling / theory.one_at_a_time(regime.limits, batch=regime.batch)
        yield _aim(f"{regime.name}: of the limit", 100 * ours / regime.ceiling, "%", at_least=100 * share)
        yield _aim(f"{regime.name}: against documented use", ours / theirs, "times", at_least=share * allowed)
        alone = 100 * theirs / theory.one_at_a_time(regime.limits, batch=regime.batch)
        yield Figure(AIMS, f"{regime.name}: one at a time", alone, "% of model", "what lacks is this machine's doing")
        if regime.rows is None:
            yield _aim(f"{regime.name}: punished", 100 * found[OURS].punished, "%", at_most=100 * MOST_PUNISHED)
    spoiled = next(ran.lap.lost + ran.lap.doubled for ran in lost if ran.rival == OURS)
    yield _aim("lost answers: our rows lost or doubled", spoiled, "rows", at_most=0)


def _aim(name: str, value: float, unit: str, *, at_least: float | None = None, at_most: float | None = None) -> Figure:
    met = value >= at_least if at_least is not None else value <= (at_most or 0)
    words = f"at least {at_least:,.1f}" if at_least is not None else f"at most {at_most:g}"
    return Figure(AIMS, name, value, unit, f"aim: {words}, {'met' if met else 'missed'}")
