"""Custom tables against the licence. Sales Professional allows 15; nothing enforces it, so it is a warning (A13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.schema.model import Table

LIMIT = 15
"""Custom tables per app under Sales Professional (Dynamics 365 Licensing Guide). Enterprise has no such limit."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many custom tables are there, how many more are needed, and what a person should know about it."""

    existing: int
    needed: int
    limit: int
    over: bool
    text: str


def budget(existing: int, needed: Sequence[Table], *, limit: int = LIMIT) -> Budget:
    """``existing`` counts the environment's own custom tables; ``needed`` are the tables still to be made."""
    count = len(needed)
    total = existing + count
    there = f"{existing} custom tables are in the environment and {count} more are needed: {total} of {limit}."
    if total <= limit:
        return Budget(existing, count, limit, False, f"{there} That is within a Sales Professional licence.")
    advice = (
        "A Sales Professional licence allows its users 15 custom tables per app. Dataverse does not enforce it, so "
        "the migration can go on, but check the licence: Sales Enterprise has no such limit."
    )
    return Budget(existing, count, limit, True, f"{there} {advice.replace('15', str(limit))}")
