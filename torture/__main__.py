"""python -m torture: kill the app wherever it touches the world, let all else fail too, and compare what is left."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from torture import tables
from torture.story import DISK, Told, Trouble, tell
from torture.weather import weather

RESULT = Path(__file__).parent.parent / ".sandbox" / "torture.json"
AIM = 500


def main(arguments: list[str]) -> int:
    """Tell the story several times, compare, print. 1 if anything differs, or anything was spared."""
    given, began = _parser().parse_args(arguments), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        calm, tortured, points = _told(given, Path(folder))
    wrong = [line for hard in tortured for line in differences(calm, hard)]
    struck, disk = tables.added(hard.struck for hard in tortured), _sums(hard.disk for hard in tortured)
    spared, lives = tables.spared(points) + tables.never(struck), sum(hard.lives for hard in tortured)
    seconds = time.monotonic() - began
    print(tables.of_points(points))
    print(tables.of_faults(struck, disk) if struck else "  Nothing else went wrong.")
    print(f"{len(points)} distinct kill points, {lives} lives, {seconds:.0f} s; {len(wrong)} differences")
    for line in [*wrong[:20], *(f"Spared: {what}" for what in spared)]:
        print(f"  {line[:400]}")
    given.out.parent.mkdir(exist_ok=True)
    found = {"points": points, "lives": lives, "seconds": round(seconds), "differences": wrong}
    given.out.write_text(json.dumps({**found, "struck": struck, "disk": disk, "spared": spared}, indent=1))
    if len(points) < given.least:
        print(f"Fewer than the {given.least} points that were to be found.")
    missed = spared and given.one_in == 1
    return 1 if wrong or missed or len(points) < given.least else 0


def _told(given: argparse.Namespace, home: Path) -> tuple[Told, list[Told], list[str]]:
    """The undisturbed run, the others, and the points that they died at."""
    print("An undisturbed run, to compare with …", flush=True)
    calm = tell(home / "calm", patients=given.patients, trouble=Trouble())
    print(f"… and {given.at_once} that die wherever they touch the world. This takes a while.", flush=True)

    def torture(number: int) -> tuple[Told, list[str]]:
        deaths = home / f"deaths{number}"
        deaths.touch()
        trouble = Trouble(deaths, f"{given.one_in * given.at_once}:{given.share + given.one_in * number}")
        if not given.fair:
            trouble = replace(trouble, weather=weather(stall=given.stall), disk=DISK)
        try:
            told = tell(home / f"hard{number}", patients=given.patients, trouble=trouble)
        except BaseException as broken:  # said at once: the others may take an hour
            print(f"Run {number} came to nothing: {broken!r}", flush=True)
            raise
        return told, deaths.read_text().splitlines()

    with ThreadPoolExecutor(given.at_once) as side_by_side:
        found = list(side_by_side.map(torture, range(given.at_once)))
    return calm, [told for told, _ in found], [point for _, points in found for point in points]


def differences(calm: Told, hard: Told) -> list[str]:
    """Everything that a run with deaths left otherwise than one without."""
    found = [f"after the load: {line}" for line in _unlike(calm.loaded, hard.loaded)]
    found += [f"after the way back: {line}" for line in _unlike(hard.before, hard.undone)]
    found += [f"the verdict: {hard.verdict['because']}"] if not hard.verdict["proved"] else []
    found += [f"held on the way back: {hard.held}"] if hard.held else []
    found += [] if hard.intact else ["the audit trail is not as it was written"]
    return found


def _sums(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    first, second = zip(*pairs, strict=True)
    return sum(first), sum(second)


def _unlike(expected: list[str], there: list[str]) -> list[str]:
    lost, more = Counter(expected) - Counter(there), Counter(there) - Counter(expected)
    return [*(f"- {line}" for line in lost), *(f"+ {line}" for line in more)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--fair", action="store_true", help="deaths only; nothing else fails by itself")
    parser.add_argument("--stall", type=float, default=0, help="seconds of a stopped answer; none: beyond all patience")
    parser.add_argument("--one-in", type=int, default=1, help="only a share of the points, for a quick look")
    parser.add_argument("--share", type=int, default=0, help="which share, from 0 on")
    parser.add_argument("--at-once", type=int, default=3, help="runs side by side, each with its part of the points")
    parser.add_argument("--least", type=int, default=AIM, help="points that have to be found")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the points go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
