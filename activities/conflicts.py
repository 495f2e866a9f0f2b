"""The fields that both sides changed since we wrote them: shown to a person, with what either side says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities import documents
from activities.changes import publish_changes
from activities.link import object_maps
from activities.reading import present
from activities.toolbox import Toolbox
from activities.tracing import words_of
from shared.delta import three_way
from shared.loading.batches import EDITED
from shared.mapping.compiled import ObjectMap
from shared.mapping.rows import Row
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing

CONFLICTS = "conflicts"
MOST_LISTED = 1_000


async def conflicts(tools: Toolbox, about: About) -> Nothing:
    """Publish what the source changed, and what is in dispute after a pickup; nothing where nothing ever was."""
    run = await tools.run(about.run)
    await publish_changes(tools, run)
    fields: list[dict[str, Any]] = []
    for name, object_map in (await object_maps(tools, run)).items():
        async for source_id, reason, columns in tools.runs.each_aside(run.id, name):
            disputed = three_way.read(columns).disputed if reason == EDITED else ()
            if disputed and len(fields) < MOST_LISTED:
                fields += await _told(tools, run, object_map, source_id, disputed)
    if fields or await tools.runs.document(run.id, CONFLICTS):
        await documents.publish(tools, run.id, CONFLICTS, {"fields": fields})
    return Nothing()


async def _told(
    tools: Toolbox, run: Run, object_map: ObjectMap, source_id: str, disputed: tuple[str, ...]
) -> list[dict[str, Any]]:
    """One record's disputed fields: the source's word before and now, and what stands at the target."""
    words = [_row(object_map, word.record) for word in await words_of(tools, run, object_map.source, source_id)]
    now, then = words[-1], next((word for word in reversed(words[:-1]) if word), None)
    if now is None:
        return []
    there = (await present(tools.target_of(run), object_map, [now.id])).get(now.id, {})
    return [
        {
            "object": object_map.object,
            "source": source_id,
            "table": object_map.table.name,
            "row": now.id,
            "column": name,
            "source_then": _value(object_map, then, name),
            "source_now": _value(object_map, now, name),
            "target_now": there.get(name if name == three_way.STATE else object_map.by_name[name].read),
        }
        for name in disputed
    ]


def _row(object_map: ObjectMap, record: Mapping[str, Any]) -> Row | None:
    rows = object_map.rows(record)
    return rows[0] if isinstance(rows, list) and rows else None


def _value(object_map: ObjectMap, row: Row | None, name: str) -> Any:
    if row is None:
        return None
    return row.state[0] if name == three_way.STATE else row.values.get(name)
