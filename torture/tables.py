"""What a tortured run was put through: where it was killed, and what else went wrong how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

Struck = Mapping[str, Mapping[str, int]]
"""How often each fault struck, by place and by the fault's name."""

PHASES = {
    "schema": "activities/schema.py",
    "extraction": "activities/extract.py",
    "load": "activities/load.py",
    "files": "activities/attach.py",
    "delta, extraction": "delta: activities/extract.py",
    "delta, load": "delta: activities/load.py",
    "rollback of rows": "activities/undo.py",
    "rollback of files": "activities/undo_files.py",
    "rollback of the schema": "activities/undo_schema.py",
}
"""What N11 asks to be killed in, and the row of the table that shows it."""
STATE = "the host's state"


def of_points(points: Iterable[str]) -> str:
    """The points by what the app was at, and whether it died before or after its message."""
    counts = _counted(points)
    rows = sorted({at for at, _ in counts}, key=lambda at: (":" in at, at))
    lines = [f"  {'killed in':<34}{'before':>8}{'after':>8}"]
    lines += [f"  {at:<34}{counts[at, 'before']:>8}{counts[at, 'after']:>8}" for at in rows]
    return "\n".join(lines)


def spared(points: Iterable[str]) -> list[str]:
    """The phases that nothing was killed in."""
    rows = {at for at, _ in _counted(points)}
    return [phase for phase, row in PHASES.items() if row not in rows]


def of_faults(struck: Struck, disk: tuple[int, int]) -> str:
    """How often each fault struck in each place, and how often the host's disk was full."""
    names = list(dict.fromkeys(name for faults in struck.values() for name in faults))
    lines = [f"  {'survived':<34}" + "".join(f"{place:>15}" for place in struck)]
    for name in sorted(names):
        cells = (str(faults[name]) if name in faults else "" for faults in struck.values())
        lines.append(f"  {name:<34}" + "".join(f"{cell:>15}" for cell in cells))
    lines.append(f"  the host's disk was full {disk[0]} times; {disk[1]} of its transactions failed for it")
    return "\n".join(lines)


def added(several: Iterable[Struck]) -> Struck:
    """How often each fault struck in several runs together."""
    sums: dict[str, Counter[str]] = {}
    for struck in several:
        for place, faults in struck.items():
            sums.setdefault(place, Counter()).update(faults)
    return sums


def never(struck: Struck) -> list[str]:
    """The faults that never came."""
    return [f"{place}: {name}" for place, faults in struck.items() for name, times in faults.items() if not times]


def _counted(points: Iterable[str]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for point in points:
        when, kind, chapter, chain = point.split("\t")
        counts[(f"{chapter}: " if chapter else "") + _at(kind, chain), when] += 1
    return counts


def _at(kind: str, chain: str) -> str:
    if kind == "commit":
        return STATE
    places = [part.rpartition(":")[0] for part in chain.split(" > ")]
    steps = [place for place in places if place not in ("activities/performs.py", "activities/blueprint.py")]
    return (steps or places)[0]
