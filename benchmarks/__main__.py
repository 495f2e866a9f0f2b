"""python -m benchmarks [--quick]: one table, and .sandbox/bench.json."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import local_host, simulators, whole_migration
from benchmarks.figures import machine, table, write

RESULT = Path(__file__).parent.parent / ".sandbox" / "bench.json"


def main(arguments: list[str]) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works, not how fast")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(arguments)
    quick = given.quick
    figures = [
        *local_host.measure(wide=100 if quick else 1000, long=20 if quick else 50),
        *simulators.measure(rows=2_000 if quick else 40_000, patients=200 if quick else 20_000),
        *whole_migration.measure([100] if quick else [2_000, 20_000]),
    ]
    write(figures, given.out)
    here = machine()
    print(table(figures))
    print(f"\nMeasured on {here['cores']} cores ({here['cpu']}), Python {here['python']}, everything on one machine.")
    print(f"Read the ratios; the absolute figures are this machine's. Written to {given.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
