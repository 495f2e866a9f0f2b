"""Rows of the target as a map compares them: with the parties of activities, which lie in a table of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.dataverse.client import Dataverse
from shared.mapping.compiled import PARTIES_READ, ObjectMap
from shared.mapping.composed import talk


async def present(target: Dataverse, object_map: ObjectMap, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of those ids that are there, with every column the map knows."""
    wanted = list(ids)
    found = await target.rows(object_map.table, wanted, select=object_map.select)
    if object_map.has_parties and found:
        parties = await target.parties(list(found))
        for id_, row in found.items():
            ours = [party for party in parties.get(id_, ()) if party[0] in talk.OURS]
            row[PARTIES_READ] = talk.written(ours)
    return found
