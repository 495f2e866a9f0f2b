"""Why there is no lineage of a row, in words that say whose the row is instead. Pure answers."""

from __future__ import annotations

from collections.abc import Iterable

from shared import answers
from shared.answers import Answer
from shared.runs.model import Run

NONE = "There is no lineage of this row"


def not_a_guid() -> Answer:
    """Rows are named by GUIDs."""
    detail = "The last part of the address is a row's id, a GUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301."
    return answers.problem(400, "not-a-row-id", "That is no row's id", detail)


def unknown_table(tables: Iterable[str]) -> Answer:
    """The run writes no such table."""
    detail = f"This run writes: {', '.join(sorted(tables))}. Name one of them, or its entity set."
    return answers.problem(404, "unknown-table", "The run writes no such table", detail)


def not_yet(run: Run) -> Answer:
    """Nothing is staged and linked so far, so nothing can have been written."""
    detail = f"The run is in phase {run.phase.value} and has written no row yet."
    return answers.problem(404, "lineage-not-yet", NONE, detail)


def unknown_row() -> Answer:
    """Neither there nor ever written."""
    detail = "The table has no row of that id, and this run never wrote one."
    return answers.problem(404, "unknown-row", NONE, detail)


def not_of_this_run(run: Run, number: int | None, owner: Run | None) -> Answer:
    """The row is there, and no staged record of this run became it. ``owner``: the run whose number it bears."""
    if number is None:
        whose = "It bears no import number, so a person or another program made it."
    elif owner is None:
        whose = f"It bears the import number {number}, which is no run's of this app: another import made it."
    elif owner.id == run.id:
        whose = "It bears this run's number, but no staged record became it: somebody copied or made it."
    else:
        whose = f"It bears the number of the run {owner.id}; ask for its lineage there."
    more = {"belongs_to": owner.id} if owner else {}
    return answers.problem(404, "row-not-of-this-run", NONE, f"This run did not write the row. {whose}", **more)


def rolled_back(at: str, why_held: str) -> Answer:
    """The run wrote the row and took it back. ``why_held``: why it was left where it is, if it was."""
    what = f"the row was left where it is ({why_held})" if why_held else "what this run had done to the row was undone"
    detail = f"This run was rolled back: {what} on {at}."
    return answers.problem(404, "row-rolled-back", NONE, detail, rolled_back_at=at)


def under_way() -> Answer:
    """The way back has begun, and has not come to this row."""
    detail = "The run is being rolled back and has not come to this row. Ask again when it has ended."
    return answers.problem(409, "rollback-under-way", "The run is being rolled back", detail)
