"""Two runs that write to one environment at once: only where none touches what the other moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from shared.mapping.model import FieldMap
from shared.runs.model import Run
from shared.vocabulary import Phase

SYNTHETIC = frozenset({"defaults"})
"""Objects of ours that every map has; their rows bear the practice's own ids."""
WRITING = frozenset(
    {
        Phase.SCHEMA,
        Phase.OWNERS,
        Phase.EXTRACT,
        Phase.SAMPLE,
        Phase.SAMPLE_REVIEW,
        Phase.LOAD,
        Phase.RECONCILE,
        Phase.DELTA,
        Phase.SIGN_OFF,
        Phase.ROLLBACK,
    }
)
"""From the approved map to the sign-off, a run has rows or schema in the making."""
CLAIM = timedelta(minutes=10)
"""How long somebody who asks to write is in the way of others, should they never come to it."""


def holds(run: Run, *, now: datetime) -> bool:
    """Whether a run writes to its environment, or is just about to."""
    claimed = run.claimed_at and now - datetime.fromisoformat(run.claimed_at) < CLAIM
    return run.phase in WRITING or bool(claimed) or run.part is not None


def candidates(run: Run, others: Iterable[Run], *, now: datetime) -> list[Run]:
    """The other runs that write to the same environment."""
    here = _place(run)
    return [other for other in others if other.id != run.id and _place(other) == here and holds(other, now=now)]


def moved(mapping: FieldMap) -> frozenset[str]:
    """The objects that a map moves."""
    return frozenset(rule.reads or rule.object for rule in mapping.objects) - SYNTHETIC


def complaint(other: Run, shared: Collection[str]) -> str:
    """Who is in the way, and what to do."""
    names = ", ".join(sorted(shared))
    return (
        f"Run {other.id} ({other.phase.value}) is at work in the same environment and moves the same objects: {names}. "
        "Wait until it is signed off or rolled back, or amend the map so that the two have no object in common."
    )


def _place(run: Run) -> str:
    return str(run.request["target"]["url"]).rstrip("/").lower()
