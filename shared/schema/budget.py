"""Custom tables against the licence: how many there are, how many are needed, and what would save one.

Sales Professional allows 15 per app. It is a right of use that Dataverse does not enforce (no error for it is known),
so going over it is a warning that a person acknowledges, with the licence's own words as the reason (A13, N10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from shared.schema.model import Table
from shared.schema.portal import listed

LIMIT = 15
"""Custom tables per app under Sales Professional."""

ACKNOWLEDGE = "table-budget"
"""What a person names when they approve a map that goes over the limit."""

LICENCE = (
    "Dynamics 365 Licensing Guide, Appendix D (Custom Tables), Sales Professional: \"Create and modify up to 15 "
    "custom tables (per application) in addition to the included standard tables\"; Enterprise applications: \"No "
    "limit on number of custom tables\"; and \"adding a field to existing standard tables does not make it a custom "
    "table\". So worded in the edition of November 2021; the edition of July 2026 (p. 79) keeps the 15."
)  # fmt: skip
"""Where the limit comes from, in its own words."""


class Verdict(StrEnum):
    """How the tables stand to the limit."""

    WITHIN = "within"
    EXACTLY = "exactly"
    OVER_BUT_CAN_FIT = "over-but-can-fit"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Collapse:
    """A choice that saves tables: what to say in the start request, and what is lost by it.

    ``table`` is the logical name without its prefix; ``objects`` are those of the map whose rows would lie elsewhere.
    """

    option: str
    value: str
    saves: int
    table: str
    text: str
    lost: str
    objects: tuple[str, ...] = ()


_COLLAPSES = (
    Collapse(
        "files.oversize", "sharepoint", 1, "document",
        "Large files go to a SharePoint document library instead of a Document table.",
        "Nothing of the files. They need a library, its permissions are SharePoint's own, and a file is reached over "
        "its location row instead of a column.",
    ),
    Collapse(
        "options.insurance", "columns", 1, "insurance",
        "Insurance becomes columns of the contact instead of an Insurance table. Columns do not count.",
        "Second and further policies: a contact has room for its primary policy only. The others get no row, and the "
        "verdict counts them.",
    ),
    Collapse(
        "options.plan_lines", "rows", 1, "treatmentplanline",
        "Treatment plan lines become rows of the Treatment Plan table, each linked to its plan's row.",
        "Plan and line have one form and one view: every view and report has to filter by the row's kind, and the "
        "columns of the one are empty in the other.",
    ),
    Collapse(
        "options.billing_mode", "opportunity", 1, "billing",
        "Billing becomes opportunities, one for each invoice, instead of a Billing table.",
        "Invoice lines and payments have no rows of their own: they are kept as notes on the opportunity, so they can "
        "be read but not reported on. Practices that report on billing keep the table.",
    ),
)  # fmt: skip
"""From the one that costs least to the one that costs most."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many custom tables are there, how many more are needed, and what a person should know about it.

    ``collapses`` are those not chosen yet; ``enough`` are the first of them that bring it within the limit, if any do.
    """

    existing: int
    needed: int
    limit: int
    over: bool
    verdict: Verdict
    text: str
    tables: tuple[str, ...] = ()
    collapses: tuple[Collapse, ...] = ()
    enough: tuple[str, ...] = ()


class Rule(Protocol):
    """What the budget has to know of a rule of the map."""

    @property
    def object(self) -> str:
        """The object whose rows it makes."""

    @property
    def table(self) -> str:
        """Where they go."""


class Mapped(Protocol):
    """What it has to know of the map."""

    @property
    def objects(self) -> Sequence[Rule]:
        """The rules."""


def budget(existing: int, needed: Sequence[Table], mapping: Mapped | None = None, *, limit: int = LIMIT) -> Budget:
    """``existing`` counts the environment's own custom tables; ``needed`` are the tables still to be made.

    A collapse is offered for a table that is needed: what was chosen already needs no table any more.
    """
    custom = [table for table in needed if table.custom]
    over = existing + len(custom) - limit
    offered = tuple(_offered(custom, mapping))
    enough = offered[: max(over, 0)] if over <= sum(one.saves for one in offered) else ()
    if over < 0:
        verdict = Verdict.WITHIN
    elif over == 0:
        verdict = Verdict.EXACTLY
    else:
        verdict = Verdict.OVER_BUT_CAN_FIT if enough else Verdict.OVER
    return Budget(
        existing, len(custom), limit, over > 0, verdict,
        _sentence(existing, len(custom), limit, verdict, enough, offered),
        tables=tuple(table.label or table.name for table in custom),
        collapses=offered,
        enough=tuple(f"{one.option}={one.value}" for one in enough),
    )  # fmt: skip


def _offered(needed: Sequence[Table], mapping: Mapped | None) -> Iterator[Collapse]:
    for collapse in _COLLAPSES:
        for table in needed:
            if table.name.partition("_")[2] == collapse.table:
                rules = mapping.objects if mapping else ()
                yield replace(collapse, objects=tuple(rule.object for rule in rules if rule.table == table.name))


def _sentence(
    existing: int, needed: int, limit: int, verdict: Verdict, enough: Sequence[Collapse], offered: Sequence[Collapse]
) -> str:
    total = existing + needed
    there = (
        f"{_tables(existing)} {'is' if existing == 1 else 'are'} in the environment and {needed} more "
        f"{'is' if needed == 1 else 'are'} needed: {total} in all, and a Sales Professional licence allows {limit}."
    )
    advice = "Dataverse does not enforce it, so the migration can go on; Sales Enterprise has no such limit."
    match verdict:
        case Verdict.WITHIN:
            return f"{there} That is within it, with {limit - total} to spare."
        case Verdict.EXACTLY:
            return f"{there} That is within it, and leaves none for anything else."
        case Verdict.OVER_BUT_CAN_FIT:
            chosen = listed([f"{one.option}={one.value}" for one in enough])
            return f"{there} That is {total - limit} over. Choosing {chosen} would bring it within. {advice}"
    most = sum(one.saves for one in offered)
    saved = f"Every choice that is left saves {_tables(most)}, which is not enough." if most else "No choice is left."
    return f"{there} That is {total - limit} over. {saved} {advice}"


def _tables(count: int) -> str:
    return f"{count} custom table{'' if count == 1 else 's'}"


def budget_document(existing: int, needed: Sequence[Table], mapping: Mapped | None = None) -> dict[str, Any]:
    """The budget as JSON, for the mapping gate and the set-up guide. ``over`` asks for ``acknowledge``."""
    found = budget(existing, needed, mapping)
    return {
        **asdict(found),
        "verdict": found.verdict.value,
        "tables": list(found.tables),
        "enough": list(found.enough),
        "collapses": [
            {
                "option": one.option, "value": one.value, "saves": one.saves, "text": one.text, "lost": one.lost,
                "objects": list(one.objects), "within": found.existing + found.needed - one.saves <= found.limit,
            }
            for one in found.collapses
        ],
        "acknowledge": ACKNOWLEDGE if found.over else "",
        "reason": LICENCE,
    }  # fmt: skip
