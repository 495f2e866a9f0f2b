"""How much of everything a bench measures: whole, quick, or so little that only the way there is tested."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Races:
    """How long rivals run: ``windows`` of ``window`` seconds, a burst of ``rounds`` requests of each of 52 lanes (0:
    only one user on one server), the ``widths`` a hand-made gather tries, the ``rows`` sent while answers are lost."""

    window: float
    windows: int
    rounds: int
    widths: tuple[int, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Activities side by side (``wide``) and one after another (``long``), rows and records through the simulators,
    records through the map, the clinics that migrate, in patients, smallest first, the two whose transactions are
    ``counted``, and the largest single file and longest single history of a practice (``megabytes``, ``notes``);
    ``hours`` of the modelled pace; the clinic that several processes load (``shared``), with how many processes on how
    many servers (``courses``), and how slow those are (``slowness``). ``back``: whether clinics change, and go back;
    ``practice``: how theirs differ, as arguments for its simulator."""

    wide: int
    long: int
    rows: int
    records: int
    mapped: int
    clinics: tuple[int, ...]
    megabytes: int
    notes: int
    races: Races
    hours: float
    counted: tuple[int, int]
    shared: int
    courses: tuple[tuple[int, int], ...]
    slowness: float = 1.0
    back: bool = True
    practice: tuple[str, ...] = ()


WHOLE = Sizes(wide=1_000, long=50, rows=40_000, records=20_000, mapped=20_000, clinics=(2_000, 20_000),
              megabytes=300, notes=20_000, hours=2, counted=(1_000, 10_000), shared=500,
              courses=((1, 1), (2, 1), (4, 1), (4, 2)),
              races=Races(window=120, windows=3, rounds=10, widths=(4, 8), rows=12_000))  # fmt: skip
QUICK = Sizes(wide=200, long=20, rows=10_000, records=2_000, mapped=5_000, clinics=(500, 2_000),
              megabytes=64, notes=4_000, hours=0.5, counted=(500, 2_000), shared=60,
              courses=((1, 1), (2, 1), (4, 1), (4, 2)),
              races=Races(window=20, windows=3, rounds=0, widths=(4,), rows=4_000))  # fmt: skip
VAST = replace(
    WHOLE,
    clinics=(2_000, 137_000),
    back=False,
    races=replace(WHOLE.races, window=300, windows=3, rounds=0, widths=(4,)),
)
"""The larger clinic has two million rows: `--sizes vast --only migration` takes more than an hour on two cores. Rivals
run in windows as long as Dataverse's own: `--sizes vast --only rivals` takes most of an hour."""
TINY = Sizes(wide=20, long=5, rows=400, records=100, mapped=200, clinics=(10,),
             practice=("--without", "treatments,treatment_plans,treatment_plan_lines,invoices,invoice_lines,payments,"
                       "payment_allocations,insurance_policies,communications"),
             megabytes=1, notes=20, hours=0.1, counted=(10, 20), shared=10,
             courses=((2, 1),), slowness=0.1,
             races=Races(window=0.5, windows=1, rounds=0, widths=(4,), rows=400))  # fmt: skip
