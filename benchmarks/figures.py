"""One measured figure, the table they make, and what machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``; ``note`` says against what to read it."""

    area: str
    name: str
    value: float
    unit: str
    note: str = ""


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
    lines, area = [], ""
    for figure in figures:
        if figure.area != area:
            area = figure.area
            lines.append(f"\n{area}")
        lines.append(f"  {figure.name:<44}{_shown(figure.value):>12} {figure.unit:<14}{figure.note}")
    return "\n".join(lines)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def write(figures: Sequence[Figure], path: Path) -> None:
    """The figures and their machine as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(body, indent=2) + "\n")
