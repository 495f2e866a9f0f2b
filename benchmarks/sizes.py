"""How much of everything a bench measures: whole, quick, or so little that only the way there is tested."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Activities side by side (``wide``) and one after another (``long``), rows and records through the simulators,
    records through the map, the clinics that migrate, in patients, smallest first, and the largest single file and
    longest single history of a practice (``megabytes``, ``notes``); the clinic that several processes load
    (``shared``), with how many processes on how many servers (``courses``), and how slow those are (``slowness``)."""

    wide: int
    long: int
    rows: int
    records: int
    mapped: int
    clinics: tuple[int, ...]
    megabytes: int
    notes: int
    shared: int
    courses: tuple[tuple[int, int], ...]
    slowness: float = 1.0


WHOLE = Sizes(wide=1_000, long=50, rows=40_000, records=20_000, mapped=20_000, clinics=(2_000, 20_000),
              megabytes=300, notes=20_000, shared=300, courses=((1, 1), (2, 1), (4, 1), (4, 2)))  # fmt: skip
QUICK = Sizes(wide=200, long=20, rows=10_000, records=2_000, mapped=5_000, clinics=(500, 2_000),
              megabytes=64, notes=4_000, shared=60, courses=((1, 1), (2, 1), (4, 1), (4, 2)))  # fmt: skip
TINY = Sizes(wide=20, long=5, rows=400, records=100, mapped=200, clinics=(10,),
             megabytes=1, notes=20, shared=10, courses=((2, 1),), slowness=0.1)  # fmt: skip
