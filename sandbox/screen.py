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
        """Where a run is: redrawn in place in a terminal, a line per change elsewhere."""
        head = f"[{status['elapsed_seconds']:>6.1f} s] {status['phase']}"
        if status["waiting_for"]:
            head += f", waits for {status['waiting_for']}"
        lines = [_bar(name, counts, status["phase"]) for name, counts in status["objects"].items() if counts["of"]]
        if self._live:
            self._redraw([head, *lines])
        else:
            said = f"{status['phase']} " + " ".join(lines)
            if said != self._said:
                self._said = said
                brief = "; ".join(_brief(name, counts) for name, counts in status["objects"].items() if counts["of"])
                print(f"{head} | {brief}", flush=True)

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
    return f"  {name:<13}{'█' * filled}{'·' * (WIDTH - filled)} {done:>8,} of {whole:,}"


def _brief(name: str, counts: Mapping[str, int]) -> str:
    written = counts["created"] + counts["updated"]
    return f"{name} {counts['extracted']}/{counts['of']} extracted, {written} written"
