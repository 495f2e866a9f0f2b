"""What is still known of people who were erased: how many records of theirs there were, and which rows they became.

The proof needs both: those records are lost on purpose, and their rows in Dynamics are not rows that nobody expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from activities.toolbox import Toolbox
from shared.audit.keyed import keyed_all
from shared.loading.batches import created_by
from shared.mapping.compiled import NUMBER, ObjectMap
from shared.people.erasing import PATIENT, PEOPLE, PERSONAL, Trace
from shared.reconcile.conservation import Cells, merged
from shared.reconcile.sketch import Sketch
from shared.runs.model import Run

Record = dict[str, Any]


@dataclass(slots=True)
class Erased:
    """Of everybody erased from a run: ``cells`` by source object, ``taken`` and ``rows`` by the map's object."""

    cells: dict[str, Cells] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    async def of(cls, tools: Toolbox, run: Run) -> Erased:
        """As it was kept of each."""
        found = cls()
        for number in range(1, run.erasures + 1):
            kept = await tools.staging.find_bytes(_path(run, number))
            body = orjson.loads(kept) if kept else {}
            for source, cells in body.get("cells", {}).items():
                found.cells[source] = merged([found.cells.get(source, {}), {"excluded": cells}])
            found.taken.update(body.get("taken", {}))
            for name, rows in body.get("rows", {}).items():
                found.rows.setdefault(name, []).extend(rows)
        return found

    async def there(self, tools: Toolbox, run: Run, object_map: ObjectMap) -> Sketch:
        """Those of an object's rows that are there and bear the run's number."""
        rows = sorted(set(self.rows.get(object_map.object, ())))
        there = await tools.target_of(run).rows(object_map.table, rows, select=[NUMBER]) if rows else {}
        sketch = Sketch()
        sketch.add_all(id_ for id_, row in there.items() if created_by(run.number, row))
        return sketch


async def keep(tools: Toolbox, run: Run, number: int, trace: Trace) -> None:
    """Keep that of one of them. The same again is the same."""
    body = {"cells": trace.cells, "taken": trace.taken, "rows": trace.rows}
    await tools.staging.write_bytes(_path(run, number), orjson.dumps(body))


def without_erased(run: Run, name: str, records: Sequence[Record]) -> list[Record]:
    """Records as the source gives them, without those of people who were erased: they do not come again."""
    if not run.erased or name not in PERSONAL:
        return list(records)
    whose = [str(record.get("id" if name == PEOPLE else PATIENT) or "") for record in records]
    keys = keyed_all(run.audit_key, whose)
    return [record for record, key in zip(records, keys, strict=True) if key not in run.erased]


def _path(run: Run, number: int) -> str:
    return f"{run.id}/erased/{number:06d}"


def counted(found: Mapping[str, Any], taken: int) -> dict[str, Any]:
    """An object's findings with the records that were erased, which a proof cannot see any more."""
    if not taken:
        return dict(found)
    reasons = {**found["reasons"], "erased": found["reasons"].get("erased", 0) + taken}
    return {**found, "excluded": found["excluded"] + taken, "reasons": reasons}
