"""What hangs on a row that is about to go: our own rows that stay, and people's, in whatever table (N4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from shared.dataverse.client import Dataverse
from shared.mapping.compiled import ObjectMap
from shared.schema.model import Table

Link = tuple[Table, str]

NOT_WORK = frozenset({
    "activityparty", "activitypointer", "asyncoperation", "bulkdeletefailure", "duplicaterecord",
    "mailboxtrackingfolder", "principalobjectattributeaccess", "processsession", "syncerror", "workflowlog",
})  # fmt: skip
"""What the platform keeps about rows. An activity has a table of its own besides the pointer."""


@dataclass(frozen=True, slots=True)
class Dependents:
    """The lookups by which something may hang on the rows of one table."""

    target: Dataverse
    links: Sequence[Link]

    @classmethod
    async def of(cls, target: Dataverse, table: Table, maps: Iterable[ObjectMap], *, us: Collection[str]) -> Dependents:
        """Those of our own rows, and of every other table in which somebody else has set such a lookup.

        A delete takes along what is about a contact: a note and a task go with it, whoever wrote them.
        """
        ours = _ours(table, maps)
        known = {(link.name, lookup) for link, lookup in ours}
        others = [
            (link, lookup)
            for link, lookup in await target.leading_to(table.name)
            if link.name not in NOT_WORK and (link.name, lookup) not in known
        ]
        touched = await asyncio.gather(*(target.touched_by_others(link, lookup, us=us) for link, lookup in others))
        theirs = [one for one, by_others in zip(others, touched, strict=True) if by_others]
        return cls(target, [*ours, *theirs])

    async def used(self, ids: Sequence[str], *, goes: Callable[[str], bool]) -> set[str]:
        """Those of ``ids`` that a row which stays points at. ``goes``: whether a row goes as well, or went before."""
        going = set(ids)
        found = await asyncio.gather(*(self.target.pointed_at(table, lookup, ids) for table, lookup in self.links))
        return {
            id_
            for pointed in found
            for id_, by in pointed.items()
            if any(one not in going and not goes(one) for one in by)
        }


def _ours(table: Table, maps: Iterable[ObjectMap]) -> list[Link]:
    """The lookups by which rows of ours may point at rows of a table."""
    links = {
        (one.table.name, column.name): (one.table, column.name)
        for one in maps
        for column in one.columns
        if column.bind_set == table.set_name
    }
    return list(links.values())
