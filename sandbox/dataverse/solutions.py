"""Publishers and solutions: whose prefix a name carries, and which solution a component belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .columns import stable_id
from .tables import Row
from .work import Work

if TYPE_CHECKING:
    from .organisation import Organisation

ENTITY, ATTRIBUTE, CHOICE, RELATIONSHIP, KEY = 1, 2, 9, 10, 14


def solution_row(org: Organisation, unique_name: str | None) -> Row:
    """The solution a request names, the default one if it names none; 400 for an unknown name."""
    found = org.store("solution").having("uniquename", unique_name or "Default")
    if not found:
        raise errors.invalid(f"The solution with unique name '{unique_name}' does not exist.", "0x80040217", 404)
    return found[0]


def option_prefix(org: Organisation, unique_name: str | None) -> int:
    """The first five digits of choice values that the platform numbers."""
    solution = solution_row(org, unique_name)
    publisher = org.store("publisher").rows.get(solution["publisherid"], {})
    return int(publisher.get("customizationoptionvalueprefix", 10000))


def require_prefix(org: Organisation, schema_name: str) -> None:
    """A custom name begins with the prefix of a publisher that exists."""
    prefix, mark, rest = schema_name.partition("_")
    known = {row.get("customizationprefix", "").lower() for row in org.store("publisher").rows.values()}
    if not mark or not rest or prefix.lower() not in known:
        text = f"The name '{schema_name}' does not begin with the customization prefix of a publisher."
        raise errors.invalid(text, "0x80044350")
    if not schema_name.replace("_", "").isascii() or not schema_name.replace("_", "").isalnum():
        raise errors.invalid(f"The name '{schema_name}' has characters that are not allowed.", "0x80044350")


def add_component(work: Work, unique_name: str | None, kind: int, object_id: str) -> None:
    """Record a component in a solution (and so make it findable by it)."""
    solution = solution_row(work.org, unique_name)
    row_id = stable_id("solutioncomponent", solution["solutionid"], object_id)
    row: Row = {
        "solutioncomponentid": row_id,
        "solutionid": solution["solutionid"],
        "objectid": object_id,
        "componenttype": kind,
        "rootcomponentbehavior": 0,
        "createdon": work.now,
        "modifiedon": work.now,
        "createdby": work.caller.user_id,
        "modifiedby": work.caller.user_id,
        "versionnumber": work.org.next_version(),
    }
    held = work.org.store("solutioncomponent").rows.get(row_id)
    if held is None:
        work.transaction.put("solutioncomponent", row_id, row)


def drop_component(work: Work, *object_ids: str) -> None:
    for object_id in object_ids:
        for row in work.org.store("solutioncomponent").having("objectid", object_id):
            work.transaction.put("solutioncomponent", row["solutioncomponentid"], None)
