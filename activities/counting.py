"""Count records by provider and month as they are staged: one side of the conservation equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.reconcile.conservation import cell

Counts = dict[str, int]


async def count_staged(tools: Toolbox, run: str, name: str, number: int, records: Sequence[Mapping[str, Any]]) -> None:
    """Count a shard of the first extraction. The same shard again counts once."""
    kept = await _kept(tools, _path(run, name))
    if number >= kept["shards"]:
        counts = _counted(records, kept["cells"])
        await tools.staging.write_bytes(_path(run, name), orjson.dumps({"shards": number + 1, "cells": counts}))


async def count_beside(tools: Toolbox, run: str, name: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Count what no list of the source gave, and was staged beside the rest."""
    body = {"shards": 1, "cells": _counted(records, {})}
    await tools.staging.write_bytes(f"{_path(run, name)}-beside", orjson.dumps(body))


async def counted(tools: Toolbox, run: str, name: str) -> tuple[Counts, Counts]:
    """What was counted of an object: as its lists gave it, and beside them."""
    listed = await _kept(tools, _path(run, name))
    beside = await _kept(tools, f"{_path(run, name)}-beside")
    return listed["cells"], beside["cells"]


def _counted(records: Sequence[Mapping[str, Any]], counts: Counts) -> Counts:
    for record in records:
        at = cell(record)
        counts[at] = counts.get(at, 0) + 1
    return counts


async def _kept(tools: Toolbox, path: str) -> dict[str, Any]:
    kept = await tools.staging.find_bytes(path)
    found: dict[str, Any] = orjson.loads(kept) if kept else {"shards": 0, "cells": {}}
    return found


def _path(run: str, name: str) -> str:
    return f"{run}/cells/{name}"
