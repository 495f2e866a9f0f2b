"""The document ``exceptions``: every record that did not arrive as it is, why, and what to do. Addresses, no values."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from activities import documents
from activities.changes import pending
from activities.toolbox import Toolbox
from shared.delta.departures import GONE_IN_SOURCE
from shared.runs.model import Run

MOST_LISTED = 5_000
Line = dict[str, str]


async def publish_exceptions(tools: Toolbox, run: Run, verdict: Mapping[str, Any]) -> None:
    """List what a verdict could not prove, and what was set aside; the first five thousand one by one."""
    listed: list[Line] = []
    counts: Counter[str] = Counter()
    async for line in _lines(tools, run, verdict):
        counts[line["reason"]] += 1
        if len(listed) < MOST_LISTED:
            listed.append(line)
    count = counts.total()
    body = {
        "headline": f"{count:,} exceptions" if count != 1 else "1 exception",
        "verdict": verdict["version"],
        "count": count,
        "counts": dict(sorted(counts.items())),
        "listed": listed,
    }
    await documents.publish(tools, run.id, "exceptions", body)


async def _lines(tools: Toolbox, run: Run, verdict: Mapping[str, Any]) -> AsyncIterator[Line]:
    for name, found in verdict["objects"].items():
        for _, row, column, outcome in found["listed"]:
            yield _line(name, outcome, row=row, column=column)
        async for record, reason, column in tools.runs.each_aside(run.id, name):
            # A repair may have put right since what was set aside once.
            if reason in found["reasons"]:
                yield _line(name, reason, record=record, column=column)
    for table, row in verdict["unexpected"]:
        yield _line(table, "unexpected", row=row)
    for name, gone in (await pending(tools, run)).items():
        for record in gone:
            yield _line(name, GONE_IN_SOURCE, record=record)
    for name, row, record, reason in verdict["files"].get("listed", ()):
        yield _line(name, reason, record=record, row=row)


def _line(name: str, reason: str, *, record: str = "", row: str = "", column: str = "") -> Line:
    return {"object": name, "record": record, "row": row, "column": column, "reason": reason}
