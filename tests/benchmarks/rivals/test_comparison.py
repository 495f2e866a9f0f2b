"""Whether ours gets where it should is judged by what the model allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.rivals.comparison import DOCUMENTED_USE, OURS, Ran, aims
from benchmarks.rivals.race import Lap
from benchmarks.rivals.regimes import burst, fanned_out, sustained

LAP = Lap(rows=0, seconds=10, requests=1, refused=0, punished=0, cpu=1, memory=1, lost=0, doubled=0, server_cpu=0.1)
REGIMES = [
    sustained(batch=200, window=7, windows=4, widths=(4,)),
    fanned_out(batch=200, window=3.5, windows=3, widths=(8,)),
    burst(batch=200, rounds=16, widths=(52,)),
]


def _ran(rival: str, rows_per_second: float, **more: float) -> Ran:
    return Ran(rival, replace(LAP, rows=round(10 * rows_per_second), **more))


def _judged(share: float, **more: float) -> dict[str, str]:
    """Everything a share of what the model allows; documented use as fast as one request at a time can be."""
    laps = {
        regime.name: [
            _ran(OURS, share * regime.ceiling / regime.slow, **more),
            _ran(DOCUMENTED_USE, 200 / 0.46 / regime.slow),
        ]
        for regime in REGIMES
    }
    found = aims(REGIMES, laps, [Ran(OURS, replace(LAP, **more))])
    return {figure.name: figure.note for figure in found if figure.note.startswith("aim")}


def test_the_aims_are_worked_out_from_the_model():
    notes = _judged(1.0)
    assert {note for note in notes.values() if not note.endswith("met")} == set()
    against = [note for name, note in notes.items() if name.endswith("against documented use")]
    assert against == ["aim: at least 3.8, met", "aim: at least 20.0, met", "aim: at least 46.8, met"]


@pytest.mark.parametrize(
    ("share", "more", "missed"),
    [
        (0.94, {}, {"one user, one server: of the limit", "one user, one server: against documented use"}),
        (1.0, {"doubled": 1}, {"lost answers: our rows lost or doubled"}),
        (1.0, {"punished": 0.02}, {"one user, one server: punished", "two users, three servers: punished"}),
    ],
)
def test_what_falls_short_is_said(share: float, more: dict[str, float], missed: set[str]):
    assert {name for name, note in _judged(share, **more).items() if note.endswith("missed")} == missed
