"""How the demo shows itself: bars that move in a terminal, plain lines everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

WIDTH = 30


class Screen:
    """Standard output, as bars or as lines."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._drawn = 0
        self._said = ""

    def title(self, text: str) -> None:
        """A line of its own that stands out."""
        self.settle()
        print(f"\n\033[1m{text}\033[0m" if self._live else f"\n== {text}", flush=True)

    def line(self, text: str) -> None:
        """A plain line."""
        self.settle()
        print(text, flush=True)

    def progress(self, status: Mapping[str, Any]) -> None:
        """Where a run is: redrawn in place in a terminal, a line per tenth of the way elsewhere."""
        head = f"[{status['elapsed_seconds']:>6.1f} s] {status['phase']}"
        if status["waiting_for"]:
            head += f", waits for {status['waiting_for']}"
        lines = [_bar(name, counts, status["phase"]) for name, counts in status["objects"].items() if counts["of"]]
        if self._live:
            self._redraw([head, *lines])
        else:
            done = sum(_done(counts, status["phase"]) for counts in status["objects"].values())
            whole = max(sum(counts["of"] for counts in status["objects"].values()), done)
            said = f"{status['phase']} {status['waiting_for']} {10 * done // max(whole, 1)}"
            if said != self._said:
                self._said = said
                print(f"{head} | {done:,} of {whole:,} records" if done else head, flush=True)

    def settle(self) -> None:
        """Leave what is drawn where it is."""
        self._drawn = 0

    def _redraw(self, lines: list[str]) -> None:
        if self._drawn:
            print(f"\033[{self._drawn}F\033[J", end="")
        print("\n".join(lines), flush=True)
        self._drawn = len(lines)


def _done(counts: Mapping[str, int], phase: str) -> int:
    if phase in ("discover", "propose", "mapping-review", "schema", "owners", "extract"):
        return counts["extracted"]
    return sum(counts[name] for name in ("created", "updated", "excluded", "set_aside"))


def _bar(name: str, counts: Mapping[str, int], phase: str) -> str:
    done, whole = _done(counts, phase), max(counts["of"], counts["extracted"], 1)
    filled = min(WIDTH, done * WIDTH // whole)
    return f"  {name:<21}{'█' * filled}{'·' * (WIDTH - filled)} {done:>8,} of {whole:,}"
