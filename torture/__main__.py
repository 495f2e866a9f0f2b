"""python -m torture: kill the app wherever it touches the world, let all else fail too, and compare what is left."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from torture import tables
from torture.story import DISK, Told, Trouble, tell
from torture.weather import weather

RESULT = Path(__file__).parent.parent / ".sandbox" / "torture.json"
AIM = 500


def main(arguments: list[str]) -> int:
    """Tell the story twice, compare, print. 1 if anything differs, or anything was spared."""
    given, began = _parser().parse_args(arguments), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        calm, hard, points = _told(given, Path(folder))
    wrong, spared = differences(calm, hard), tables.spared(points) + tables.never(hard.struck)
    seconds = time.monotonic() - began
    print(tables.of_points(points))
    print(tables.of_faults(hard.struck, hard.disk) if hard.struck else "  Nothing else went wrong.")
    print(f"{len(points)} distinct kill points, {hard.lives} lives, {seconds:.0f} s; {len(wrong)} differences")
    for line in [*wrong[:20], *(f"Spared: {what}" for what in spared)]:
        print(f"  {line[:400]}")
    given.out.parent.mkdir(exist_ok=True)
    found = {"points": points, "lives": hard.lives, "seconds": round(seconds), "differences": wrong}
    given.out.write_text(json.dumps({**found, "struck": hard.struck, "disk": hard.disk, "spared": spared}, indent=1))
    if len(points) < given.least:
        print(f"Fewer than the {given.least} points that were to be found.")
    missed = spared and given.one_in == 1
    return 1 if wrong or missed or len(points) < given.least else 0


def _told(given: argparse.Namespace, home: Path) -> tuple[Told, Told, list[str]]:
    """The undisturbed run, the other one, and the points that it died at."""
    print("An undisturbed run, to compare with …", flush=True)
    calm = tell(home / "calm", patients=given.patients, trouble=Trouble())
    print("… and one that dies wherever it touches the world. This takes a while.", flush=True)
    deaths = home / "deaths"
    deaths.touch()
    trouble = Trouble(deaths, f"{given.one_in}:{given.seed}")
    if not given.fair:
        trouble = replace(trouble, weather=weather(stall=given.stall), disk=DISK)
    return calm, tell(home / "hard", patients=given.patients, trouble=trouble), deaths.read_text().splitlines()


def differences(calm: Told, hard: Told) -> list[str]:
    """Everything that a run with deaths left otherwise than one without."""
    found = [f"after the load: {line}" for line in _unlike(calm.loaded, hard.loaded)]
    found += [f"after the way back: {line}" for line in _unlike(hard.before, hard.undone)]
    found += [f"the verdict: {hard.verdict['because']}"] if not hard.verdict["proved"] else []
    found += [f"held on the way back: {hard.held}"] if hard.held else []
    found += [] if hard.intact else ["the audit trail is not as it was written"]
    return found


def _unlike(expected: list[str], there: list[str]) -> list[str]:
    lost, more = Counter(expected) - Counter(there), Counter(there) - Counter(expected)
    return [*(f"- {line}" for line in lost), *(f"+ {line}" for line in more)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--fair", action="store_true", help="deaths only; nothing else fails by itself")
    parser.add_argument("--stall", type=float, default=0, help="seconds of a stopped answer; none: beyond all patience")
    parser.add_argument("--one-in", type=int, default=1, help="only a share of the points, for a quick look")
    parser.add_argument("--seed", type=int, default=0, help="which share")
    parser.add_argument("--least", type=int, default=AIM, help="points that have to be found")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the points go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
