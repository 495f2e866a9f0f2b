"""python -m torture: kill the app at every point where it touches the world, and compare what comes of it (N11)."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from torture.story import Told, tell

RESULT = Path(__file__).parent.parent / ".sandbox" / "torture.json"
AIM = 500
WEATHER: list[dict[str, Any]] = [
    {"kind": "throttle", "rate": 0.01, "seed": 1, "retry_after": 0.2},
    {"kind": "error", "rate": 0.01, "seed": 2, "status": 503},
    {"kind": "drop", "rate": 0.01, "seed": 3},
    {"kind": "drop_after", "rate": 0.01, "seed": 4},
    {"kind": "slow", "rate": 0.01, "seed": 5, "seconds": 0.5},
]
"""Beside the deaths, both simulators fail one request in twenty, each in one of five ways."""


def main(arguments: list[str]) -> int:
    """Tell the story twice, compare, print. 1 if anything differs, or too few points were found."""
    given = _parser().parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        home = Path(folder)
        print("An undisturbed run, to compare with …", flush=True)
        calm = tell(home / "calm", patients=given.patients, deaths=None, faults=[])
        print("… and one that dies wherever it touches the world. This takes a while.", flush=True)
        deaths = home / "deaths"
        deaths.touch()
        weather, one_in = [] if given.fair else WEATHER, f"{given.one_in}:{given.seed}"
        hard = tell(home / "hard", patients=given.patients, deaths=deaths, faults=weather, one_in=one_in)
        points = deaths.read_text().splitlines()
    wrong = differences(calm, hard)
    print(table(points))
    seconds = time.monotonic() - began
    print(f"{len(points)} distinct kill points, {hard.lives} lives, {seconds:.0f} s; {len(wrong)} differences")
    for line in wrong[:20]:
        print(f"  {line[:400]}")
    given.out.parent.mkdir(exist_ok=True)
    found = {"points": points, "lives": hard.lives, "seconds": round(seconds), "differences": wrong}
    given.out.write_text(json.dumps(found, indent=1))
    if len(points) < given.least:
        print(f"Fewer than the {given.least} points that were to be found.")
    return 1 if wrong or len(points) < given.least else 0


def differences(calm: Told, hard: Told) -> list[str]:
    """Everything that a run with deaths left otherwise than one without."""
    found = [f"after the load: {line}" for line in _unlike(calm.loaded, hard.loaded)]
    found += [f"after the way back: {line}" for line in _unlike(hard.before, hard.undone)]
    found += [f"the verdict: {hard.verdict['because']}"] if not hard.verdict["proved"] else []
    found += [f"held on the way back: {hard.held}"] if hard.held else []
    return found


def _unlike(expected: list[str], there: list[str]) -> list[str]:
    lost, more = Counter(expected) - Counter(there), Counter(there) - Counter(expected)
    return [*(f"- {line}" for line in lost), *(f"+ {line}" for line in more)]


def table(points: list[str]) -> str:
    """The points by what the app was at, and whether it died before or after its message."""
    counts: Counter[tuple[str, str]] = Counter()
    for point in points:
        when, kind, chain = point.split("\t")
        counts[_at(kind, chain), when] += 1
    rows = sorted({at for at, _ in counts})
    lines = [f"  {'killed in':<34}{'before':>8}{'after':>8}"]
    lines += [f"  {at:<34}{counts[at, 'before']:>8}{counts[at, 'after']:>8}" for at in rows]
    return "\n".join(lines)


def _at(kind: str, chain: str) -> str:
    if kind == "commit":
        return "the host's state"
    places = [part.rpartition(":")[0] for part in chain.split(" > ")]
    steps = [place for place in places if place not in ("activities/performs.py", "activities/blueprint.py")]
    return (steps or places)[0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--fair", action="store_true", help="deaths only; source and target fail nothing by themselves")
    parser.add_argument("--one-in", type=int, default=1, help="only a share of the points, for a quick look")
    parser.add_argument("--seed", type=int, default=0, help="which share")
    parser.add_argument("--least", type=int, default=AIM, help="points that have to be found")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the points go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
