"""python -m benchmarks [--quick] [--only NAME]: one table, and .sandbox/bench.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    large_pieces,
    local_host,
    modelled_server,
    orchestration,
    scale_out,
    simulators,
    transform,
    whole_migration,
)
from benchmarks.figures import Figure, machine, table, write
from benchmarks.rivals import comparison
from benchmarks.sizes import QUICK, TINY, VAST, WHOLE, Sizes

RESULT = Path(__file__).parent.parent / ".sandbox" / "bench.json"
SIZES = {"vast": VAST, "whole": WHOLE, "quick": QUICK, "tiny": TINY}
MEASURES: dict[str, Callable[[Sizes], list[Figure]]] = {
    "host": lambda sizes: local_host.measure(wide=sizes.wide, long=sizes.long),
    "simulators": lambda sizes: simulators.measure(rows=sizes.rows, patients=sizes.records),
    "pace": lambda sizes: modelled_server.measure(hours=sizes.hours),
    "map": lambda sizes: transform.measure(records=sizes.mapped),
    "rivals": lambda sizes: comparison.measure(sizes.races),
    "pieces": lambda sizes: large_pieces.measure(megabytes=sizes.megabytes, notes=sizes.notes),
    "storage": lambda sizes: orchestration.measure(sizes.counted),
    "processes": lambda sizes: scale_out.measure(patients=sizes.shared, courses=sizes.courses, slowness=sizes.slowness),
    "migration": lambda sizes: whole_migration.measure(sizes.clinics, *sizes.practice, back=sizes.back),
}


def main(arguments: list[str]) -> int:
    """Measure, print, write."""
    given = _parser().parse_args(arguments)
    sizes = SIZES["quick" if given.quick else given.sizes]
    figures = [figure for name in given.only or MEASURES for figure in MEASURES[name](sizes)]
    write(figures, given.out)
    here = machine()
    print(table(figures))
    print(f"\nMeasured on {here['cores']} cores ({here['cpu']}), Python {here['python']}, everything on one machine:")
    print("whatever else ran on it took its share too. Read the ratios; the absolute figures are this machine's.")
    print(f"Written to {given.out}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same as --sizes quick: a few minutes")
    parser.add_argument("--sizes", choices=list(SIZES), default="whole", help="tiny shows that it works, not how fast")
    parser.add_argument("--only", choices=list(MEASURES), action="append", help="this measure; may be said again")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the figures go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
