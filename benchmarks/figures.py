"""One measured figure, the table they make, and what machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``; ``note`` says against what to read it. Figures with a ``row`` stand side by side: one line
    for each row, one column for each name."""

    area: str
    name: str
    value: float
    unit: str
    note: str = ""
    row: str = ""


def peak_memory(process_id: int) -> float:
    """The most memory a process has held so far, in MiB (VmHWM)."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError("this system does not tell a process's peak memory")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    models = [line for line in _cpu_lines() if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "cpu": models[0].partition(":")[2].strip() if models else platform.processor(),
        "python": sys.version.split()[0],
        "system": platform.platform(),
    }


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def table(figures: Sequence[Figure]) -> str:
    """The figures as people read them."""
    lines: list[str] = []
    for area, found in groupby(figures, key=lambda figure: figure.area):
        lines.append(f"\n{area}")
        some = list(found)
        lines += _grid(some) if some[0].row else [_line(figure) for figure in some]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    return f"  {figure.name:<44}{_shown(figure.value):>12} {figure.unit:<14}{figure.note}"


def _grid(figures: Sequence[Figure]) -> list[str]:
    """A head of names, then a line for each row with its figures below them, and the note of its first."""
    names = list(dict.fromkeys(figure.name for figure in figures))
    lines = ["  " + " " * 34 + "".join(f"{name:>{_width(name)}}" for name in names)]
    for row, found in groupby(figures, key=lambda figure: figure.row):
        some = list(found)
        shown = {figure.name: _shown(figure.value) for figure in some}
        cells = "".join(f"{shown.get(name, ''):>{_width(name)}}" for name in names)
        lines.append(f"  {row:<34}{cells}  {some[0].note}".rstrip())
    return lines


def _width(name: str) -> int:
    return max(10, len(name) + 2)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 100 else f"{value:,.2f}"


def write(figures: Sequence[Figure], path: Path) -> None:
    """The figures and their machine as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(body, indent=2) + "\n")
